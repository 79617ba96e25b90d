package org.folkmoot.serve;

import java.util.Map;
import org.folkmoot.base.Bounded;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.TokenBucket;
import org.folkmoot.wire.PeerId;

/**
 * How often clients may have a hop dial somebody. Whom a session's outputs go to is the client's
 * choice, and so are the addresses: without a pace, whoever opens and closes sessions could have a
 * node knock at strangers' doors all day, and would leave it no dials for its own affairs.
 *
 * <p>Keys are free, so one pace holds for each client and one for all together. Many keys can use
 * up the latter: sessions whose next hop is linked already go on then, others wait.
 */
final class DialPace {
  /** Chains of one client that go to as many other peers at once. */
  private static final int CLIENT_AT_ONCE = 16;

  private static final double CLIENT_PER_SECOND = 1;

  /** With what a dial to nowhere takes, some 8 s, at most half of the 256 that a node may have. */
  private static final int ALL_AT_ONCE = 64;

  private static final double ALL_PER_SECOND = 8;

  /** More clients are not told apart: the one that asked longest ago begins anew. */
  private static final int MAX_CLIENTS = 1024;

  private final PeerNetwork network;
  private final TokenBucket all;
  private final Map<PeerId, TokenBucket> clients = new Bounded<>(MAX_CLIENTS);

  DialPace(PeerNetwork network) {
    this.network = network;
    all = new TokenBucket(ALL_AT_ONCE, ALL_PER_SECOND, network.loop().nanoTime());
  }

  /** Whether a client may have a peer dialled now, or that is not necessary. */
  boolean allows(PeerId client, PeerId next) {
    if (next.equals(network.self()) || network.connected().contains(next)) {
      return true;
    }
    long now = network.loop().nanoTime();
    return clients
            .computeIfAbsent(client, _ -> new TokenBucket(CLIENT_AT_ONCE, CLIENT_PER_SECOND, now))
            .take(1, now)
        && all.take(1, now);
  }
}
