package org.folkmoot.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.Bounded;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * What keeps this machine from peers that answer: a clock that is off, another version of the
 * protocol, another swarm. Without a word about it a person sees only that nobody is there. On the
 * loop only.
 */
final class Misfits {
  /** Those that were met last. */
  private static final int MAX_PEERS = 64;

  /** Half of what {@link Membership#MAX_SKEW_MILLIS} puts up with: in time to set a clock. */
  private static final long NOTABLE_MILLIS = Membership.MAX_SKEW_MILLIS / 2;

  /** By how much peers are ahead of us. */
  private final Map<PeerId, Long> aheadMillis = new Bounded<>(MAX_PEERS);

  /** Peers that we dialled in vain, and why. */
  private final Map<PeerId, Message.Reason> turnedAway = new Bounded<>(MAX_PEERS);

  /** A peer of our swarm has said what time it has. */
  void met(PeerId peer, long ahead) {
    aheadMillis.put(peer, ahead);
    turnedAway.remove(peer);
  }

  /** A link that we dialled has ended. */
  void ended(PeerId peer, Message.Reason reason) {
    if (reason == Message.Reason.VERSION || reason == Message.Reason.SWARM) {
      turnedAway.put(peer, reason);
    }
  }

  /** A line for each, for a person; empty if all is well. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    List<Long> off =
        aheadMillis.values().stream()
            .filter(ahead -> Math.abs(ahead) > NOTABLE_MILLIS)
            .sorted()
            .toList();
    // Of a single clock among many its own machine is told.
    if (2 * off.size() > aheadMillis.size()) {
      lines.add(
          "this machine's clock and that of %s differ by %d minutes: set it, for peers do not see each other when it is more than %d"
              .formatted(
                  peers(off.size()),
                  Math.round(Math.abs(off.get(off.size() / 2)) / 60_000.0),
                  Membership.MAX_SKEW_MILLIS / 60_000));
    }
    int others = count(Message.Reason.VERSION);
    if (others > 0) {
      lines.add(
          "%s of this swarm: another version of Folkmoot, which does not understand this one: update the older"
              .formatted(peers(others)));
    }
    int elsewhere = count(Message.Reason.SWARM);
    if (elsewhere > 0) {
      lines.add(
          "%s at the addresses of this swarm: of another swarm now: ask a member for a new invite"
              .formatted(peers(elsewhere)));
    }
    return lines;
  }

  private int count(Message.Reason reason) {
    return (int) turnedAway.values().stream().filter(reason::equals).count();
  }

  private static String peers(int count) {
    return count == 1 ? "1 peer" : count + " peers";
  }
}
