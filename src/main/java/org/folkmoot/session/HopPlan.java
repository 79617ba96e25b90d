package org.folkmoot.session;

import java.util.List;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * A peer and what it is to compute.
 *
 * @param addresses where it may be found, best first
 */
public record HopPlan(PeerId peer, LayerRange range, List<PeerAddress> addresses) {
  /** Copies. */
  public HopPlan {
    addresses = List.copyOf(addresses);
  }
}
