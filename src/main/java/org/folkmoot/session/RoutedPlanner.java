package org.folkmoot.session;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.route.ChainRouter;
import org.folkmoot.route.ModelNeed;
import org.folkmoot.route.Route;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.route.SwarmView;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;

/** Plans by the swarm's announcements and what was measured. */
public final class RoutedPlanner implements ChainPlanner {
  /** A chain of known peers is taken unless it is so many times slower than one with strangers. */
  private static final double WORTH_A_RISK = 1.5;

  /** Chains in reserve: two machines of a house or a rack are often lost together. */
  private static final int STANDBY = 2;

  /**
   * A model as far as routes need it.
   *
   * @param bytesPerToken of a hidden state
   * @param headLayers what the head costs, in layers
   */
  public record Shape(ModelId model, int layers, int bytesPerToken, double headLayers) {}

  private final PeerNetwork network;
  private final Shape shape;
  private final Supplier<Collection<Announcement>> announcements;
  private final PeerScores scores;
  private final RouteConstraints constraints;
  private final long salt;

  /**
   * A planner for one answer.
   *
   * @param announcements of peers that live, as far as known
   * @param constraints what the person wants or refuses
   * @param salt spreads clients over equal peers
   */
  public RoutedPlanner(
      PeerNetwork network,
      Shape shape,
      Supplier<Collection<Announcement>> announcements,
      PeerScores scores,
      RouteConstraints constraints,
      long salt) {
    this.network = network;
    this.shape = shape;
    this.announcements = announcements;
    this.scores = scores;
    this.constraints = constraints;
    this.salt = salt;
  }

  /**
   * The cheapest chain; but one of peers to whom there is a link now, if it is not much dearer. A
   * stranger may be gone without anybody knowing, and finding that out takes seconds.
   *
   * <p>Besides, links are made to those who come next. So when hops are lost, there are others who
   * are known to live; and of several strangers that are gone, all are found out at once.
   */
  @Override
  public List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without) {
    SwarmView view = SwarmView.of(shape.model, announcements.get(), scores::measured);
    RouteConstraints usual = constraints.refusing(without).needing(positions);
    Optional<Route> cheapest = choose(view, range, usual);
    if (cheapest.isEmpty()) {
      return List.of();
    }
    Route route =
        choose(view, range, usual.refusing(strangers(view)))
            .filter(known -> known.nanosPerToken() < WORTH_A_RISK * cheapest.get().nanosPerToken())
            .orElse(cheapest.get());
    prepareOthers(view, range, usual, route);
    return route.hops().stream()
        .map(hop -> new HopPlan(hop.peer(), hop.range(), hop.addresses()))
        .toList();
  }

  private Optional<Route> choose(SwarmView view, LayerRange range, RouteConstraints within) {
    ModelNeed need =
        new ModelNeed(shape.model, shape.layers, shape.bytesPerToken, shape.headLayers, range);
    return ChainRouter.choose(view, need, within, salt);
  }

  private Set<PeerId> strangers(SwarmView view) {
    Set<PeerId> strangers = new HashSet<>();
    view.peers().forEach(offer -> strangers.add(offer.peer()));
    strangers.removeAll(network.connected());
    strangers.remove(network.self());
    return strangers;
  }

  private void prepareOthers(
      SwarmView view, LayerRange range, RouteConstraints usual, Route route) {
    Set<PeerId> taken = new HashSet<>();
    Optional<Route> latest = Optional.of(route);
    for (int i = 0; i < STANDBY && latest.isPresent(); i++) {
      latest.get().hops().forEach(hop -> taken.add(hop.peer()));
      latest = choose(view, range, usual.refusing(taken));
      for (Route.Hop hop : latest.map(Route::hops).orElse(List.of())) {
        network.hint(hop.peer(), hop.addresses());
        network.connect(hop.peer());
      }
    }
  }

  @Override
  public void failed(PeerId peer, Message.Reason reason) {
    scores.failed(peer, reason);
  }

  @Override
  public void busy(PeerId peer, long retryAfterMillis) {
    scores.busy(peer, retryAfterMillis);
  }

  @Override
  public void computed(PeerId peer, int layers, int single, long nanos) {
    scores.computed(peer, layers, single, nanos);
  }
}
