package org.folkmoot.route;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.route.Route.Hop;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;

/**
 * Chooses the chain of peers that takes the least time per token.
 *
 * <p>A peer in the chain costs its way, its queue, what it failed before, and its share of the
 * layers at its pace. The way between two hops is not known to a client; it is taken as the mean of
 * its own ways to the two, so that each hop's cost is its own, and the cheapest chain to each layer
 * extends those to the layers before (dynamic programming; time grows with peers × layers).
 */
public final class ChainRouter {
  /** Transport and framing of a hop: among equals, the fewer the better. */
  private static final long HOP_NANOS = 300_000;

  /** A peer that failed once seems so much farther away, twice four times as much. */
  private static final long FAILURE_NANOS = 50_000_000;

  /** More failures make no difference. */
  private static final int MOST_FAILURES = 8;

  /** Keeps sums of nonsense (a queue of years) from overflowing: some 12 days. */
  private static final long MOST_NANOS = 1L << 50;

  private static final long NONE = Long.MAX_VALUE;

  /** A peer with its costs in nanoseconds. */
  private record Node(
      PeerOffer peer, int from, int to, long fixed, long atEnd, long perWeight, long order) {}

  private final Units units;
  private final List<Node> nodes;
  private final int start;
  private final int end;
  // Of the cheapest chain up to each unit: its cost, its length, its last hop and where that began.
  private final long[] cost;
  private final int[] hops;
  private final int[] via;
  private final int[] begin;

  private ChainRouter(Units units, List<Node> nodes, LayerRange wanted) {
    this.units = units;
    this.nodes = nodes;
    start = units.from(wanted);
    end = units.to(wanted);
    cost = new long[units.count() + 1];
    hops = new int[cost.length];
    via = new int[cost.length];
    begin = new int[cost.length];
  }

  /**
   * The cheapest chain that covers what is wanted within the constraints; empty if there is none.
   * The same arguments give the same chain.
   *
   * @param salt decides between chains of equal cost: clients with different ones spread
   */
  public static Optional<Route> choose(
      SwarmView view, ModelNeed need, RouteConstraints constraints, long salt) {
    Units units = Units.of(need.layers(), 0, need.headLayers());
    ChainRouter router =
        new ChainRouter(units, nodes(view, need, constraints, salt), need.wanted());
    return router.search() ? Optional.of(router.route()) : Optional.empty();
  }

  /**
   * The first part of what is wanted that no peer within the constraints serves: what to tell a
   * person for whom there is no chain. Empty if there is a chain.
   */
  public static Optional<LayerRange> missing(
      SwarmView view, ModelNeed need, RouteConstraints constraints) {
    Units units = Units.of(need.layers(), 0, need.headLayers());
    int end = units.to(need.wanted());
    boolean[] served = new boolean[units.count()];
    for (Node node : nodes(view, need, constraints, 0)) {
      Arrays.fill(served, node.from, node.to, true);
    }
    int from = units.from(need.wanted());
    while (from < end && served[from]) {
      from++;
    }
    int to = from;
    while (to < end && !served[to]) {
      to++;
    }
    return from == end ? Optional.empty() : Optional.of(units.range(from, to));
  }

  private static List<Node> nodes(
      SwarmView view, ModelNeed need, RouteConstraints constraints, long salt) {
    Estimates estimates = Estimates.of(view);
    Units units = Units.of(need.layers(), 0, need.headLayers());
    List<Node> nodes = new ArrayList<>();
    for (PeerOffer peer : view.peers()) {
      if (constraints.allow(peer)
          && peer.offer().model().equals(need.model())
          && peer.offer().modelLayers() == need.layers()) {
        nodes.add(node(peer, units, need, constraints, estimates, salt));
      }
    }
    nodes.sort(Comparator.comparingLong(Node::order).thenComparing(node -> node.peer.peer()));
    return nodes;
  }

  private static Node node(
      PeerOffer peer,
      Units units,
      ModelNeed need,
      RouteConstraints constraints,
      Estimates estimates,
      long salt) {
    // Half of its round trip to and from the middle; at an end of the chain another quarter.
    long rtt = Math.min(MOST_NANOS, estimates.rttNanos(peer));
    long failures = Math.min(MOST_FAILURES, peer.measured().failures());
    long fixed =
        HOP_NANOS
            + rtt / 2
            + Math.min(MOST_NANOS, estimates.queueNanos(peer))
            + estimates.transferNanos(peer, need.bytesPerToken())
            + FAILURE_NANOS * failures * failures;
    long perWeight = Math.round(1e9 / Units.PER_LAYER / estimates.layersPerSecond(peer));
    int share = constraints.preferred().contains(peer.peer()) ? RouteConstraints.PREFERENCE : 1;
    return new Node(
        peer,
        units.from(peer.offer().range()),
        units.to(peer.offer().range()),
        fixed / share,
        rtt / 4 / share,
        perWeight / share,
        order(peer.peer(), salt));
  }

  /** A place among equals that differs from salt to salt (the finaliser of MurmurHash3). */
  private static long order(PeerId peer, long salt) {
    byte[] id = peer.key().bytes();
    long mixed = salt;
    for (int i = 0; i < Hash32.BYTES; i++) {
      mixed = (mixed ^ id[i]) * 0xff51afd7ed558ccdL;
      mixed ^= mixed >>> 33;
    }
    return mixed;
  }

  private boolean search() {
    Arrays.fill(cost, NONE);
    cost[start] = 0;
    // For each node, the best place to have begun it: the cost up to there less the layers before.
    long[] bestValue = new long[nodes.size()];
    int[] bestBegin = new int[nodes.size()];
    Arrays.fill(bestValue, NONE);
    for (int unit = start + 1; unit <= end; unit++) {
      for (int i = 0; i < nodes.size(); i++) {
        Node node = nodes.get(i);
        if (unit > node.from && unit <= node.to) {
          begin(i, unit - 1, bestValue, bestBegin);
          extend(i, unit, bestValue[i], bestBegin[i]);
        }
      }
    }
    return cost[end] < NONE;
  }

  private void begin(int i, int at, long[] bestValue, int[] bestBegin) {
    if (cost[at] == NONE) {
      return;
    }
    Node node = nodes.get(i);
    long value =
        cost[at] - node.perWeight * units.weightBefore(at) + (at == start ? node.atEnd : 0);
    if (bestValue[i] == NONE
        || value < bestValue[i]
        || (value == bestValue[i] && hops[at] < hops[bestBegin[i]])) {
      bestValue[i] = value;
      bestBegin[i] = at;
    }
  }

  private void extend(int i, int unit, long value, int from) {
    if (value == NONE) {
      return;
    }
    Node node = nodes.get(i);
    long total =
        value
            + node.perWeight * units.weightBefore(unit)
            + node.fixed
            + (unit == end ? node.atEnd : 0);
    int length = hops[from] + 1;
    if (total < cost[unit] || (total == cost[unit] && length < hops[unit])) {
      cost[unit] = total;
      hops[unit] = length;
      via[unit] = i;
      begin[unit] = from;
    }
  }

  private Route route() {
    List<Hop> chain = new ArrayList<>();
    int unit = end;
    while (unit > start) {
      PeerOffer peer = nodes.get(via[unit]).peer;
      // A chain may come back to a peer around a faster one with few layers. It has one seat for a
      // session, and holds all between: it computes that, too.
      int to = unit;
      for (int i = 0; i < chain.size(); i++) {
        if (chain.get(i).peer().equals(peer.peer())) {
          to = units.to(chain.get(i).range());
          chain.subList(0, i + 1).clear();
        }
      }
      chain.addFirst(new Hop(peer.peer(), units.range(begin[unit], to), peer.addresses()));
      unit = begin[unit];
    }
    return new Route(chain, cost[end]);
  }
}
