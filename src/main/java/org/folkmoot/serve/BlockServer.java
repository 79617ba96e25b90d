package org.folkmoot.serve;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/**
 * Serves spans of layers to sessions of other peers: admits them by the room for their KV cache,
 * computes their steps, forwards the outputs, and frees what nobody needs any more.
 *
 * <p>Runs on the node's loop only.
 */
public final class BlockServer implements PeerNetwork.Listener, AutoCloseable {
  private static final String TOO_MANY_DIALS = "this peer has dialled enough others for now";

  private final PeerNetwork network;
  private final ServerLimits limits;
  private final Signer signer;
  private final Map<ModelId, List<SpanEngine>> engines = new HashMap<>();

  /** Those that nobody else is served with. */
  private final Map<ModelId, List<SpanEngine>> ownEngines = new HashMap<>();

  private final Seats seats = new Seats();
  private final Map<SpanEngine, Speed> speeds = new HashMap<>();
  private final Map<SpanEngine, RoomWanted> wanted = new HashMap<>();
  private final SeatOwner owner = new SeatOwner();
  private final Acknowledgements acknowledgements = new Acknowledgements(Identity::verify);
  private final Contest contest;
  private final DialPace dials;
  private Standing standing = Standing.NONE;
  private final Respondent respondent;
  private final HopSeat.Room room;
  private Loop.@Nullable Timer sweep;
  private boolean closed;

  private Optional<Hash32> policy = Optional.empty();

  /**
   * A server without spans yet.
   *
   * @param signer signs what sessions ask to have signed
   * @param disputes where disputed work is done again, one task at a time
   */
  public BlockServer(PeerNetwork network, ServerLimits limits, Signer signer, Executor disputes) {
    this.respondent = new Respondent(network, signer, disputes);
    this.network = network;
    this.limits = limits;
    this.signer = signer;
    this.room =
        new HopSeat.Room(
            new FloatBudget(limits.retainedFloats()),
            new FloatBudget(Respondent.MAX_FLOATS),
            limits.stepWindow());
    this.contest = new Contest(2 * limits.retryAfter().toNanos());
    this.dials = new DialPace(network);
    network.listen(this);
  }

  /**
   * Declares what the operator does beyond computing, or that it is nothing: its hash stands in all
   * that is signed of sessions that begin from now on.
   */
  public void declare(Optional<Hash32> declared) {
    policy = declared;
  }

  /** Says who goes first when there is not room for all. */
  public void rankBy(Standing by) {
    standing = by;
  }

  /** Who stands by what this node signed, where another has signed something else. */
  public void disputesBy(Disputant disputant) {
    respondent.disputesBy(disputant);
  }

  /** Offers a span. The engine is not closed by the server. */
  public void offer(ModelId model, SpanEngine engine) {
    engines.computeIfAbsent(model, _ -> new ArrayList<>()).add(engine);
  }

  /** Keeps a span for this node's own sessions. The engine is not closed by the server. */
  public void keep(ModelId model, SpanEngine engine) {
    ownEngines.computeIfAbsent(model, _ -> new ArrayList<>()).add(engine);
  }

  /** Takes an offer back, or what was kept; its sessions are told to go elsewhere. */
  public void withdraw(ModelId model, SpanEngine engine) {
    engines.getOrDefault(model, new ArrayList<>()).remove(engine);
    ownEngines.getOrDefault(model, new ArrayList<>()).remove(engine);
    for (HopSeat seat : seats.now()) {
      if (seat.engine().equals(engine)) {
        owner.failed(seat, Message.Reason.STOPPING, "this peer stops serving these layers");
      }
    }
    speeds.remove(engine);
    wanted.remove(engine);
    respondent.forget(engine);
  }

  /**
   * How a span does.
   *
   * @param layersPerSecond layers computed for one token in a second; 0 as long as nothing was
   * @param queueMillis how long steps wait
   * @param seats sessions now
   * @param freePositions positions left for new sessions
   */
  public record Load(float layersPerSecond, int queueMillis, int seats, int freePositions) {}

  /** How a span does. */
  public Load load(SpanEngine engine) {
    Speed speed = speeds.getOrDefault(engine, new Speed());
    int used = (int) seats.all().stream().filter(seat -> seat.engine().equals(engine)).count();
    return new Load(
        (float) speed.layersPerSecond,
        (int) Math.min(Integer.MAX_VALUE, Math.round(speed.queueMillis)),
        used,
        seats.size() >= limits.seats() ? 0 : shares(engine).freePositions());
  }

  /** Sessions now. */
  public int seats() {
    return seats.size();
  }

  @Override
  public void received(PeerId from, Message message) {
    if (closed) {
      return;
    }
    switch (message) {
      case Message.Open open -> open(from, open);
      case Message.Forward step ->
          seats.of(step.session()).forEach(seat -> seat.forward(from, step));
      case Message.Took took -> seats.of(took.session()).forEach(seat -> seat.took(from, took));
      case Message.Draft draft -> seats.ofClient(from, draft.session(), seat -> seat.draft(draft));
      case Message.Rewire change -> rewire(from, change);
      case Message.Attest wish -> {
        if (!seats.ofClient(from, wish.session(), seat -> seat.attest(wish))) {
          refuse(from, wish.session(), 0, Message.Reason.NO_SESSION, "no such session here");
        }
      }
      case Message.Differs differs -> respondent.differs(differs);
      case Message.Question question -> respondent.asked(from, question);
      case Message.Renew renew -> {
        if (!seats.ofClient(from, renew.session(), HopSeat::renew)) {
          refuse(from, renew.session(), 0, Message.Reason.NO_SESSION, "no such session here");
        }
      }
      case Message.Acknowledge thanks ->
          acknowledgements.take(from, thanks).ifPresent(standing::acknowledged);
      case Message.Close close -> seats.ofClient(from, close.session(), this::free);
      default -> {} // for others
    }
  }

  private void rewire(PeerId from, Message.Rewire change) {
    if (!seats.ofClient(from, change.session(), seat -> rewire(seat, change))) {
      refuse(
          from,
          change.session(),
          change.epoch(),
          Message.Reason.NO_SESSION,
          "no such session here");
    }
  }

  private void rewire(HopSeat seat, Message.Rewire change) {
    if (seats.of(change.session()).size() > 1 && !seat.isConcernedBy(change)) {
      return;
    }
    boolean kept = isKept(seat.engine());
    if (kept || change.next().map(next -> dials.allows(seat.client(), next.peer())).orElse(true)) {
      seat.rewire(change);
    } else {
      owner.failed(seat, Message.Reason.BUSY, TOO_MANY_DIALS);
    }
  }

  private void open(PeerId from, Message.Open open) {
    for (HopSeat before : seats.of(open.session())) {
      boolean stands = before.isOtherEnd(open.range());
      if (!before.client().equals(from) || (!stands && before.epoch() >= open.epoch())) {
        refuse(from, open, Message.Reason.NO_SESSION, "that session is there already");
        return;
      }
      if (!stands) {
        free(before);
      }
    }
    SpanEngine engine = engine(from, open.model(), open.range());
    if (engine == null) {
      refuse(from, open, Message.Reason.NOT_HERE, "this peer does not serve " + open.range());
    } else if (open.range().heads() != open.sampling().isPresent()
        || open.range().heads() == open.next().isPresent()) {
      refuse(from, open, Message.Reason.MALFORMED, "the last hop samples, the others forward");
    } else if (open.maxPositions() > engine.maxPositions()) {
      refuse(
          from,
          open,
          Message.Reason.LIMIT,
          "sessions here have at most %d tokens".formatted(engine.maxPositions()));
    } else if (isKept(engine)) {
      admit(from, open, engine); // our own: what strangers may have is no matter here
    } else if (isFull(from)) {
      busy(from, open, "all room for sessions is taken");
    } else if (!shares(engine).isDue(from, open.maxPositions())
        && wanted(engine).byOthers(from, network.loop().nanoTime())) {
      busy(from, open, "while others want room a client gets no more than half of it");
    } else if (yields(from, open, engine)) {
      busy(from, open, "the room is for peers who are owed more");
    } else if (!open.next().map(next -> dials.allows(from, next.peer())).orElse(true)) {
      busy(from, open, TOO_MANY_DIALS);
    } else {
      admit(from, open, engine);
    }
  }

  private @Nullable SpanEngine engine(PeerId from, ModelId model, LayerRange range) {
    List<SpanEngine> may = new ArrayList<>();
    if (from.equals(network.self())) {
      may.addAll(ownEngines.getOrDefault(model, List.of()));
    }
    may.addAll(engines.getOrDefault(model, List.of()));
    for (SpanEngine engine : may) {
      if (engine.range().covers(range)) {
        return engine;
      }
    }
    return null;
  }

  private boolean isKept(SpanEngine engine) {
    return ownEngines.values().stream().anyMatch(kept -> kept.contains(engine));
  }

  private boolean isFull(PeerId client) {
    return seats.size() >= limits.seats() || seats.countOf(client) >= limits.seatsPerClient();
  }

  private void busy(PeerId from, Message.Open open, String text) {
    contest.refused(from, standing.of(from), network.loop().nanoTime());
    refuse(from, open, Message.Reason.BUSY, text);
  }

  private RoomShares<HopSeat> shares(SpanEngine engine) {
    return new RoomShares<>(
        engine.freePositions(),
        seats.all().stream().filter(seat -> seat.engine().equals(engine)).toList());
  }

  private RoomWanted wanted(SpanEngine engine) {
    return wanted.computeIfAbsent(engine, _ -> new RoomWanted(limits.lease().toNanos()));
  }

  /** Takes back what others have on loan, if that makes room for what is due to a newcomer. */
  private SpanEngine.Seat place(PeerId from, Message.Open open, SpanEngine engine) {
    RoomShares<HopSeat> before = shares(engine);
    boolean due = before.isDue(from, open.maxPositions());
    boolean reclaims = due && before.freePositions() >= open.maxPositions();
    long reclaimed = 0;
    while (true) {
      try {
        return engine.open(open.range(), open.maxPositions());
      } catch (FolkmootException full) {
        if (full.code() == FolkmootException.Code.BUSY && due) {
          wanted(engine).by(from, network.loop().nanoTime());
        }
        Optional<HopSeat> loan = shares(engine).toReclaim(from);
        // What computes just now is free only when its pass is over: the newcomer asks again then.
        boolean enough = !reclaims || reclaimed >= open.maxPositions();
        if (full.code() != FolkmootException.Code.BUSY || loan.isEmpty() || enough) {
          throw full;
        }
        reclaimed += loan.get().positions();
        owner.failed(loan.get(), Message.Reason.BUSY, "others need room, too");
      }
    }
  }

  /** Whether what room there is must be kept for others. */
  private boolean yields(PeerId from, Message.Open open, SpanEngine engine) {
    if (contest.isEmpty()) {
      return false;
    }
    int room =
        Math.min(
            limits.seats() - seats.size(),
            engine.freePositions() / Math.max(1, open.maxPositions()));
    return contest.yields(from, standing.of(from), Math.max(1, room), network.loop().nanoTime());
  }

  private void admit(PeerId from, Message.Open open, SpanEngine engine) {
    SpanEngine.Seat place;
    try {
      place = place(from, open, engine);
    } catch (FolkmootException full) {
      if (full.code() == FolkmootException.Code.BUSY) {
        busy(from, open, String.valueOf(full.getMessage()));
      } else {
        refuse(from, open, Message.Reason.LIMIT, String.valueOf(full.getMessage()));
      }
      return;
    }
    HopSeat seat;
    try {
      seat = new HopSeat(network, owner, from, open, engine, place, room);
    } catch (FolkmootException badSettings) {
      place.close();
      refuse(from, open, Message.Reason.MALFORMED, String.valueOf(badSettings.getMessage()));
      return;
    }
    open.next().ifPresent(next -> network.hint(next.peer(), next.addresses()));
    open.next().ifPresent(next -> network.connect(next.peer()));
    contest.admitted(from);
    seats.add(seat);
    network.send(from, new Message.Opened(open.session(), open.epoch()));
    keepSweeping();
  }

  private void refuse(PeerId to, Message.Open open, Message.Reason reason, String text) {
    refuse(to, open.session(), open.epoch(), reason, text);
  }

  private void refuse(PeerId to, SessionId session, int epoch, Message.Reason reason, String text) {
    int retry = reason == Message.Reason.BUSY ? (int) limits.retryAfter().toMillis() : 0;
    network.send(to, new Message.Refused(session, epoch, reason, retry, text));
  }

  private void free(HopSeat seat) {
    if (seats.remove(seat)) {
      seat.close();
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    long orphanSince =
        network.loop().nanoTime() - limits.lease().toNanos() + limits.orphanLease().toNanos();
    for (HopSeat seat : seats.now()) {
      if (seat.client().equals(peer)) {
        seat.orphan(orphanSince); // to tell it of its own loss would be to dial it
      } else if (seat.sendsTo(peer)) {
        network.send(seat.client(), new Message.HopLost(seat.session(), seat.epoch(), peer));
      }
    }
  }

  /** While there are sessions, those whose lease has run out are looked for. */
  private void keepSweeping() {
    if (sweep == null && !seats.isEmpty()) {
      sweep =
          network
              .loop()
              .after(
                  limits.orphanLease().toNanos() / 4,
                  () -> {
                    sweep = null;
                    sweepOnce();
                    keepSweeping();
                  });
    }
  }

  private void sweepOnce() {
    long oldest = network.loop().nanoTime() - limits.lease().toNanos();
    for (HopSeat seat : seats.now()) {
      if (seat.lastHeard() - oldest < 0) {
        free(seat);
      }
    }
  }

  private final class SeatOwner implements HopSeat.Owner {
    @Override
    public void failed(HopSeat seat, Message.Reason reason, String text) {
      refuse(seat.client(), seat.session(), seat.epoch(), reason, text);
      free(seat);
    }

    @Override
    public void measured(HopSeat seat, int tokens, long queueNanos, long computeNanos) {
      speeds
          .computeIfAbsent(seat.engine(), _ -> new Speed())
          .add(seat.layers(), tokens, queueNanos, computeNanos);
    }

    @Override
    public Optional<Hash32> policy() {
      return policy;
    }

    @Override
    public SignedStatement sign(
        HopSeat seat, HopStatement statement, TraceKey key, Optional<SpanInputs> inputs) {
      SignedStatement signed =
          new SignedStatement(signer.peerId(), statement, signer.sign(statement.signedBytes()));
      acknowledgements.signed(seat.client(), signed);
      // Of what nobody else was served with nobody else has a question: the first inputs are ids.
      inputs
          .filter(_ -> !isKept(seat.engine()))
          .ifPresent(its -> respondent.keep(signed, key, its, seat.engine()));
      return signed;
    }
  }

  /** A running mean of what steps take. */
  private static final class Speed {
    /** The latest dozen or so steps count. */
    private static final double SHARE = 0.1;

    private double layersPerSecond;
    private double queueMillis;

    void add(int layers, int tokens, long queueNanos, long computeNanos) {
      queueMillis += SHARE * (queueNanos / 1e6 - queueMillis);
      if (tokens == 1 && layers > 0) {
        double sample = layers * 1e9 / Math.max(1, computeNanos);
        layersPerSecond = layersPerSecond == 0 ? sample : mix(sample);
      }
    }

    private double mix(double sample) {
      return layersPerSecond + SHARE * (sample - layersPerSecond);
    }
  }

  /** Frees all sessions, telling their clients. */
  @Override
  public void close() {
    for (HopSeat seat : seats.now()) {
      owner.failed(seat, Message.Reason.STOPPING, "this peer stops");
    }
    closed = true;
    if (sweep != null) {
      sweep.cancel();
    }
  }
}
