package org.folkmoot.session;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** The hops of a chain, in the order of their layers. */
final class ChainHops {
  /** What a token may take on top: pauses of a machine that does something else, too. */
  private static final long CREDIT_NANOS = 20_000_000;

  private final List<ChainHop> hops = new ArrayList<>();

  ChainHop first() {
    return hops.getFirst();
  }

  ChainHop last() {
    return hops.getLast();
  }

  ChainHop get(int index) {
    return hops.get(index);
  }

  int size() {
    return hops.size();
  }

  boolean isEmpty() {
    return hops.isEmpty();
  }

  Stream<ChainHop> stream() {
    return hops.stream();
  }

  Stream<ChainHop> live() {
    return hops.stream().filter(hop -> hop.state == ChainHop.State.LIVE);
  }

  boolean all(Predicate<ChainHop> holds) {
    return hops.stream().allMatch(holds);
  }

  List<HopPlan> plans() {
    return hops.stream().map(hop -> hop.plan).toList();
  }

  Set<PeerId> peers() {
    Set<PeerId> peers = new HashSet<>();
    hops.forEach(hop -> peers.add(hop.peer()));
    return peers;
  }

  /** Whether a peer is a hop that is not lost. */
  boolean has(PeerId peer) {
    return hops.stream()
        .anyMatch(hop -> hop.peer().equals(peer) && hop.state != ChainHop.State.LOST);
  }

  /** The hop of a peer that begins with a layer. */
  @Nullable ChainHop find(PeerId peer, int fromLayer) {
    for (ChainHop hop : hops) {
      if (hop.peer().equals(peer) && hop.plan.range().from() == fromLayer) {
        return hop;
      }
    }
    return null;
  }

  /** The same for exactly these layers: the peer may have had another seat of the session. */
  @Nullable ChainHop find(PeerId peer, int fromLayer, int toLayer) {
    ChainHop hop = find(peer, fromLayer);
    return hop != null && hop.plan.range().to() == toLayer ? hop : null;
  }

  /** Whether one peer sends straight to another. */
  boolean areNeighbours(PeerId before, PeerId behind) {
    for (int i = 0; i + 1 < hops.size(); i++) {
      if (hops.get(i).peer().equals(before) && hops.get(i + 1).peer().equals(behind)) {
        return true;
      }
    }
    return false;
  }

  /** The hop that sends to another; itself for the first. */
  ChainHop before(ChainHop hop) {
    return hops.get(Math.max(0, hops.indexOf(hop) - 1));
  }

  /** Where one of our own hops lacks something, or was given nonsense, it is who sends to it. */
  ChainHop sender(ChainHop accused, PeerId self) {
    return accused.peer().equals(self) ? before(accused) : accused;
  }

  /** Whether a peer has both ends. */
  boolean areEndsAt(PeerId peer) {
    return hops.size() > 1 && first().peer().equals(peer) && last().peer().equals(peer);
  }

  /**
   * Holds what the hops say of themselves against the time that a token took. Twice their words and
   * their round trips explain it; what is beyond is some hop's, and as nobody can tell whose, each
   * is charged a part: who is in slow chains only comes to be slow, however fast it says it is.
   *
   * @param roundTrip nanoseconds to a peer
   */
  void charge(long tokenNanos, ToLongFunction<PeerId> roundTrip) {
    if (hops.isEmpty() || !all(ChainHop::hasTold)) {
      return;
    }
    long explained = CREDIT_NANOS;
    for (ChainHop hop : hops) {
      explained += 2 * (hop.nanosPerToken() + roundTrip.applyAsLong(hop.peer()));
    }
    long each = Math.max(0, tokenNanos - explained) / hops.size();
    hops.forEach(hop -> hop.charge(each));
  }

  void replace(List<ChainHop> others) {
    hops.clear();
    hops.addAll(others);
  }
}
