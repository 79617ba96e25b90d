package org.folkmoot.route;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;

/**
 * What is known at one moment of the peers that serve one model: what all choices here look at.
 *
 * @param peers each peer once, in the order of their ids
 */
public record SwarmView(ModelId model, List<PeerOffer> peers) {
  /** Copies and sorts; the first of a peer's entries counts. */
  public SwarmView {
    List<PeerOffer> sorted = new ArrayList<>(peers);
    sorted.sort(Comparator.comparing(PeerOffer::peer));
    for (int i = sorted.size() - 1; i > 0; i--) {
      if (sorted.get(i).peer().equals(sorted.get(i - 1).peer())) {
        sorted.remove(i);
      }
    }
    peers = List.copyOf(sorted);
  }

  /**
   * The view of some announcements. A session has one seat at a peer, so of a peer that offers
   * several spans of the model its longest counts.
   *
   * @param measured what was measured of a peer, {@link Measured#NOTHING} if nothing
   */
  public static SwarmView of(
      ModelId model, Collection<Announcement> announcements, Function<PeerId, Measured> measured) {
    List<PeerOffer> peers = new ArrayList<>();
    for (Announcement announcement : announcements) {
      Optional<Offer> longest =
          announcement.offers().stream()
              .filter(offer -> offer.model().equals(model))
              .max(Comparator.comparingInt(offer -> offer.range().layers()));
      longest.ifPresent(offer ->
          peers.add(
              new PeerOffer(
                  announcement.peer(),
                  announcement.addresses(),
                  offer,
                  measured.apply(announcement.peer()),
                  announcement.policy())));
    }
    return new SwarmView(model, peers);
  }

  /** The view without a peer. */
  public SwarmView without(PeerId peer) {
    return new SwarmView(model, peers.stream().filter(each -> !each.peer().equals(peer)).toList());
  }
}
