package org.folkmoot.route;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * A peer that serves a span of the model in question.
 *
 * @param addresses where it can be dialled, best first
 * @param offer what it claims
 * @param measured what was measured
 * @param policy hash of what its operator declares to do beyond computing
 */
public record PeerOffer(
    PeerId peer,
    List<PeerAddress> addresses,
    Offer offer,
    Measured measured,
    Optional<Hash32> policy) {
  /** Of a peer whose operator declares nothing. */
  public PeerOffer(PeerId peer, List<PeerAddress> addresses, Offer offer, Measured measured) {
    this(peer, addresses, offer, measured, Optional.empty());
  }

  /** Copies. */
  public PeerOffer {
    addresses = List.copyOf(addresses);
  }
}
