package org.folkmoot.route;

import java.util.HashSet;
import java.util.Set;
import org.folkmoot.wire.PeerId;

/**
 * What a client asks of a chain beyond that it is cheap.
 *
 * @param pinned if not empty, no other peers are used
 * @param preferred peers whose cost counts half
 * @param refused peers that are never used
 * @param positions places in the KV cache that the session needs at each hop
 */
public record RouteConstraints(
    Set<PeerId> pinned, Set<PeerId> preferred, Set<PeerId> refused, int positions) {
  /** Any peers will do. */
  public static final RouteConstraints NONE = new RouteConstraints(Set.of(), Set.of(), Set.of(), 0);

  /** Copies. */
  public RouteConstraints {
    pinned = Set.copyOf(pinned);
    preferred = Set.copyOf(preferred);
    refused = Set.copyOf(refused);
  }

  /** The same, with some peers refused besides. */
  public RouteConstraints refusing(Set<PeerId> more) {
    Set<PeerId> all = new HashSet<>(refused);
    all.addAll(more);
    return new RouteConstraints(pinned, preferred, all, positions);
  }

  /** The same for a session of so many positions. */
  public RouteConstraints needing(int positions) {
    return new RouteConstraints(pinned, preferred, refused, positions);
  }

  boolean allow(PeerOffer peer) {
    return !peer.measured().banned()
        && !refused.contains(peer.peer())
        && (pinned.isEmpty() || pinned.contains(peer.peer()))
        && peer.offer().freePositions() >= positions;
  }
}
