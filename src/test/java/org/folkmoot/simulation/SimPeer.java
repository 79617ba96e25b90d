package org.folkmoot.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.Membership;
import org.folkmoot.peer.PeerBook;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Rendezvous;
import org.folkmoot.peer.Signer;
import org.folkmoot.peer.Verifier;
import org.folkmoot.peer.relay.Reach;
import org.folkmoot.peer.relay.RelayTransport;
import org.folkmoot.route.ModelSize;
import org.folkmoot.route.Placement;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.route.SwarmView;
import org.folkmoot.serve.BlockServer;
import org.folkmoot.session.ChainPlanner;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.RoutedPlanner;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedAnnouncement;
import org.jspecify.annotations.Nullable;

/**
 * A whole node of a swarm as the program makes it: links, membership, rendezvous, scores, and a
 * block server whose span the placement rule chooses. Only the engine and the network are not real.
 */
final class SimPeer {
  private static final long SECOND = 1_000_000_000L;

  /** A peer that joins looks around for so long before it chooses its span. */
  private static final long LOOK_AROUND_NANOS = 3 * SECOND;

  /** As often as nodes tell of their load. */
  private static final long TELL_LOAD_NANOS = 15 * SECOND;

  private final SimHost host;
  private final FakeModel model;
  private final double capacityLayers;
  private final int positions;
  private final SplittableRandom random;
  private final Links links;
  private final Membership membership;
  private final Rendezvous rendezvous;
  private final Reach reach;
  private final PeerScores scores;
  private final BlockServer server;
  private final PeerBook book;
  private final List<FakeSpanEngine> engines = new ArrayList<>();
  private @Nullable FakeSpanEngine engine;
  private double slowness = 1;

  /**
   * A node that is not started.
   *
   * @param capacityLayers how many layers it can hold; 0 if it only asks
   * @param positions of KV cache
   * @param book the peers that it met in its last life
   */
  SimPeer(SimHost host, FakeModel model, double capacityLayers, int positions, PeerBook book) {
    this.host = host;
    this.model = model;
    this.capacityLayers = capacityLayers;
    this.positions = positions;
    this.book = book;
    random = host.loop().simulation().random("peer " + host.loop().number());
    links = new Links(host.loop(), host.peer(), SimNode.SWARM, "simulation", LinkSettings.USUAL);
    links.add(host.transport());
    host.transport().accept(links.acceptor());
    membership = new Membership(links, SimNode.SWARM, signer(host.peer()), VERIFIER, random);
    rendezvous = new Rendezvous(links, membership, book, _ -> {}, random);
    RelayTransport relayed =
        new RelayTransport(links, new SimGuard(host.peer()), links.acceptor(), random);
    links.add(relayed);
    links.listen(relayed);
    reach =
        new Reach(
            links,
            membership,
            () -> List.of(host.address()),
            membership::addresses,
            List.of(host.transport()),
            random);
    scores = new PeerScores(links);
    server = new BlockServer(links, SimLimits.USUAL, signer(host.peer()), Runnable::run);
  }

  /** Signatures that anyone could make: here nobody tries. */
  static final Verifier VERIFIER =
      (by, message, signature) -> Arrays.equals(signature, signature(by, message));

  private static byte[] signature(PeerId by, byte[] message) {
    byte[] signature = new byte[SignedAnnouncement.SIGNATURE_BYTES];
    long hash = by.hashCode() * 31L + Arrays.hashCode(message);
    for (int i = 0; i < signature.length; i++) {
      signature[i] = (byte) Simulation.mix(hash + i);
    }
    return signature;
  }

  static Signer signer(PeerId self) {
    return new Signer() {
      @Override
      public PeerId peerId() {
        return self;
      }

      @Override
      public byte[] sign(byte[] message) {
        return signature(self, message);
      }
    };
  }

  /** Begins to look for the swarm, from some peers that it was told of. */
  void start(List<SimHost> contacts) {
    host.loop()
        .execute(() -> {
          links.listen(new Losses());
          membership.addresses(reach.addresses());
          membership.start();
          reach.start(true);
          rendezvous.introduce(
              contacts.stream()
                  .map(other -> new Contact(other.peer(), List.of(other.address())))
                  .toList());
          rendezvous.start();
          if (capacityLayers > 0) {
            host.loop().after(LOOK_AROUND_NANOS, this::choose);
          }
        });
  }

  /** A peer that cannot be reached counts as one that failed, as in the program. */
  private final class Losses implements PeerNetwork.Listener {
    @Override
    public void connected(PeerId peer) {
      scores.reached(peer);
    }

    @Override
    public void lost(PeerId peer, Message.Reason reason) {
      if (reason == Message.Reason.UNREACHABLE || reason == Message.Reason.SILENT) {
        scores.failed(peer, reason);
      }
    }
  }

  // ---- serving

  private ModelSize size() {
    return new ModelSize(model.layers(), 1, 1);
  }

  private SwarmView view() {
    return SwarmView.of(model.id(), announcements(), scores::measured);
  }

  private void choose() {
    Optional<LayerRange> range = Placement.choose(view(), size(), capacityLayers);
    serve(range.orElseThrow());
    refresh();
    lookAgain();
  }

  private void serve(LayerRange range) {
    if (engine != null) {
      server.withdraw(model.id(), engine);
    }
    host.loop().simulation().trace(host.loop(), "serves " + range);
    FakeSpanEngine now =
        new FakeSpanEngine(host.loop(), model, range, FakeSpanEngine.Speed.USUAL, positions);
    now.slowness(slowness);
    engine = now;
    engines.removeIf(old -> old.seats() == 0);
    engines.add(now);
    server.offer(model.id(), now);
    publish();
  }

  private void publish() {
    FakeSpanEngine now = engine;
    if (now != null) {
      BlockServer.Load load = server.load(now);
      float claim = load.layersPerSecond() == 0 ? 25_000 : load.layersPerSecond();
      membership.offer(
          List.of(
              new Offer(
                  model.id(),
                  "fake",
                  model.layers(),
                  0,
                  SimNode.SWARM.id(),
                  now.range(),
                  claim,
                  load.queueMillis(),
                  load.freePositions())));
    }
  }

  private void refresh() {
    host.loop()
        .after(
            TELL_LOAD_NANOS,
            () -> {
              publish();
              refresh();
            });
  }

  private void lookAgain() {
    host.loop()
        .after(
            Placement.lookAgainNanos(random.nextDouble()),
            () -> {
              Placement.move(view(), host.peer(), size(), capacityLayers).ifPresent(this::serve);
              lookAgain();
            });
  }

  /** Computes so many times slower from now on. */
  void slow(double factor) {
    slowness = factor;
    engines.forEach(each -> each.slowness(factor));
  }

  /** Stops as at SIGTERM: everybody is told. */
  void leave() {
    host.loop()
        .execute(() -> {
          server.close();
          membership.leave();
          rendezvous.stop();
          reach.stop();
          links.close();
          host.loop().simulation().schedule(2 * SECOND, () -> host.crash(false));
        });
  }

  // ---- asking

  /** A planner for one answer, as the program makes it. */
  ChainPlanner planner(long salt) {
    return new RoutedPlanner(
        links,
        new RoutedPlanner.Shape(model.id(), model.layers(), 4 * FakeModel.DIM, 1),
        this::announcements,
        scores,
        RouteConstraints.NONE,
        salt);
  }

  private Collection<Announcement> announcements() {
    List<Announcement> all = new ArrayList<>();
    membership.view().forEach(member -> all.add(member.announcement()));
    membership.own().filter(own -> !own.offers().isEmpty()).ifPresent(all::add);
    return all;
  }

  // ---- looking in

  SimHost host() {
    return host;
  }

  Links links() {
    return links;
  }

  Membership membership() {
    return membership;
  }

  Reach reach() {
    return reach;
  }

  PeerBook book() {
    return book;
  }

  boolean alive() {
    return host.alive();
  }

  boolean serves() {
    return capacityLayers > 0;
  }

  /** What it serves now; null if nothing. */
  @Nullable LayerRange range() {
    return engine == null ? null : engine.range();
  }

  /** Sessions that its block server knows. */
  int seats() {
    return server.seats();
  }

  /** Seats that are open in its engines. */
  int engineSeats() {
    int seats = 0;
    for (FakeSpanEngine each : engines) {
      seats += each.seats();
    }
    return seats;
  }
}
