package org.folkmoot.moot;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.wire.PeerId;

/** Who has whom vote. A chain that bites its tail leads to no vote of its own, and does no harm. */
final class Delegations {
  private final SortedMap<PeerId, PeerId> to;

  /** As of a moment. */
  Delegations(Map<PeerId, PeerId> to) {
    this.to = new TreeMap<>(to);
  }

  /** Whether a member's weight goes where another's vote goes, directly or over others. */
  boolean leads(PeerId member, PeerId voter) {
    Set<PeerId> passed = new HashSet<>();
    PeerId at = to.get(member);
    while (at != null && passed.add(at)) {
      if (at.equals(voter)) {
        return true;
      }
      at = to.get(at);
    }
    return false;
  }
}
