package org.folkmoot.session;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * Puts new hops into a chain, at its start and where hops were lost.
 *
 * <p>Hops that are lost in a row are replaced by new ones that hold the same layers. The hop behind
 * is told first and says how far it has computed; then the new hops are opened, and the hop before
 * replays its kept outputs through them, of which only what the hop behind lacks goes on. Where the
 * lost hop was the first, the client replays the ids. Each repair is an epoch of its own, and one
 * that fails is begun anew with what is left; in the worst case the whole chain is new and computes
 * everything again.
 */
final class ChainRepair {
  /**
   * New hops in a row.
   *
   * @param before the hop before them; null where the client is
   * @param behind the hop behind them; null where there is none
   */
  private record Run(List<ChainHop> hops, @Nullable ChainHop before, @Nullable ChainHop behind) {
    boolean isOpen() {
      return hops.stream().allMatch(hop -> hop.opened);
    }
  }

  private final PeerNetwork network;
  private final ChainPlanner planner;
  private final Chain.Task task;
  private final ChainHops hops;
  private final ChainEpochs epochs;
  private final ChainSteps steps;

  /** Those of the repair under way whose hop behind has not answered yet. */
  private final List<Run> announced = new ArrayList<>();

  /** Those whose hops have been asked. */
  private final List<Run> opening = new ArrayList<>();

  private final List<Receipt.Replaced> replaced = new ArrayList<>();

  ChainRepair(
      PeerNetwork network,
      ChainPlanner planner,
      Chain.Task task,
      ChainHops hops,
      ChainEpochs epochs,
      ChainSteps steps) {
    this.network = network;
    this.planner = planner;
    this.task = task;
    this.hops = hops;
    this.epochs = epochs;
    this.steps = steps;
  }

  /** Hops that served for a while and then no more. */
  List<Receipt.Replaced> replaced() {
    return List.copyOf(replaced);
  }

  /** Marks a hop as lost, and frees its peer's seats: of two, the other one is lost with it. */
  void drop(ChainHop hop) {
    if (hop.state == ChainHop.State.LOST) {
      return;
    }
    hops.stream().filter(each -> each.peer().equals(hop.peer())).forEach(this::mark);
    network.send(hop.peer(), new Message.Close(task.session()));
  }

  private void mark(ChainHop hop) {
    if (hop.state == ChainHop.State.LIVE && steps.settled() > hop.servesFrom) {
      replaced.add(
          new Receipt.Replaced(hop.peer(), hop.plan.range(), hop.servesFrom, steps.settled()));
    }
    hop.state = ChainHop.State.LOST;
  }

  /** Gives up what is under way, to begin an epoch of its own with {@link #plan}. */
  void abandon() {
    announced.clear();
    opening.clear();
    hops.stream().filter(hop -> hop.state == ChainHop.State.NEW).forEach(this::drop);
    epochs.next();
  }

  /** Plans who replaces what is lost. Gives false if no peers fit. */
  boolean plan() {
    boolean whole = hops.live().findAny().isEmpty();
    return (!whole && replaceLost()) || replaceAll();
  }

  /** Plans new hops for the lost ones. Gives false, and changes nothing, if there are none. */
  private boolean replaceLost() {
    Set<PeerId> live = new HashSet<>();
    hops.live().forEach(hop -> live.add(hop.peer()));
    List<ChainHop> repaired = new ArrayList<>();
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < hops.size(); ) {
      if (hops.get(i).state == ChainHop.State.LIVE) {
        repaired.add(hops.get(i++));
        continue;
      }
      int end = i;
      while (end < hops.size() && hops.get(end).state == ChainHop.State.LOST) {
        end++;
      }
      LayerRange first = hops.get(i).plan.range();
      LayerRange last = hops.get(end - 1).plan.range();
      LayerRange gap = new LayerRange(first.embeds(), first.from(), last.to(), last.heads());
      List<ChainHop> fresh = planned(gap, live);
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
    hops.replace(repaired);
    announced.addAll(runs);
    return true;
  }

  /** Plans a whole new chain, which computes everything again. */
  private boolean replaceAll() {
    hops.live().forEach(this::drop);
    steps.restart();
    List<ChainHop> fresh = planned(LayerRange.whole(task.layers()), Set.of());
    hops.replace(fresh);
    if (!fresh.isEmpty()) {
      announced.add(new Run(fresh, null, null));
    }
    return !fresh.isEmpty();
  }

  private List<ChainHop> planned(LayerRange range, Set<PeerId> without) {
    return planner.plan(range, task.maxPositions(), without).stream().map(ChainHop::new).toList();
  }

  /** Asks the hops behind the new ones how far they are; where there is none, the new ones. */
  void begin() {
    for (Run run : List.copyOf(announced)) {
      if (run.behind == null) {
        announced.remove(run);
        open(run, 0);
      } else {
        rewire(run.behind, Optional.of(run.hops.getLast().peer()), Optional.empty());
      }
    }
  }

  private void rewire(
      ChainHop neighbour, Optional<PeerId> upstream, Optional<Message.Contact> next) {
    network.send(
        neighbour.peer(), new Message.Rewire(task.session(), epochs.now(), upstream, next, 0));
  }

  /** A hop behind new ones says how far it has computed. */
  void rewired(PeerId from, int hopLength) {
    for (Run run : List.copyOf(announced)) {
      if (run.behind != null && run.behind.peer().equals(from)) {
        announced.remove(run);
        // What it has of the latest step may be of a draft that was wrong: that goes again.
        open(run, Math.min(hopLength, steps.settled()));
      }
    }
  }

  private void open(Run run, int sendFrom) {
    opening.add(run);
    for (int i = 0; i < run.hops.size(); i++) {
      ChainHop hop = run.hops.get(i);
      boolean last = i == run.hops.size() - 1;
      @Nullable ChainHop before = i == 0 ? run.before : run.hops.get(i - 1);
      @Nullable ChainHop next = last ? run.behind : run.hops.get(i + 1);
      hop.since = epochs.now();
      network.know(hop.peer(), hop.plan.addresses());
      network.send(
          hop.peer(),
          new Message.Open(
              task.session(),
              epochs.now(),
              task.model(),
              hop.plan.range(),
              task.maxPositions(),
              before == null ? network.self() : before.peer(),
              Optional.ofNullable(next).map(ChainHop::contact),
              last ? sendFrom : 0,
              hop.plan.range().heads() ? Optional.of(steps.sampling()) : Optional.empty()));
      if (hop.plan.range().heads()) {
        steps.introduce(hop);
      }
    }
  }

  /**
   * A new hop has taken its seat.
   *
   * @param hadTokens whether the answer has begun
   */
  void opened(PeerId from, boolean hadTokens) {
    for (Run run : List.copyOf(opening)) {
      run.hops.stream().filter(hop -> hop.peer().equals(from)).forEach(hop -> hop.opened = true);
      if (run.isOpen()) {
        opening.remove(run);
        for (ChainHop hop : run.hops) {
          hop.state = ChainHop.State.LIVE;
          hop.servesFrom = hadTokens ? steps.settled() : 0;
        }
        feed(run);
      }
    }
  }

  /** Has the hop before replay into new hops. */
  private void feed(Run run) {
    if (run.before == null) {
      steps.replay(hops);
    } else {
      rewire(run.before, Optional.empty(), Optional.of(run.hops.getFirst().contact()));
    }
  }

  /** Whether all new hops have their seats. */
  boolean isDone() {
    return announced.isEmpty() && opening.isEmpty();
  }

  /** Who has not answered yet. */
  Set<PeerId> late() {
    Set<PeerId> late = new HashSet<>();
    announced.stream()
        .flatMap(run -> Optional.ofNullable(run.behind).stream())
        .forEach(hop -> late.add(hop.peer()));
    opening.stream()
        .flatMap(run -> run.hops.stream())
        .filter(hop -> !hop.opened)
        .forEach(hop -> late.add(hop.peer()));
    return late;
  }
}
