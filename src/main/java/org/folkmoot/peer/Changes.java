package org.folkmoot.peer;

import java.util.List;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.Offer;

/** What of an announcement is worth telling at once. */
final class Changes {
  /** Numbers that change by less can wait for the next renewal. */
  private static final double MUCH = 2;

  private Changes() {}

  /**
   * Whether offers differ in what a chain is chosen by: other spans, much faster or slower, or much
   * more or less room. Queues are too short-lived to be told.
   */
  static boolean material(List<Offer> before, List<Offer> after) {
    if (before.size() != after.size()) {
      return true;
    }
    for (int i = 0; i < before.size(); i++) {
      Offer old = before.get(i);
      Offer fresh = after.get(i);
      if (!old.model().equals(fresh.model())
          || !old.range().equals(fresh.range())
          || much(old.layersPerSecond(), fresh.layersPerSecond())
          || much(old.freePositions(), fresh.freePositions())) {
        return true;
      }
    }
    return false;
  }

  private static boolean much(double before, double after) {
    return Math.max(before, after) > MUCH * Math.min(before, after);
  }

  /** As much of an announcement as its bytes may hold: the worst addresses go, then offers. */
  static Announcement fitting(Announcement whole) {
    Announcement cut = whole;
    while (MessageCodec.encode(cut).length > Limits.MAX_ANNOUNCEMENT) {
      boolean address = cut.addresses().size() > 1;
      if (!address && cut.offers().isEmpty()) {
        throw new IllegalStateException("an announcement without offers does not fit");
      }
      cut =
          new Announcement(
              cut.swarm(),
              cut.peer(),
              cut.sequence(),
              cut.ttlSeconds(),
              address ? cut.addresses().subList(0, cut.addresses().size() - 1) : cut.addresses(),
              address ? cut.offers() : cut.offers().subList(0, cut.offers().size() - 1),
              cut.policy());
    }
    return cut;
  }
}
