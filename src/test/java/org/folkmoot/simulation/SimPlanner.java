package org.folkmoot.simulation;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.route.ChainRouter;
import org.folkmoot.route.Measured;
import org.folkmoot.route.ModelNeed;
import org.folkmoot.route.Route;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.route.SwarmView;
import org.folkmoot.session.ChainPlanner;
import org.folkmoot.session.HopPlan;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/** The real router over whatever announcements a client has, and what became of its calls. */
final class SimPlanner implements ChainPlanner {
  /** A peer that failed is left alone for so long, twice as long each time. */
  private static final long BAN_NANOS = 5_000_000_000L;

  private static final int MOST_FAILURES = 5;

  /** What became of a peer. */
  private static final class History {
    int failures;
    long bannedUntil = Long.MIN_VALUE;
  }

  private final PeerNetwork network;
  private final FakeModel model;
  private final Supplier<Collection<Announcement>> announcements;
  private final Map<PeerId, History> records = new HashMap<>();

  SimPlanner(
      PeerNetwork network, FakeModel model, Supplier<Collection<Announcement>> announcements) {
    this.network = network;
    this.model = model;
    this.announcements = announcements;
  }

  @Override
  public List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without) {
    SwarmView view = SwarmView.of(model.id(), announcements.get(), this::measured);
    ModelNeed need = new ModelNeed(model.id(), model.layers(), 4 * FakeModel.DIM, 1, range);
    RouteConstraints constraints = RouteConstraints.NONE.refusing(without).needing(positions);
    return ChainRouter.choose(view, need, constraints, network.self().hashCode())
        .map(Route::hops)
        .orElse(List.of())
        .stream()
        .map(hop -> new HopPlan(hop.peer(), hop.range(), hop.addresses()))
        .toList();
  }

  private Measured measured(PeerId peer) {
    History record = records.getOrDefault(peer, new History());
    return new Measured(
        network.roundTripNanos(peer).orElse(Measured.UNKNOWN),
        Measured.UNKNOWN,
        Measured.UNKNOWN,
        Measured.UNKNOWN,
        record.failures,
        now() < record.bannedUntil);
  }

  private long now() {
    Loop loop = network.loop();
    return loop.clockMillis() * 1_000_000;
  }

  @Override
  public void failed(PeerId peer, Message.Reason reason) {
    History record = records.computeIfAbsent(peer, _ -> new History());
    record.bannedUntil = now() + (BAN_NANOS << Math.min(record.failures, MOST_FAILURES));
    record.failures++;
  }

  @Override
  public void busy(PeerId peer, long retryAfterMillis) {
    records.computeIfAbsent(peer, _ -> new History()).bannedUntil =
        now() + retryAfterMillis * 1_000_000;
  }

  @Override
  public void computed(PeerId peer, int layers, int tokens, long computeNanos) {
    records.remove(peer);
  }
}
