package org.folkmoot.session;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * Plans a chain that is cut where an earlier one was, so that what the two state can be compared at
 * every cut.
 */
final class SameCuts implements ChainPlanner {
  private final ChainPlanner planner;
  private final List<Receipt.Hop> before;

  private final boolean byOthers;

  private SameCuts(ChainPlanner planner, List<Receipt.Hop> before, boolean byOthers) {
    this.planner = planner;
    this.before = List.copyOf(before);
    this.byOthers = byOthers;
  }

  /** Each part goes to another peer than before, if there is one. */
  static SameCuts byOthers(ChainPlanner planner, List<Receipt.Hop> before) {
    return new SameCuts(planner, before, true);
  }

  /** Each part goes to the very peer that had it. */
  static SameCuts bySame(ChainPlanner planner, List<Receipt.Hop> before) {
    return new SameCuts(planner, before, false);
  }

  @Override
  public List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without) {
    List<HopPlan> chain = new ArrayList<>();
    Set<PeerId> taken = new HashSet<>(without);
    for (Receipt.Hop hop : before) {
      LayerRange part = hop.range();
      if (!range.covers(part)) {
        continue;
      }
      Set<PeerId> unwanted = new HashSet<>(taken);
      if (byOthers) {
        unwanted.add(hop.peer());
      } else {
        before.stream()
            .filter(other -> !other.equals(hop))
            .forEach(other -> unwanted.add(other.peer()));
      }
      List<HopPlan> found = planner.plan(part, positions, unwanted);
      if (found.isEmpty() && byOthers) {
        found = planner.plan(part, positions, taken);
      }
      if (found.isEmpty()) {
        return List.of();
      }
      found.forEach(next -> taken.add(next.peer()));
      chain.addAll(found);
    }
    return chain;
  }

  @Override
  public void failed(PeerId peer, Message.Reason reason) {
    planner.failed(peer, reason);
  }

  @Override
  public void busy(PeerId peer, long retryAfterMillis) {
    planner.busy(peer, retryAfterMillis);
  }

  @Override
  public void computed(PeerId peer, int layers, int single, long nanos) {
    planner.computed(peer, layers, single, nanos);
  }
}
