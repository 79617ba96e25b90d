package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.Deadline;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Verifier;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/**
 * One generation over a chain of hops, as its client drives it: opens the hops, sends ids to the
 * first, takes tokens from the last, and replaces hops that are lost. The tokens do not depend on
 * which peers compute them, nor on how often they are replaced.
 *
 * <p>What is sent and what comes of it is {@link ChainSteps}' affair, how hops are replaced that of
 * {@link ChainRepair}; here is decided when.
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

    /** It is over by a defect of this program, which is thrown on to whoever called. */
    default void broken(Throwable defect) {}
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

  private final PeerNetwork network;
  private final ChainPlanner planner;
  private final ChainSettings settings;
  private final Task task;
  private final Listener listener;
  private final ChainHops hops = new ChainHops();
  private final ChainEpochs epochs = new ChainEpochs();
  private final ChainSteps steps;
  private final ChainRepair repair;
  private final ChainStalls stalls;
  private final Deadline deadline;
  private final Set<PeerId> watched = new HashSet<>();
  private final ChainEvidence evidence;

  private boolean hadTokens;
  private boolean repairDue;

  /** Whether one of the losses that wait for a repair is a failure, and not for want of room. */
  private boolean failed;

  private int failuresSinceToken;
  private long stepSent;
  private Phase phase = Phase.OPENING;
  private long searchingSince;
  private boolean sawBusy;

  /** Whether who refused last is this node, with the ends that are nobody else's. */
  private boolean busyHere;

  private Loop.@Nullable Timer renewal;
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
    deadline = new Deadline(network.loop());
    steps = new ChainSteps(network, task, epochs);
    stalls = new ChainStalls(network.self(), hops, steps, settings);
    evidence = new ChainEvidence(task, hops);
    repair = new ChainRepair(network, planner, task, hops, epochs, steps);
  }

  /** Opens the hops. */
  public void start() {
    guard(() -> {
      network.listen(this);
      renew();
      searchingSince = network.loop().nanoTime();
      repair();
    });
  }

  /** Runs something that answers may wait for: if a defect keeps them from coming, they end. */
  void guard(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException | Error defect) {
      try {
        close();
      } finally {
        listener.broken(defect);
      }
      throw defect;
    }
  }

  private Loop.Timer after(Duration delay, Runnable action) {
    return network.loop().after(delay.toNanos(), () -> guard(action));
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
    steps.begin(drafts);
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
    ChainTestimony testimony = evidence.want(key, signatures, steps.settled());
    steps.stop();
    if (phase == Phase.RUNNING) {
      askForStatements(testimony);
    }
  }

  private void askForStatements(ChainTestimony testimony) {
    steps.sendRest(hops);
    testimony.ask(network, hops);
    boolean computed = hops.all(hop -> hop.computedTo() >= steps.settled());
    await(computed ? SIGN_NANOS : stalls.patienceNanos());
  }

  private void attested(PeerId from, SignedStatement signed) {
    if (phase != Phase.RUNNING) {
      return;
    }
    switch (evidence.signed(from, signed, steps.ids())) {
      case ChainEvidence.Waits _ -> {}
      case ChainEvidence.Wrong(ChainTestimony.Misfit misfit) -> replace(misfit);
      case ChainEvidence.Complete(List<SignedStatement> statements) -> {
        deadline.clear();
        listener.attested(statements);
      }
    }
  }

  private void replace(ChainTestimony.Misfit misfit) {
    ChainHop hop = hops.sender(misfit.hop(), network.self());
    PeerId peer = hop.peer();
    if (misfit.blamed() || hop != misfit.hop()) {
      planner.failed(peer, Message.Reason.FAILED);
    } else {
      planner.busy(peer, BETWEEN_MILLIS);
    }
    lose(peer);
  }

  /** Whether tokens are under way. */
  public boolean stepping() {
    return steps.areUnderWay();
  }

  /** Hops that served for a while and then no more. */
  public List<Receipt.Replaced> replaced() {
    return repair.replaced();
  }

  /** The hops now, in order. */
  public List<HopPlan> hops() {
    return hops.plans();
  }

  /** What the hops together say that they spent computing one token, in nanoseconds. */
  public long nanosPerToken() {
    return hops.stream().mapToLong(ChainHop::nanosPerToken).sum();
  }

  private void sendStep() {
    stepSent = network.loop().nanoTime();
    boolean others = steps.send(hops);
    if (others) {
      evidence.truncate(steps.settled());
    }
    hops.stream().forEach(hop -> hop.takeBack(steps.settled()));
    awaitProgress();
  }

  // ---- what comes back

  @Override
  public void received(PeerId from, Message message) {
    if (phase != Phase.CLOSED) {
      guard(() -> take(from, message));
    }
  }

  private void take(PeerId from, Message message) {
    switch (message) {
      case Message.Opened m when isOurs(m.session(), m.epoch()) -> opened(from);
      case Message.Rewired m when isOurs(m.session(), m.epoch()) ->
          repair.rewired(from, m.length());
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
    return session.equals(task.session()) && ofEpoch == epochs.now();
  }

  private void computed(PeerId from, Message.Computed report) {
    ChainHop hop = hops.find(from, report.fromLayer(), report.toLayer());
    if (hop == null || report.position() + report.tokens() > task.maxPositions()) {
      return;
    }
    int settled = epochs.settled(report.epoch());
    boolean further = hop.computed(report, Math.min(settled, steps.sentTo()));
    planner.computed(from, hop.plan.range().layers(), ChainHop.single(report), hop.nanos(report));
    Optional<PeerId> other = evidence.reported(hop, report, settled);
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
    if (further && phase == Phase.RUNNING && steps.areUnderWay()) {
      awaitProgress();
    }
  }

  private void sampled(PeerId from, Message.Sampled message) {
    if (epochs.isOfWrongDraft(message) || hops.isEmpty() || !hops.last().peer().equals(from)) {
      return;
    }
    if (hops.last().state == ChainHop.State.NEW) {
      return; // of a seat that it had before: the new one was told of a history without it
    }
    for (Message.Token token : message.tokens()) {
      if (phase != Phase.CLOSED && steps.areUnderWay() && token.position() == steps.length()) {
        take(token);
      }
    }
  }

  private void take(Message.Token token) {
    failuresSinceToken = 0;
    stalls.tokenCame();
    hadTokens = true;
    if (steps.isSingle()) {
      hops.charge(
          network.loop().nanoTime() - stepSent, peer -> network.roundTripNanos(peer).orElse(0));
    }
    steps.take(token);
    if (phase == Phase.RUNNING && !steps.areUnderWay()) {
      deadline.clear();
    }
    listener.token(token);
  }

  private void refused(PeerId from, Message.Refused refusal) {
    if (hops.stream().noneMatch(hop -> hop.isMeant(from, refusal))) {
      return; // of an attempt that was given up
    }
    busyHere = from.equals(network.self()) && hops.areEndsAt(from);
    if (busyHere && isNonsense(refusal.reason())) {
      PeerId sender = hops.sender(hops.last(), from).peer();
      planner.failed(sender, Message.Reason.FAILED);
      drop(from);
      lose(sender);
    } else if (refusal.reason() == Message.Reason.BUSY) {
      // Whoever lets a session in and then has no room for it has failed.
      failed |= phase == Phase.RUNNING;
      sawBusy = true;
      planner.busy(from, refusal.retryAfterMillis());
      drop(from);
    } else {
      planner.failed(from, refusal.reason());
      lose(from);
    }
  }

  /** Whether a seat that was taken is told to be lost by what it was sent. */
  private boolean isNonsense(Message.Reason reason) {
    return hops.last().state == ChainHop.State.LIVE
        && (reason == Message.Reason.MALFORMED || reason == Message.Reason.LIMIT);
  }

  private void hopLost(PeerId from, Message.HopLost message) {
    if (hops.areNeighbours(from, message.lost())) {
      // Of us it had a message a moment ago.
      lostBetween(message.lost().equals(network.self()) ? from : message.lost());
    }
  }

  /**
   * One hop does not reach the next. If we do, the fault may be on the way between the two, or over
   * in a moment: the peer is passed over and not blamed.
   */
  private void lostBetween(PeerId peer) {
    if (network.connected().contains(peer) && hops.has(peer)) {
      planner.busy(peer, BETWEEN_MILLIS);
      lose(peer);
    } else {
      lost(peer, Message.Reason.UNREACHABLE);
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    if (phase != Phase.CLOSED && hops.has(peer)) {
      guard(() -> {
        planner.failed(peer, reason);
        lose(peer);
      });
    }
  }

  // ---- repair

  /** Takes a peer out of the chain that failed. */
  private void lose(PeerId peer) {
    failed = true;
    drop(peer);
  }

  /** Takes a peer out of the chain; what comes next is decided when all of an instant are out. */
  private void drop(PeerId peer) {
    hops.stream().filter(hop -> hop.peer().equals(peer)).forEach(repair::drop);
    if (phase == Phase.RUNNING) {
      searchingSince = network.loop().nanoTime();
    }
    phase = Phase.OPENING;
    steps.disturb();
    deadline.clear();
    listener.repairing(List.of(peer));
    if (!repairDue) {
      repairDue = true;
      network
          .loop()
          .execute(() ->
              guard(() -> {
                repairDue = false;
                failuresSinceToken += failed ? 1 : 0;
                failed = false;
                repair();
              }));
    }
  }

  /** Begins to replace what is lost, and what an earlier repair has not finished. */
  private void repair() {
    if (phase != Phase.OPENING) {
      return;
    }
    if (retry != null) {
      retry.cancel();
      retry = null;
    }
    repair.abandon();
    if (failuresSinceToken >= settings.repairs()) {
      fail(
          new FolkmootException(
              UNREACHABLE,
              "peers failed %d times in a row while they computed this: try again later"
                  .formatted(settings.repairs())));
      return;
    }
    if (sawBusy && hasSearchedLong()) {
      failBusy();
      return;
    }
    if (!repair.plan()) {
      awaitChain();
      return;
    }
    awaitSeats();
    watch();
    repair.begin();
  }

  private void awaitChain() {
    watch();
    deadline.clear();
    // Peers that say beforehand that they have no room are as busy as those that refuse.
    sawBusy |= !planner.plan(LayerRange.whole(task.layers()), 0, Set.of()).isEmpty();
    if (!hasSearchedLong()) {
      retry = after(settings.pause(), this::repair);
    } else if (sawBusy) {
      failBusy();
    } else {
      fail(
          new FolkmootException(
              UNREACHABLE,
              "no peers that can be reached hold all %d layers: see 'folkmoot status', or serve some"
                  .formatted(task.layers())));
    }
  }

  private boolean hasSearchedLong() {
    return network.loop().nanoTime() - searchingSince > settings.giveUpAfter().toNanos();
  }

  private void failBusy() {
    fail(
        new FolkmootException(
            BUSY,
            (busyHere
                    ? "this machine has no room for the ends of %d tokens now: try again soon, ask for less, or raise --kv-memory"
                    : "the peers of this swarm are busy, with no room for %d tokens now: try again soon, or ask for less")
                .formatted(task.maxPositions())));
  }

  private void opened(PeerId from) {
    repair.opened(from, hadTokens);
    if (phase == Phase.OPENING && repair.isDone() && !repairDue) {
      run();
    }
  }

  private void run() {
    phase = Phase.RUNNING;
    sawBusy = false;
    listener.hops(hops());
    deadline.clear();
    if (evidence.wanted().isPresent()) {
      askForStatements(evidence.wanted().get());
    } else if (steps.areDue()) {
      sendStep();
    } else if (steps.areUnderWay()) {
      awaitProgress();
    }
  }

  // ---- time

  /** New hops must take their seats, and their neighbours answer, within a time. */
  private void awaitSeats() {
    deadline.set(
        settings.openWithin().toNanos(),
        () -> guard(() -> repair.late().forEach(peer -> lost(peer, Message.Reason.SILENT))));
  }

  private void awaitProgress() {
    await(stalls.patienceNanos());
  }

  private void await(long nanos) {
    deadline.set(nanos, () -> guard(this::stalled));
  }

  private void stalled() {
    if (phase == Phase.RUNNING && evidence.wanted().isPresent()) {
      List<ChainHop> late = evidence.wanted().get().late(hops);
      late.forEach(hop -> lost(hop.peer(), Message.Reason.SILENT));
    } else if (phase == Phase.RUNNING && steps.areUnderWay()) {
      stalls
          .suspect()
          .ifPresentOrElse(peer -> lost(peer, Message.Reason.SILENT), this::failAtOwnEnds);
    }
  }

  private void failAtOwnEnds() {
    fail(
        new FolkmootException(
            UNREACHABLE, "the layers on this machine hang: end this program and start it again"));
  }

  private void renew() {
    hops.live().forEach(hop -> network.send(hop.peer(), new Message.Renew(task.session())));
    renewal = after(settings.renewEvery(), this::renew);
  }

  /** Has the silence of exactly the hops noticed soon. */
  private void watch() {
    Set<PeerId> now = hops.peers();
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
    hops.stream().forEach(hop -> network.send(hop.peer(), new Message.Close(task.session())));
    hops.replace(List.of());
    watch();
    deadline.cancel();
    if (retry != null) {
      retry.cancel();
    }
    if (renewal != null) {
      renewal.cancel();
    }
    network.ignore(this);
  }
}
