package org.folkmoot.route;

import java.util.List;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * A chain of peers that together compute what is wanted; no peer stands in it twice.
 *
 * @param hops in the order of their layers, each beginning where the one before ends
 * @param nanosPerToken what a token is expected to take
 */
public record Route(List<Hop> hops, long nanosPerToken) {
  /** Copies. */
  public Route {
    hops = List.copyOf(hops);
  }

  /**
   * A peer's part.
   *
   * @param range what it computes
   * @param addresses where it can be dialled, best first
   */
  public record Hop(PeerId peer, LayerRange range, List<PeerAddress> addresses) {
    /** Copies. */
    public Hop {
      addresses = List.copyOf(addresses);
    }
  }
}
