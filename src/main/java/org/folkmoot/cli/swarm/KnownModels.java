package org.folkmoot.cli.swarm;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Supplier;
import org.folkmoot.route.Coverage;
import org.folkmoot.route.SwarmView;
import org.folkmoot.session.PeerScores;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Offer;

/**
 * The models that peers of the swarm offer. On the loop only.
 *
 * @param announcements of all that live, as far as known
 */
record KnownModels(Supplier<Collection<Announcement>> announcements, PeerScores scores) {
  /** What is offered under a name, with or without its tag, or under a hash. */
  Optional<Offer> named(String name) {
    return announcements.get().stream()
        .flatMap(announcement -> announcement.offers().stream())
        .filter(offer ->
            offer.modelName().equals(name)
                || offer.modelName().startsWith(name + ":")
                || offer.model().sha256().hex().equals(name))
        .max(Comparator.comparing(this::isComplete).thenComparing(Offer::model));
  }

  /** Whether peers hold all layers of a model together. */
  boolean isComplete(Offer offer) {
    SwarmView view = SwarmView.of(offer.model(), announcements.get(), scores::measured);
    return Coverage.of(view, offer.modelLayers()).complete();
  }
}
