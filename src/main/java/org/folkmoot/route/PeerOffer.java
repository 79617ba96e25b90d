package org.folkmoot.route;

import java.util.List;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * A peer that serves a span of the model in question.
 *
 * @param addresses where it can be dialled, best first
 * @param offer what it claims
 * @param measured what was measured
 */
public record PeerOffer(PeerId peer, List<PeerAddress> addresses, Offer offer, Measured measured) {
  /** Copies. */
  public PeerOffer {
    addresses = List.copyOf(addresses);
  }
}
