package org.folkmoot.peer.relay;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.folkmoot.base.Bounded;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.DialBack;
import org.folkmoot.wire.Message.DialedBack;
import org.folkmoot.wire.Message.Gossip;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * Finds out whether others can dial this peer, by asking some of them to try. Those on the same
 * local network may well be able to while others are not: so one who is not is enough to need a
 * relay. On the loop only.
 */
final class Reachability implements PeerNetwork.Listener {
  /** Peers whose word counts at a time. */
  private static final int ASKED = 4;

  /** A verdict holds so long: routers and networks change. */
  private static final long HOLDS_NANOS = 600_000_000_000L;

  /** Whoever has not answered by then has too much to do: another is asked, or the same again. */
  private static final long ANSWER_NANOS = 20_000_000_000L;

  private record Verdict(boolean reached, long nanos) {}

  private final Links links;
  private final Supplier<List<PeerAddress>> direct;
  private final Runnable changed;
  private final Map<PeerId, Long> asked = new Bounded<>(ASKED);
  private final Map<PeerId, Verdict> verdicts = new Bounded<>(ASKED);

  /**
   * Asks nobody yet.
   *
   * @param direct where we might be dialled
   * @param changed run when {@link #needsRelay} may be another
   */
  Reachability(Links links, Supplier<List<PeerAddress>> direct, Runnable changed) {
    this.links = links;
    this.direct = direct;
    this.changed = changed;
  }

  /** Whether some peer has lately tried to dial us in vain. */
  boolean needsRelay() {
    long now = links.loop().nanoTime();
    return verdicts.values().stream()
        .anyMatch(verdict -> !verdict.reached && now - verdict.nanos < HOLDS_NANOS);
  }

  /** Asks peers until so many have been asked lately. */
  void ask() {
    long now = links.loop().nanoTime();
    asked
        .entrySet()
        .removeIf(each ->
            now - each.getValue()
                >= (verdicts.containsKey(each.getKey()) ? HOLDS_NANOS / 2 : ANSWER_NANOS));
    for (PeerId peer : links.connected()) {
      if (asked.size() < ASKED && !asked.containsKey(peer) && mayKnow(peer)) {
        asked.put(peer, now);
        links.send(peer, new DialBack(direct.get()));
      }
    }
  }

  /** Whether a peer sees where we are, and listens itself: one that only asks does not try. */
  private boolean mayKnow(PeerId peer) {
    return !links.addresses(peer).isEmpty()
        && links
            .remoteAddress(peer)
            .filter(at -> at.scheme() != PeerAddress.Scheme.RELAY)
            .isPresent();
  }

  @Override
  public void connected(PeerId peer) {
    ask();
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case DialedBack(boolean reached) when asked.containsKey(from) -> {
        verdicts.put(from, new Verdict(reached, links.loop().nanoTime()));
        changed.run();
      }
      // It may have told where it listens.
      case Gossip _ -> ask();
      default -> {
        // Not about reaching.
      }
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    // Its verdict holds; another is asked when this one has left room.
    if (!verdicts.containsKey(peer)) {
      asked.remove(peer);
    }
  }
}
