package org.folkmoot.serve;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/** One session at this hop: its steps in order, its outputs kept, its neighbours. */
final class HopSeat implements RoomShares.Tenant {
  /** Told what happens to a seat. */
  interface Owner {
    /** The session cannot go on here. */
    void failed(HopSeat seat, Message.Reason reason, String text);

    /** A step was computed. */
    void measured(HopSeat seat, int tokens, long queueNanos, long computeNanos);

    /** What the operator declares now: a session keeps what it began with. */
    Optional<Hash32> policy();

    /**
     * Signs what a seat computed, in the node's name.
     *
     * @param inputs of it, if they are kept: then the node can answer for it
     */
    SignedStatement sign(
        HopSeat seat, HopStatement statement, TraceKey key, Optional<SpanInputs> inputs);
  }

  /**
   * What seats share.
   *
   * @param outputs that are kept for other hops
   * @param inputs that are kept for disputes
   * @param stepWindow numbers that may be on their way to the next hop
   */
  record Room(FloatBudget outputs, FloatBudget inputs, int stepWindow) {}

  private record Waiting(Message.Forward step, long since) {}

  private final PeerNetwork network;
  private final Owner owner;
  private final PeerId client;
  private final Message.Open open;
  private final SpanEngine engine;
  private final SpanEngine.Seat seat;
  private final Room room;
  private final Downstream downstream;
  private final @Nullable TailSampler tail;
  private final StepReports reports;
  private final Testimony testimony;
  private final Optional<Hash32> policy;
  private final Deque<Waiting> steps = new ArrayDeque<>();
  private int queuedFloats;
  private PeerId upstream;
  private int epoch;
  private int upstreamSince;
  private int length;
  private int expected;
  private int wantFrom;

  /** Tokens computed of what the present upstream sent. */
  private int tookTokens;

  /** Numbers of these that it has not been told of. */
  private long untoldFloats;

  private Message.@Nullable Attest asked;
  private int statements;
  private boolean computing;
  private boolean closed;
  private long lastHeard;

  HopSeat(
      PeerNetwork network,
      Owner owner,
      PeerId client,
      Message.Open open,
      SpanEngine engine,
      SpanEngine.Seat seat,
      Room room) {
    this.network = network;
    this.owner = owner;
    this.policy = owner.policy();
    this.client = client;
    this.open = open;
    this.engine = engine;
    this.seat = seat;
    this.room = room;
    if (!open.sampling().map(sampling -> areTokens(sampling.history())).orElse(true)) {
      throw new FolkmootException(BAD_REQUEST, "the history has ids that are no tokens");
    }
    this.downstream =
        new Downstream(network, open, engine.dim(), room.stepWindow(), room.outputs());
    this.tail =
        open.range().heads()
            ? new TailSampler(
                open.sampling().orElseThrow(), engine.vocabulary(), open.maxPositions())
            : null;
    this.testimony =
        new Testimony(
            open, new KeptInputs(open.range().embeds() ? 0 : engine.dim(), room.inputs()));
    this.reports =
        new StepReports(
            network.loop(), open.session(), open.range(), report -> network.send(client, report));
    this.upstream = open.upstream();
    this.epoch = open.epoch();
    this.upstreamSince = open.epoch();
    this.lastHeard = network.loop().nanoTime();
  }

  SessionId session() {
    return open.session();
  }

  @Override
  public PeerId client() {
    return client;
  }

  SpanEngine engine() {
    return engine;
  }

  /** Layers that it uses. */
  int layers() {
    return open.range().layers();
  }

  /** Room that it has reserved. */
  @Override
  public int positions() {
    return open.maxPositions();
  }

  int epoch() {
    return epoch;
  }

  long lastHeard() {
    return lastHeard;
  }

  /** Whether it and a seat for a range are the two ends of a chain. */
  boolean isOtherEnd(LayerRange other) {
    LayerRange own = open.range();
    LayerRange first = own.embeds() ? own : other;
    LayerRange last = own.embeds() ? other : own;
    return first.embeds()
        && !first.heads()
        && last.heads()
        && !last.embeds()
        && first.to() <= last.from();
  }

  /** Of two seats of a session, the first has no hop before it that changes, the last none next. */
  boolean isConcernedBy(Message.Rewire change) {
    return open.range().embeds() ? change.next().isPresent() : change.upstream().isPresent();
  }

  boolean sendsTo(PeerId peer) {
    return downstream.is(peer);
  }

  void renew() {
    lastHeard = network.loop().nanoTime();
  }

  /** Shortens what is left of the lease. */
  void orphan(long lastHeardAtMost) {
    lastHeard = Math.min(lastHeard, lastHeardAtMost);
  }

  // ---- steps

  void forward(PeerId from, Message.Forward step) {
    if (!from.equals(upstream)) {
      return; // of a hop that was replaced
    }
    renew();
    if (step.position() > expected && step.epoch() < upstreamSince) {
      return; // of a seat that the hop before had earlier
    }
    if (step.position() > expected || !fits(step)) {
      owner.failed(this, Message.Reason.MALFORMED, "a step does not follow the one before");
      return;
    }
    if (steps.size() >= ServerLimits.MAX_QUEUED_STEPS
        || queuedFloats + step.hidden().length > ServerLimits.MAX_QUEUED_FLOATS) {
      owner.failed(this, Message.Reason.LIMIT, "more steps wait than a session may have");
      return;
    }
    steps.add(new Waiting(step, network.loop().nanoTime()));
    queuedFloats += step.hidden().length;
    expected = step.position() + step.tokens();
    computeNext();
  }

  private boolean fits(Message.Forward step) {
    boolean inputs =
        open.range().embeds()
            ? step.ids().length == step.tokens() && areTokens(step.ids())
            : step.hidden().length == step.tokens() * engine.dim();
    return inputs && step.position() + step.tokens() <= open.maxPositions();
  }

  /** Whether each is the id of a token: the sampler and the embedding index by them. */
  private boolean areTokens(int[] ids) {
    return Arrays.stream(ids).allMatch(id -> id >= 0 && id < engine.rowLength());
  }

  private void computeNext() {
    if (computing || closed) {
      return;
    }
    Waiting waiting = steps.poll();
    if (waiting == null) {
      return;
    }
    Message.Forward step = waiting.step;
    queuedFloats -= step.hidden().length;
    wantFrom = step.wantFrom();
    if (step.position() < length) {
      try {
        seat.truncate(step.position());
      } catch (FolkmootException gone) {
        owner.failed(this, Message.Reason.FAILED, String.valueOf(gone.getMessage()));
        return;
      }
      length = step.position();
      downstream.takeBack(length);
      if (tail != null) {
        tail.restart(length);
      }
    }
    computing = true;
    new Computation(step, waiting.since).begin();
  }

  /** A step while it is computed; its results come in parts. */
  private final class Computation implements SpanEngine.Result {
    private final Message.Forward step;
    private final long began = network.loop().nanoTime();
    private final long queueNanos;
    private final int neighbourSince = upstreamSince;
    private final Optional<TailSampler.Foresight> foresight;

    Computation(Message.Forward step, long since) {
      this.step = step;
      this.queueNanos = began - since;
      int end = step.position() + step.tokens();
      this.foresight =
          tail == null || end - step.wantFrom() != 1 ? Optional.empty() : tail.foresee(end);
    }

    void begin() {
      try {
        seat.step(
            new SpanEngine.Input(step.tokens(), step.ids(), step.hidden()), step.wantFrom(), this);
      } catch (FolkmootException refused) {
        failed(refused);
      }
    }

    @Override
    public void prepare(float[] logits) {
      foresight.ifPresent(token -> token.choose(logits));
    }

    @Override
    public void computed(int tokens, float[] hidden, float[] logits, boolean done) {
      network.loop().execute(() -> take(tokens, hidden, logits, done));
    }

    @Override
    public void failed(RuntimeException why) {
      network
          .loop()
          .execute(() -> {
            if (!closed) {
              owner.failed(HopSeat.this, Message.Reason.FAILED, String.valueOf(why.getMessage()));
            }
          });
    }

    private void take(int tokens, float[] hidden, float[] logits, boolean done) {
      if (closed) {
        return;
      }
      int position = length;
      length += tokens;
      List<TailSampler.Choice> choices =
          tail == null
              ? List.of()
              : tail.take(
                  step.epoch(),
                  length - logits.length / engine.rowLength(),
                  step.position() + step.tokens(),
                  logits,
                  engine.rowLength());
      long nanos = network.loop().nanoTime() - began;
      sample(choices);
      if (tail == null) {
        Retained.Part part = new Retained.Part(step.epoch(), position, tokens, hidden);
        if (!downstream.add(part, step.wantFrom())) {
          owner.failed(HopSeat.this, Message.Reason.BUSY, "all room for outputs is taken");
          return;
        }
      }
      byte[] digests = testimony.gave(position, hidden, tokens);
      reports.add(step.epoch(), position, digests, queueNanos, nanos);
      if (done) {
        computing = false;
        testimony.took(step);
        tellTook(step, neighbourSince);
        attest();
        owner.measured(HopSeat.this, step.tokens(), queueNanos, nanos);
        computeNext();
      }
    }
  }

  /** Has the hop before send more, once enough of what it sent is computed. */
  private void tellTook(Message.Forward step, int neighbourSince) {
    if (neighbourSince != upstreamSince || open.range().embeds()) {
      return;
    }
    tookTokens += step.tokens();
    untoldFloats += step.hidden().length;
    if (untoldFloats >= room.stepWindow() / 4) {
      untoldFloats = 0;
      network.send(upstream, new Message.Took(session(), upstreamSince, tookTokens));
    }
  }

  /** The next hop has computed what it was sent. */
  void took(PeerId from, Message.Took message) {
    downstream.took(from, message);
  }

  private void sample(List<TailSampler.Choice> choices) {
    for (int from = 0; from < choices.size(); ) {
      int of = choices.get(from).epoch();
      List<Message.Token> tokens =
          choices.stream()
              .skip(from)
              .takeWhile(choice -> choice.epoch() == of)
              .map(TailSampler.Choice::token)
              .toList();
      network.send(client, new Message.Sampled(session(), of, tokens));
      from += tokens.size();
    }
  }

  void draft(Message.Draft draft) {
    if (!areTokens(draft.ids())) {
      owner.failed(this, Message.Reason.MALFORMED, "a draft has ids that are no tokens");
    } else if (tail != null) {
      sample(tail.draft(draft.epoch(), draft.position(), draft.ids()));
      attest();
    }
  }

  // ---- what it signs

  /** Signs what was computed, now or when that much is. */
  void attest(Message.Attest wish) {
    if (wish.length() < 1 || wish.length() > open.maxPositions()) {
      owner.failed(this, Message.Reason.MALFORMED, "nothing of that length can be signed");
      return;
    }
    asked = wish;
    attest();
  }

  private void attest() {
    Message.Attest wish = asked;
    if (wish == null || computing || length < wish.length()) {
      return;
    }
    if (tail != null && !tail.hasChosen(wish.length())) {
      return;
    }
    asked = null;
    if (++statements > ServerLimits.MAX_STATEMENTS) {
      owner.failed(this, Message.Reason.LIMIT, "a session gets no more statements than that");
      return;
    }
    SignedStatement signed =
        owner.sign(
            this,
            testimony.state(wish.key(), wish.length(), Optional.ofNullable(tail), policy),
            wish.key(),
            testimony.inputs(wish.length()));
    network.send(client, new Message.Attested(signed));
  }

  // ---- changes

  void rewire(Message.Rewire change) {
    if (change.epoch() < epoch) {
      return;
    }
    epoch = change.epoch();
    renew();
    if (change.upstream().isPresent()) {
      upstream = change.upstream().get();
      upstreamSince = change.epoch();
      steps.clear();
      queuedFloats = 0;
      tookTokens = 0;
      untoldFloats = 0;
      // A step under way still counts; what comes now begins at the length that is told.
      expected = length;
    }
    reports.flush();
    network.send(client, new Message.Rewired(session(), epoch, length));
    if (change.next().isPresent()
        && !downstream.replace(change.next().get(), epoch, change.replayFrom(), wantFrom)) {
      owner.failed(this, Message.Reason.BUSY, "what was computed is not kept any more");
    }
  }

  /** Frees everything at once. */
  void close() {
    if (!closed) {
      closed = true;
      reports.flush();
      steps.clear();
      downstream.close();
      testimony.close();
      seat.close();
    }
  }
}
