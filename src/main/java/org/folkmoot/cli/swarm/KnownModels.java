package org.folkmoot.cli.swarm;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.folkmoot.route.Coverage;
import org.folkmoot.route.SwarmView;
import org.folkmoot.session.PeerScores;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;

/**
 * The models that peers of the swarm offer. On the loop only.
 *
 * @param self what this node itself serves under a name is what it means by it
 * @param announcements of all that live, as far as known
 */
record KnownModels(
    PeerId self, Supplier<Collection<Announcement>> announcements, PeerScores scores) {
  /** What tells apart what peers say under one name. */
  private record Kind(ModelId model, int layers) {}

  /** How many say it, and one of them. */
  private record Votes(Offer offer, int peers, boolean own) {
    Votes and(Votes other) {
      return new Votes(own ? offer : other.offer, peers + other.peers, own || other.own);
    }
  }

  /**
   * What is offered under a name, with or without its tag, or under a hash. What this machine knows
   * by that name is told apart by its hash. Else a name is what this node serves by it, then what
   * is served whole, then what most peers call so: a single one cannot take it from the others.
   */
  Optional<Offer> named(ModelWish wish) {
    Map<Kind, Votes> kinds = new HashMap<>();
    for (Announcement announcement : announcements.get()) {
      announcement.offers().stream()
          .filter(offer -> isMeant(wish, offer))
          .distinct()
          .forEach(offer ->
              kinds.merge(
                  new Kind(offer.model(), offer.modelLayers()),
                  new Votes(offer, 1, announcement.peer().equals(self)),
                  Votes::and));
    }
    return kinds.values().stream()
        .max(
            Comparator.comparing(Votes::own)
                .thenComparing(votes -> isComplete(votes.offer))
                .thenComparingInt(Votes::peers)
                .thenComparing(votes -> votes.offer.model()))
        .map(Votes::offer);
  }

  private static boolean isMeant(ModelWish wish, Offer offer) {
    String hash = offer.model().sha256().hex();
    return wish.sha256()
        .map(hash::equals)
        .orElseGet(() ->
            offer.modelName().equals(wish.name())
                || offer.modelName().startsWith(wish.name() + ":")
                || hash.equals(wish.name()));
  }

  /** Whether peers hold all layers of a model together. */
  boolean isComplete(Offer offer) {
    SwarmView view = SwarmView.of(offer.model(), announcements.get(), scores::measured);
    return Coverage.of(view, offer.modelLayers()).complete();
  }
}
