package org.folkmoot.route;

import java.util.HashSet;
import java.util.Set;
import org.folkmoot.wire.PeerId;

/**
 * What a client asks of a chain beyond that it is cheap.
 *
 * @param pinned if not empty, no other peers are used
 * @param preferred peers whose cost is divided by {@link #PREFERENCE}
 * @param refused peers that are never used
 * @param positions places in the KV cache that the session needs at each hop
 * @param undeclared whether only peers are used whose operators declare no policy
 */
public record RouteConstraints(
    Set<PeerId> pinned,
    Set<PeerId> preferred,
    Set<PeerId> refused,
    int positions,
    boolean undeclared) {
  /** Ten times: what peers say of their speed before they have worked differs by that much. */
  public static final int PREFERENCE = 10;

  /** Any peers will do. */
  public static final RouteConstraints NONE = new RouteConstraints(Set.of(), Set.of(), Set.of(), 0);

  /** Peers with and without policies. */
  public RouteConstraints(
      Set<PeerId> pinned, Set<PeerId> preferred, Set<PeerId> refused, int positions) {
    this(pinned, preferred, refused, positions, false);
  }

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
    return new RouteConstraints(pinned, preferred, all, positions, undeclared);
  }

  /** The same for a session of so many positions. */
  public RouteConstraints needing(int positions) {
    return new RouteConstraints(pinned, preferred, refused, positions, undeclared);
  }

  /** The same, without peers whose operators declare a policy. */
  public RouteConstraints withoutPolicies() {
    return new RouteConstraints(pinned, preferred, refused, positions, true);
  }

  boolean allow(PeerOffer peer) {
    return !peer.measured().banned()
        && !refused.contains(peer.peer())
        && !(undeclared && peer.policy().isPresent())
        && (pinned.isEmpty() || pinned.contains(peer.peer()))
        && peer.offer().freePositions() >= positions;
  }
}
