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
 * Plans a chain that is cut where an earlier one was, each part with other peers than before if
 * there are any: so that what two chains state can be compared at every cut.
 */
final class SameCuts implements ChainPlanner {
  private final ChainPlanner planner;
  private final List<Receipt.Hop> before;

  /** Plans as another planner does, part by part. */
  SameCuts(ChainPlanner planner, List<Receipt.Hop> before) {
    this.planner = planner;
    this.before = List.copyOf(before);
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
      Set<PeerId> others = new HashSet<>(taken);
      others.add(hop.peer());
      List<HopPlan> found = planner.plan(part, positions, others);
      if (found.isEmpty()) {
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
  public void computed(PeerId peer, int layers, int tokens, long computeNanos) {
    planner.computed(peer, layers, tokens, computeNanos);
  }
}
