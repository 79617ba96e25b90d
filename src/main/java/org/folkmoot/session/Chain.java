package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Verifier;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/**
 * One generation over a chain of hops, as its client drives it: opens the hops, sends ids to the
 * first, takes tokens from the last, and replaces hops that are lost. The tokens do not depend on
 * which peers compute them, nor on how often they are replaced.
 *
 * <p><b>Repair.</b> Hops that are lost in a row are replaced by new ones that hold the same layers.
 * The hop behind is told first and says how far it has computed; then the new hops are opened, and
 * the hop before replays its kept outputs through them, of which only what the hop behind lacks
 * goes on. Where the lost hop was the first, the client replays the ids. Each repair is an epoch of
 * its own, and one that fails is begun anew with what is left; in the worst case the whole chain is
 * new and computes everything again.
 *
 * <p>Runs on the loop only, and tells its listener there.
 */
public final class Chain implements PeerNetwork.Listener {
  /** Told what becomes of it. */
  public interface Listener {
    /** The next token, in the order of positions. */
    void token(Message.Token token);

    /** Hops were lost; others take over. */
    default void repairing(List<PeerId> lost) {}

    /** Hops have taken their seats, at the start or after a repair. */
    default void hops(List<HopPlan> hops) {}

    /** All hops have signed what they computed, in order; after {@link Chain#attest}. */
    default void attested(List<SignedStatement> statements) {}

    /** It is over. */
    void failed(FolkmootException why);
  }

  /**
   * What is to be generated.
   *
   * @param model by which model
   * @param layers how many it has
   * @param maxPositions the greatest length of prompt and answer
   * @param sampling how tokens are chosen; its history is the prompt
   */
  public record Task(
      SessionId session, ModelId model, int layers, int maxPositions, Message.Sampling sampling) {}

  /** Who has computed everything needs some milliseconds to sign; the rest is for the way. */
  private static final long SIGN_NANOS = 4_000_000_000L;

  /** A hop's dial to the next goes on after it was given up, and takes about so long. */
  private static final long BETWEEN_MILLIS = 1000;

  private enum Phase {
    /** Waits for a chain, or for hops to take their seats. */
    OPENING,
    /** Hops compute, or could. */
    RUNNING,
    /** It is over. */
    CLOSED
  }

  private enum State {
    /** Asked to take its seat. */
    NEW,
    /** Has its seat. */
    LIVE,
    /** To be replaced. */
    LOST
  }

  private static final class Hop {
    final HopPlan plan;
    State state = State.NEW;
    int since;
    int servesFrom;
    boolean opened;
    @Nullable SignedStatement signed;
    int computedTo;
    long stepNanos;
    int stepTokens;

    Hop(HopPlan plan) {
      this.plan = plan;
    }

    /** Who has no seat for a session does not know the epoch of the one it had. */
    boolean isMeant(PeerId from, Message.Refused refusal) {
      boolean hadSeat = refusal.reason() == Message.Reason.NO_SESSION && state == State.LIVE;
      return peer().equals(from) && state != State.LOST && (hadSeat || refusal.epoch() >= since);
    }

    PeerId peer() {
      return plan.peer();
    }
  }

  /**
   * New hops in a row.
   *
   * @param before the hop before them; null where the client is
   * @param behind the hop behind them; null where there is none
   */
  private record Run(List<Hop> hops, @Nullable Hop before, @Nullable Hop behind) {
    boolean isOpen() {
      return hops.stream().allMatch(hop -> hop.opened);
    }
  }

  private final PeerNetwork network;
  private final ChainPlanner planner;
  private final ChainSettings settings;
  private final Task task;
  private final Listener listener;
  private final List<Hop> hops = new ArrayList<>();

  /** Those of the repair under way whose hop behind has not answered yet. */
  private final List<Run> announced = new ArrayList<>();

  /** Those whose hops have been asked. */
  private final List<Run> opening = new ArrayList<>();

  private final Set<PeerId> watched = new HashSet<>();
  private final Map<Integer, DigestTrail> trails = new HashMap<>();
  private final int[] ids;
  private int length;
  private int drafted;
  private int sentTo;
  private int wantFrom;
  private boolean stepping;
  private boolean stepSent;
  private int stepEpoch;
  private boolean hadWrongDraft;
  private int epoch;

  /** At which epochs the ids from which position on became others: where a draft was wrong. */
  private final TreeMap<Integer, Integer> changes = new TreeMap<>();

  private boolean hadTokens;
  private final List<Receipt.Replaced> replaced = new ArrayList<>();
  private @Nullable TraceKey attesting;
  private @Nullable Verifier verifier;
  private boolean repairDue;
  private int repairsSinceToken;
  private Phase phase = Phase.OPENING;
  private long searchingSince;
  private boolean sawBusy;
  private Loop.@Nullable Timer renewal;
  private Loop.@Nullable Timer deadline;
  private Loop.@Nullable Timer retry;

  /** A chain that is not opened yet. */
  public Chain(
      PeerNetwork network,
      ChainPlanner planner,
      ChainSettings settings,
      Task task,
      Listener listener) {
    this.network = network;
    this.planner = planner;
    this.settings = settings;
    this.task = task;
    this.listener = listener;
    int[] prompt = task.sampling().history();
    this.ids = Arrays.copyOf(prompt, task.maxPositions() + 1);
    this.length = prompt.length;
  }

  /** Opens the hops. */
  public void start() {
    network.listen(this);
    renewal = network.loop().after(settings.renewEvery().toNanos(), this::renew);
    searchingSince = network.loop().nanoTime();
    repair();
  }

  /**
   * Asks for the next token; after drafts, for as many as turn out right and one more. Called again
   * only when these have come.
   *
   * @param drafts what the next tokens might be
   */
  public void step(int[] drafts) {
    if (phase == Phase.CLOSED) {
      return; // the listener knows
    }
    if (stepping) {
      throw new IllegalStateException("a step is under way");
    }
    stepping = true;
    stepSent = false;
    drafted = Math.min(drafts.length, task.maxPositions() - length);
    System.arraycopy(drafts, 0, ids, length, drafted);
    wantFrom = length - 1;
    if (phase == Phase.RUNNING) {
      sendStep();
    }
  }

  /**
   * Has all hops sign what they computed for the tokens so far. A hop that is lost before is
   * replaced by one that computes all of it again. No further step can be asked for.
   *
   * @param key salts what they sign
   * @param signatures looks at what they sign with; a hop that signs something else than was asked
   *     is replaced as one that fails
   */
  public void attest(TraceKey key, Verifier signatures) {
    attesting = key;
    verifier = signatures;
    stepping = false;
    if (phase == Phase.RUNNING) {
      askForStatements();
    }
  }

  /** Positions that went through the hops for the tokens so far: all but the last. */
  private int settledLength() {
    return length - 1;
  }

  private void askForStatements() {
    TraceKey key = Objects.requireNonNull(attesting);
    if (sentTo < settledLength()) {
      // All hops are new, and nothing is to be chosen any more.
      int from = sentTo;
      sentTo = settledLength();
      wantFrom = sentTo;
      sendIds(from);
    }
    for (Hop hop : hops) {
      if (hop.signed == null) {
        network.send(hop.peer(), new Message.Attest(task.session(), key, settledLength()));
      }
    }
    boolean computed = hops.stream().allMatch(hop -> hop.computedTo >= settledLength());
    await(computed ? SIGN_NANOS : progressNanos());
  }

  private void attested(PeerId from, SignedStatement signed) {
    Hop hop = hop(from, signed.statement().range().from());
    TraceKey key = attesting;
    if (hop == null || hop.signed != null || key == null || phase != Phase.RUNNING) {
      return;
    }
    if (!isMeant(hop, signed, key)) {
      planner.failed(from, Message.Reason.FAILED);
      lose(from);
      return;
    }
    hop.signed = signed;
    if (hops.stream().allMatch(each -> each.signed != null)) {
      stopAwaiting();
      attesting = null;
      listener.attested(hops.stream().map(each -> Objects.requireNonNull(each.signed)).toList());
    }
  }

  /** Whether a statement is about what was asked; whether it is true is for others to check. */
  private boolean isMeant(Hop hop, SignedStatement signed, TraceKey key) {
    HopStatement statement = signed.statement();
    return signed.hop().equals(hop.peer())
        && statement.model().equals(task.model())
        && statement.adapters().isEmpty()
        && statement.range().equals(hop.plan.range())
        && statement.length() == settledLength()
        && statement.traceKeyHash().equals(key.hash())
        && statement.sampled().stream().allMatch(this::isMeant)
        && Objects.requireNonNull(verifier)
            .verify(signed.hop(), statement.signedBytes(), signed.signature());
  }

  private boolean isMeant(HopStatement.Sampled sampled) {
    return sampled.from() >= task.sampling().history().length
        && sampled.samplingHash().equals(SamplingHash.of(task.sampling()));
  }

  /** Whether tokens are under way. */
  public boolean stepping() {
    return stepping;
  }

  /** Hops that served for a while and then no more. */
  public List<Receipt.Replaced> replaced() {
    return List.copyOf(replaced);
  }

  /** The hops now, in order. */
  public List<HopPlan> hops() {
    return hops.stream().map(hop -> hop.plan).toList();
  }

  /** What the hops together say that they spent computing one token, in nanoseconds. */
  public long nanosPerToken() {
    return hops.stream().mapToLong(hop -> hop.stepNanos / Math.max(1, hop.stepTokens)).sum();
  }

  private void sendStep() {
    if (hadWrongDraft) {
      // What hops still say of the wrong draft is told apart by its epoch.
      hadWrongDraft = false;
      changes.put(++epoch, length - 1);
      trails.values().forEach(trail -> trail.truncate(length - 1));
    }
    stepEpoch = epoch;
    if (drafted > 0) {
      sendDraft(hops.getLast());
    }
    int from = sentTo;
    sentTo = length + drafted;
    stepSent = true;
    sendIds(from);
    awaitProgress();
  }

  /** Tells the last hop which step's logits count from now on, and what was drafted for it. */
  private void sendDraft(Hop last) {
    int[] drafts = Arrays.copyOfRange(ids, length, length + drafted);
    network.send(last.peer(), new Message.Draft(task.session(), stepEpoch, length, drafts));
  }

  /** Sends the ids from a position to all that was ever sent. */
  private void sendIds(int from) {
    for (int at = from; at < sentTo; at += Limits.MAX_STEP_TOKENS) {
      int to = Math.min(sentTo, at + Limits.MAX_STEP_TOKENS);
      network.send(
          hops.getFirst().peer(),
          new Message.Forward(
              task.session(),
              epoch,
              at,
              to - at,
              wantFrom,
              Arrays.copyOfRange(ids, at, to),
              new float[0]));
    }
  }

  // ---- what comes back

  @Override
  public void received(PeerId from, Message message) {
    if (phase == Phase.CLOSED) {
      return;
    }
    switch (message) {
      case Message.Opened m when isOurs(m.session(), m.epoch()) -> opened(from);
      case Message.Rewired m when isOurs(m.session(), m.epoch()) -> rewired(from, m.length());
      case Message.Computed m when m.session().equals(task.session()) -> computed(from, m);
      case Message.Sampled m when m.session().equals(task.session()) -> sampled(from, m);
      case Message.Refused m when m.session().equals(task.session()) -> refused(from, m);
      case Message.Attested m when m.signed().statement().session().equals(task.session()) ->
          attested(from, m.signed());
      case Message.HopLost m when m.session().equals(task.session()) -> hopLost(from, m);
      default -> {} // another session's, or of an epoch that is over
    }
  }

  private boolean isOurs(SessionId session, int ofEpoch) {
    return session.equals(task.session()) && ofEpoch == epoch;
  }

  private @Nullable Hop hop(PeerId peer, int fromLayer) {
    for (Hop hop : hops) {
      if (hop.peer().equals(peer) && hop.plan.range().from() == fromLayer) {
        return hop;
      }
    }
    return null;
  }

  private void computed(PeerId from, Message.Computed report) {
    Hop hop = hop(from, report.fromLayer());
    if (hop == null || report.position() + report.tokens() > task.maxPositions()) {
      return;
    }
    hop.computedTo = report.position() + report.tokens();
    if (report.steps() == report.tokens()) {
      hop.stepNanos += 1000L * report.computeMicros();
      hop.stepTokens += report.tokens();
    }
    planner.computed(
        from, hop.plan.range().layers(), report.tokens(), 1000L * report.computeMicros());
    DigestTrail trail = trails.computeIfAbsent(hop.plan.range().to(), _ -> new DigestTrail());
    Map.Entry<Integer, Integer> change = changes.higherEntry(report.epoch());
    int settled = change == null ? Integer.MAX_VALUE : change.getValue();
    Optional<PeerId> other = trail.add(from, report.position(), report.digests(), settled);
    if (other.isPresent()) {
      planner.failed(from, Message.Reason.FAILED);
      planner.failed(other.get(), Message.Reason.FAILED);
      fail(
          new FolkmootException(
              FolkmootException.Code.ARITHMETIC,
              "the peers %s and %s computed the same layers differently, so one of them is wrong: ask again"
                  .formatted(from, other.get())));
      return;
    }
    if (stepping) {
      awaitProgress();
    }
  }

  private void sampled(PeerId from, Message.Sampled message) {
    boolean ofWrongDraft = !changes.isEmpty() && message.epoch() < changes.lastKey();
    if (ofWrongDraft || hops.isEmpty() || !hops.getLast().peer().equals(from)) {
      return;
    }
    for (Message.Token token : message.tokens()) {
      if (phase != Phase.CLOSED && stepping && token.position() == length) {
        take(token);
      }
    }
  }

  private void take(Message.Token token) {
    repairsSinceToken = 0;
    hadTokens = true;
    boolean asDrafted = drafted > 0 && ids[length] == token.id();
    hadWrongDraft |= drafted > 0 && !asDrafted;
    ids[length++] = token.id();
    drafted = asDrafted ? drafted - 1 : 0;
    wantFrom = length - 1;
    if (!asDrafted) {
      stepping = false;
      sentTo = length - 1;
      stopAwaiting();
    }
    listener.token(token);
  }

  private void refused(PeerId from, Message.Refused refusal) {
    if (hops.stream().noneMatch(hop -> hop.isMeant(from, refusal))) {
      return; // of an attempt that was given up
    }
    if (refusal.reason() == Message.Reason.BUSY) {
      sawBusy = true;
      planner.busy(from, refusal.retryAfterMillis());
    } else {
      planner.failed(from, refusal.reason());
    }
    lose(from);
  }

  private boolean has(PeerId peer) {
    return hops.stream().anyMatch(hop -> hop.peer().equals(peer) && hop.state != State.LOST);
  }

  private void hopLost(PeerId from, Message.HopLost message) {
    for (int i = 0; i + 1 < hops.size(); i++) {
      if (hops.get(i).peer().equals(from) && hops.get(i + 1).peer().equals(message.lost())) {
        lostBetween(message.lost());
        return;
      }
    }
  }

  /**
   * One hop does not reach the next. If we do, the fault may be on the way between the two, or over
   * in a moment: the peer is passed over and not blamed.
   */
  private void lostBetween(PeerId peer) {
    if (network.connected().contains(peer) && has(peer)) {
      planner.busy(peer, BETWEEN_MILLIS);
      lose(peer);
    } else {
      lost(peer, Message.Reason.UNREACHABLE);
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    if (phase != Phase.CLOSED && has(peer)) {
      planner.failed(peer, reason);
      lose(peer);
    }
  }

  // ---- repair

  /** Takes a peer out of the chain; what comes next is decided when all of an instant are out. */
  private void lose(PeerId peer) {
    hops.stream().filter(hop -> hop.peer().equals(peer)).forEach(this::drop);
    if (phase == Phase.RUNNING) {
      searchingSince = network.loop().nanoTime();
    }
    phase = Phase.OPENING;
    stopAwaiting();
    listener.repairing(List.of(peer));
    if (!repairDue) {
      repairDue = true;
      network
          .loop()
          .execute(() -> {
            repairDue = false;
            repair();
          });
    }
  }

  private void drop(Hop hop) {
    if (hop.state == State.LIVE && settledLength() > hop.servesFrom) {
      replaced.add(
          new Receipt.Replaced(hop.peer(), hop.plan.range(), hop.servesFrom, settledLength()));
    }
    if (hop.state != State.LOST) {
      hop.state = State.LOST;
      network.send(hop.peer(), new Message.Close(task.session()));
    }
  }

  /** Begins to replace what is lost, and what an earlier repair has not finished. */
  private void repair() {
    if (phase == Phase.CLOSED) {
      return;
    }
    if (retry != null) {
      retry.cancel();
      retry = null;
    }
    announced.clear();
    opening.clear();
    hops.stream().filter(hop -> hop.state == State.NEW).forEach(this::drop);
    epoch++;
    if (++repairsSinceToken > settings.repairs()) {
      fail(
          new FolkmootException(
              UNREACHABLE,
              "peers failed %d times in a row while they computed this: try again later"
                  .formatted(settings.repairs())));
      return;
    }
    boolean whole = hops.stream().noneMatch(hop -> hop.state == State.LIVE);
    if ((whole || !replaceLost()) && !replaceAll()) {
      awaitChain();
      return;
    }
    awaitSeats();
    watch();
    for (Run run : List.copyOf(announced)) {
      if (run.behind == null) {
        announced.remove(run);
        open(run, 0);
      } else {
        rewire(run.behind, Optional.of(run.hops.getLast().peer()), Optional.empty());
      }
    }
  }

  /** Plans new hops for the lost ones. Gives false, and changes nothing, if there are none. */
  private boolean replaceLost() {
    Set<PeerId> live = new HashSet<>();
    hops.stream().filter(hop -> hop.state == State.LIVE).forEach(hop -> live.add(hop.peer()));
    List<Hop> repaired = new ArrayList<>();
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < hops.size(); ) {
      if (hops.get(i).state == State.LIVE) {
        repaired.add(hops.get(i++));
        continue;
      }
      int end = i;
      while (end < hops.size() && hops.get(end).state == State.LOST) {
        end++;
      }
      LayerRange first = hops.get(i).plan.range();
      LayerRange last = hops.get(end - 1).plan.range();
      LayerRange gap = new LayerRange(first.embeds(), first.from(), last.to(), last.heads());
      List<Hop> fresh =
          planner.plan(gap, task.maxPositions(), live).stream().map(Hop::new).toList();
      if (fresh.isEmpty()) {
        return false;
      }
      fresh.forEach(hop -> live.add(hop.peer()));
      runs.add(
          new Run(
              fresh, i == 0 ? null : hops.get(i - 1), end == hops.size() ? null : hops.get(end)));
      repaired.addAll(fresh);
      i = end;
    }
    hops.clear();
    hops.addAll(repaired);
    announced.addAll(runs);
    return true;
  }

  /** Plans a whole new chain, which computes everything again. */
  private boolean replaceAll() {
    hops.stream().filter(hop -> hop.state == State.LIVE).forEach(this::drop);
    hops.clear();
    sentTo = 0;
    stepSent = false;
    List<Hop> fresh =
        planner.plan(LayerRange.whole(task.layers()), task.maxPositions(), Set.of()).stream()
            .map(Hop::new)
            .toList();
    if (fresh.isEmpty()) {
      return false;
    }
    hops.addAll(fresh);
    announced.add(new Run(fresh, null, null));
    return true;
  }

  private void awaitChain() {
    watch();
    stopAwaiting();
    repairsSinceToken--; // waiting is bounded by time
    if (network.loop().nanoTime() - searchingSince > settings.giveUpAfter().toNanos()) {
      fail(
          sawBusy
              ? new FolkmootException(BUSY, "the peers of this swarm are busy: try again soon")
              : new FolkmootException(
                  UNREACHABLE,
                  "no peers that can be reached hold all %d layers: see 'folkmoot status', or serve some"
                      .formatted(task.layers())));
      return;
    }
    retry = network.loop().after(settings.pause().toNanos(), this::repair);
  }

  private void open(Run run, int sendFrom) {
    opening.add(run);
    for (int i = 0; i < run.hops.size(); i++) {
      Hop hop = run.hops.get(i);
      boolean last = i == run.hops.size() - 1;
      @Nullable Hop before = i == 0 ? run.before : run.hops.get(i - 1);
      @Nullable Hop next = last ? run.behind : run.hops.get(i + 1);
      hop.since = epoch;
      network.know(hop.peer(), hop.plan.addresses());
      network.send(
          hop.peer(),
          new Message.Open(
              task.session(),
              epoch,
              task.model(),
              hop.plan.range(),
              task.maxPositions(),
              before == null ? network.self() : before.peer(),
              Optional.ofNullable(next).map(Chain::contact),
              last ? sendFrom : 0,
              hop.plan.range().heads()
                  ? Optional.of(task.sampling().withHistory(Arrays.copyOf(ids, length)))
                  : Optional.empty()));
      if (hop.plan.range().heads()) {
        // What is replayed to it may be of an earlier step, whose drafts were wrong.
        stepEpoch = stepping && stepSent ? stepEpoch : epoch;
        sendDraft(hop);
      }
    }
  }

  private static Message.Contact contact(Hop hop) {
    return new Message.Contact(hop.peer(), hop.plan.addresses());
  }

  private void rewired(PeerId from, int hopLength) {
    for (Run run : List.copyOf(announced)) {
      if (run.behind != null && run.behind.peer().equals(from)) {
        announced.remove(run);
        // What it has of the latest step may be of a draft that was wrong: that goes again.
        open(run, Math.min(hopLength, length - 1));
      }
    }
  }

  private void opened(PeerId from) {
    for (Run run : List.copyOf(opening)) {
      run.hops.stream().filter(hop -> hop.peer().equals(from)).forEach(hop -> hop.opened = true);
      if (run.isOpen()) {
        opening.remove(run);
        for (Hop hop : run.hops) {
          hop.state = State.LIVE;
          hop.servesFrom = hadTokens ? settledLength() : 0;
        }
        feed(run);
      }
    }
    if (phase == Phase.OPENING && announced.isEmpty() && opening.isEmpty() && !repairDue) {
      run();
    }
  }

  /** Has the hop before replay into new hops. */
  private void feed(Run run) {
    if (run.before == null) {
      sendIds(0);
    } else {
      rewire(run.before, Optional.empty(), Optional.of(contact(run.hops.getFirst())));
    }
  }

  private void rewire(Hop neighbour, Optional<PeerId> upstream, Optional<Message.Contact> next) {
    network.send(neighbour.peer(), new Message.Rewire(task.session(), epoch, upstream, next, 0));
  }

  private void run() {
    phase = Phase.RUNNING;
    sawBusy = false;
    listener.hops(hops());
    stopAwaiting();
    if (attesting != null) {
      askForStatements();
    } else if (stepping && !stepSent) {
      sendStep();
    } else if (stepping) {
      awaitProgress();
    }
  }

  // ---- time

  /** New hops must take their seats, and their neighbours answer, within a time. */
  private void awaitSeats() {
    stopAwaiting();
    deadline =
        network
            .loop()
            .after(
                settings.openWithin().toNanos(),
                () -> {
                  Set<PeerId> late = new HashSet<>();
                  announced.stream()
                      .flatMap(run -> Optional.ofNullable(run.behind).stream())
                      .forEach(hop -> late.add(hop.peer()));
                  opening.stream()
                      .flatMap(run -> run.hops.stream())
                      .filter(hop -> !hop.opened)
                      .forEach(hop -> late.add(hop.peer()));
                  late.forEach(peer -> lost(peer, Message.Reason.SILENT));
                });
  }

  private void awaitProgress() {
    await(progressNanos());
  }

  private long progressNanos() {
    long perToken = settings.stallPerToken().toNanos();
    return settings.stallAfter().toNanos() + perToken * Math.min(256, sentTo);
  }

  private void await(long nanos) {
    stopAwaiting();
    deadline = network.loop().after(nanos, this::stalled);
  }

  /** The first hop that has not computed what was sent is the one that hangs. */
  private void stalled() {
    if (phase == Phase.RUNNING && attesting != null) {
      // Those behind one that has not computed everything may be without their inputs.
      List<Hop> late =
          hops.stream()
              .filter(hop -> hop.signed == null && hop.computedTo < settledLength())
              .findFirst()
              .map(List::of)
              .orElseGet(() -> hops.stream().filter(hop -> hop.signed == null).toList());
      late.forEach(hop -> lost(hop.peer(), Message.Reason.SILENT));
    } else if (phase == Phase.RUNNING && stepping) {
      Hop culprit =
          hops.stream().filter(hop -> hop.computedTo < sentTo).findFirst().orElse(hops.getLast());
      lost(culprit.peer(), Message.Reason.SILENT);
    }
  }

  private void stopAwaiting() {
    if (deadline != null) {
      deadline.cancel();
      deadline = null;
    }
  }

  private void renew() {
    for (Hop hop : hops) {
      if (hop.state == State.LIVE) {
        network.send(hop.peer(), new Message.Renew(task.session()));
      }
    }
    renewal = network.loop().after(settings.renewEvery().toNanos(), this::renew);
  }

  /** Has the silence of exactly the hops noticed soon. */
  private void watch() {
    Set<PeerId> now = new HashSet<>();
    hops.forEach(hop -> now.add(hop.peer()));
    now.stream().filter(peer -> !watched.contains(peer)).forEach(network::watch);
    watched.stream().filter(peer -> !now.contains(peer)).forEach(network::unwatch);
    watched.clear();
    watched.addAll(now);
  }

  private void fail(FolkmootException why) {
    close();
    listener.failed(why);
  }

  /** Frees the seats at all hops at once. Twice is harmless. */
  public void close() {
    if (phase == Phase.CLOSED) {
      return;
    }
    phase = Phase.CLOSED;
    hops.forEach(hop -> network.send(hop.peer(), new Message.Close(task.session())));
    hops.clear();
    watch();
    stopAwaiting();
    if (retry != null) {
      retry.cancel();
    }
    if (renewal != null) {
      renewal.cancel();
    }
    network.ignore(this);
  }
}
