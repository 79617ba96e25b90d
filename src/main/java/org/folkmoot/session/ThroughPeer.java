package org.folkmoot.session;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * Plans a chain in which one peer computes all that it serves, and others what it does not: to see
 * what this peer does. A part that it has lost goes to nobody else.
 *
 * @param one plans over that peer alone
 * @param others plans over the others
 * @param served what the peer serves
 */
record ThroughPeer(ChainPlanner one, ChainPlanner others, PeerId peer, LayerRange served)
    implements ChainPlanner {
  @Override
  public List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without) {
    int from = Math.max(range.from(), served.from());
    int to = Math.min(range.to(), served.to());
    if (from >= to) {
      return others.plan(range, positions, with(without));
    }
    boolean embeds = range.embeds() && served.embeds() && from == range.from();
    boolean heads = range.heads() && served.heads() && to == range.to();
    List<HopPlan> chain = new ArrayList<>();
    boolean whole = true;
    if (from > range.from() || embeds != range.embeds()) {
      LayerRange before = new LayerRange(range.embeds(), range.from(), from, false);
      whole = append(chain, others.plan(before, positions, with(without)));
    }
    LayerRange own = new LayerRange(embeds, from, to, heads);
    whole &= append(chain, one.plan(own, positions, without));
    if (to < range.to() || heads != range.heads()) {
      LayerRange behind = new LayerRange(false, to, range.to(), range.heads());
      Set<PeerId> taken = with(without);
      chain.forEach(hop -> taken.add(hop.peer()));
      whole &= append(chain, others.plan(behind, positions, taken));
    }
    return whole ? chain : List.of();
  }

  private Set<PeerId> with(Set<PeerId> without) {
    Set<PeerId> all = new HashSet<>(without);
    all.add(peer);
    return all;
  }

  private static boolean append(List<HopPlan> chain, List<HopPlan> found) {
    chain.addAll(found);
    return !found.isEmpty();
  }

  @Override
  public void failed(PeerId gone, Message.Reason reason) {
    others.failed(gone, reason);
  }

  @Override
  public void busy(PeerId gone, long retryAfterMillis) {
    others.busy(gone, retryAfterMillis);
  }

  @Override
  public void computed(PeerId by, int layers, int tokens, long computeNanos) {
    others.computed(by, layers, tokens, computeNanos);
  }
}
