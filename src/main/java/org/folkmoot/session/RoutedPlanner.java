package org.folkmoot.session;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.folkmoot.route.ChainRouter;
import org.folkmoot.route.ModelNeed;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.route.SwarmView;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;

/** Plans by the swarm's announcements and what was measured. */
public final class RoutedPlanner implements ChainPlanner {
  /**
   * A model as far as routes need it.
   *
   * @param bytesPerToken of a hidden state
   * @param headLayers what the head costs, in layers
   */
  public record Shape(ModelId model, int layers, int bytesPerToken, double headLayers) {}

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
      Shape shape,
      Supplier<Collection<Announcement>> announcements,
      PeerScores scores,
      RouteConstraints constraints,
      long salt) {
    this.shape = shape;
    this.announcements = announcements;
    this.scores = scores;
    this.constraints = constraints;
    this.salt = salt;
  }

  @Override
  public List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without) {
    SwarmView view = SwarmView.of(shape.model, announcements.get(), scores::measured);
    Set<PeerId> refused = new HashSet<>(without);
    for (var peer : view.peers()) {
      if (peer.measured().banned()) {
        refused.add(peer.peer());
      }
    }
    ModelNeed need =
        new ModelNeed(shape.model, shape.layers, shape.bytesPerToken, shape.headLayers, range);
    return ChainRouter.choose(view, need, constraints.refusing(refused).needing(positions), salt)
        .map(route ->
            route.hops().stream()
                .map(hop -> new HopPlan(hop.peer(), hop.range(), hop.addresses()))
                .toList())
        .orElse(List.of());
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
  public void computed(PeerId peer, int layers, int tokens, long computeNanos) {
    scores.computed(peer, layers, tokens, computeNanos);
  }
}
