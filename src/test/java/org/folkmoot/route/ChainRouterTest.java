package org.folkmoot.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

class ChainRouterTest {
  private static final int LAYERS = 8;

  private static ModelNeed need(LayerRange wanted) {
    return new ModelNeed(RandomSwarms.MODEL, LAYERS, 4096, 2, wanted);
  }

  private static ModelNeed whole() {
    return need(LayerRange.whole(LAYERS));
  }

  /** The cheapest chain by trying all, for the router to be held against. */
  private static final class EveryChain {
    private final List<PeerOffer> peers;
    private final Estimates estimates;
    private final ModelNeed need;
    private final Units units;
    private long best = Long.MAX_VALUE;

    EveryChain(SwarmView view, ModelNeed need) {
      estimates = Estimates.of(view);
      this.need = need;
      units = Units.of(need.layers(), 0, need.headLayers());
      peers = view.peers().stream().filter(peer -> !peer.measured().banned()).toList();
      extend(units.from(need.wanted()), 0, new HashSet<>());
    }

    private void extend(int at, long cost, Set<PeerId> used) {
      int end = units.to(need.wanted());
      if (at == end) {
        best = Math.min(best, cost);
        return;
      }
      for (PeerOffer peer : peers) {
        LayerRange range = peer.offer().range();
        if (units.from(range) > at || !used.add(peer.peer())) {
          continue;
        }
        for (int to = at + 1; to <= Math.min(end, units.to(range)); to++) {
          extend(to, cost + hop(peer, at, to, end), used);
        }
        used.remove(peer.peer());
      }
    }

    private long hop(PeerOffer peer, int from, int to, int end) {
      long rtt = estimates.rttNanos(peer);
      long failures = peer.measured().failures();
      long pace = Math.round(1e9 / 16 / estimates.layersPerSecond(peer));
      return 300_000
          + rtt / 2
          + (from == units.from(need.wanted()) ? rtt / 4 : 0)
          + (to == end ? rtt / 4 : 0)
          + estimates.queueNanos(peer)
          + estimates.transferNanos(peer, need.bytesPerToken())
          + 50_000_000 * failures * failures
          + pace * units.weight(from, to);
    }
  }

  private static void assertChain(Route route, SwarmView view, ModelNeed need) {
    LayerRange wanted = need.wanted();
    int at = wanted.from();
    Set<PeerId> used = new HashSet<>();
    for (int i = 0; i < route.hops().size(); i++) {
      Route.Hop hop = route.hops().get(i);
      assertThat(used.add(hop.peer())).isTrue();
      assertThat(hop.range().from()).isEqualTo(at);
      assertThat(hop.range().embeds()).isEqualTo(i == 0 && wanted.embeds());
      assertThat(hop.range().heads()).isEqualTo(i == route.hops().size() - 1 && wanted.heads());
      Offer offer =
          view.peers().stream()
              .filter(peer -> peer.peer().equals(hop.peer()))
              .findFirst()
              .orElseThrow()
              .offer();
      assertThat(offer.range().covers(hop.range())).isTrue();
      at = hop.range().to();
    }
    assertThat(at).isEqualTo(wanted.to());
  }

  @Test
  void findsTheCheapestOfAllChains() {
    int found = 0;
    for (int seed = 0; seed < 1500; seed++) {
      Random random = new Random(seed);
      SwarmView view = RandomSwarms.view(random, LAYERS, 2 + random.nextInt(5));
      int from = random.nextInt(LAYERS);
      LayerRange wanted =
          random.nextBoolean()
              ? LayerRange.whole(LAYERS)
              : new LayerRange(false, from, from + 1 + random.nextInt(LAYERS - from), false);
      ModelNeed need = need(wanted);
      Optional<Route> route = ChainRouter.choose(view, need, RouteConstraints.NONE, seed);
      long best = new EveryChain(view, need).best;
      assertThat(route.isPresent()).as("seed %d", seed).isEqualTo(best < Long.MAX_VALUE);
      assertThat(ChainRouter.missing(view, need, RouteConstraints.NONE).isPresent())
          .isEqualTo(route.isEmpty());
      if (route.isPresent()) {
        found++;
        assertChain(route.get(), view, need);
        // Less only where the cheapest would come back to a peer, which the chain then does not.
        assertThat(route.get().nanosPerToken()).as("seed %d", seed).isLessThanOrEqualTo(best);
      }
    }
    assertThat(found).isGreaterThan(500);
  }

  @Test
  void choosesAmongAThousandInAMoment() {
    // Not a measurement: each peer is looked at once a layer, whatever the spans.
    SwarmView view = RandomSwarms.view(new Random(1), 126, 1000);
    ModelNeed need = new ModelNeed(RandomSwarms.MODEL, 126, 65536, 2, LayerRange.whole(126));
    assertThat(ChainRouter.choose(view, need, RouteConstraints.NONE, 1)).isPresent();
  }

  @Test
  void equalPeersShareTheClientsAndOneClientStays() {
    List<PeerOffer> peers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      peers.add(RandomSwarms.serving(RandomSwarms.peer(i), LAYERS, LayerRange.whole(LAYERS), 100));
    }
    SwarmView view = new SwarmView(RandomSwarms.MODEL, peers);
    Set<PeerId> used = new HashSet<>();
    for (int salt = 0; salt < 100; salt++) {
      Route route = ChainRouter.choose(view, whole(), RouteConstraints.NONE, salt).orElseThrow();
      assertThat(ChainRouter.choose(view, whole(), RouteConstraints.NONE, salt)).contains(route);
      used.add(route.hops().getFirst().peer());
    }
    assertThat(used).hasSize(8);
  }

  @Test
  void heedsConstraints() {
    PeerId one = RandomSwarms.peer(1);
    PeerId two = RandomSwarms.peer(2);
    SwarmView view =
        new SwarmView(
            RandomSwarms.MODEL,
            List.of(
                RandomSwarms.serving(one, LAYERS, LayerRange.whole(LAYERS), 400),
                RandomSwarms.serving(two, LAYERS, LayerRange.whole(LAYERS), 300)));
    assertThat(chosen(view, RouteConstraints.NONE)).containsExactly(one);
    assertThat(chosen(view, RouteConstraints.NONE.refusing(Set.of(one)))).containsExactly(two);
    assertThat(chosen(view, new RouteConstraints(Set.of(two), Set.of(), Set.of(), 0)))
        .containsExactly(two);
    assertThat(chosen(view, new RouteConstraints(Set.of(), Set.of(two), Set.of(), 0)))
        .containsExactly(two);
    PeerOffer first = RandomSwarms.serving(one, LAYERS, LayerRange.whole(LAYERS), 400);
    PeerOffer declared =
        new PeerOffer(
            one,
            List.of(),
            first.offer(),
            first.measured(),
            Optional.of(Hash32.sha256(new byte[1])));
    SwarmView shaped =
        new SwarmView(
            RandomSwarms.MODEL,
            List.of(declared, RandomSwarms.serving(two, LAYERS, LayerRange.whole(LAYERS), 300)));
    assertThat(chosen(shaped, RouteConstraints.NONE)).contains(one);
    assertThat(chosen(shaped, RouteConstraints.NONE.withoutPolicies().refusing(Set.of())))
        .containsExactly(two);
    assertThat(chosen(view, RouteConstraints.NONE.needing(4096))).containsExactly(one);
    assertThat(chosen(view, RouteConstraints.NONE.needing(4097))).isEmpty();
  }

  private static List<PeerId> chosen(SwarmView view, RouteConstraints constraints) {
    return ChainRouter.choose(view, whole(), constraints, 0)
        .map(route -> route.hops().stream().map(Route.Hop::peer).toList())
        .orElse(List.of());
  }

  @Test
  void aBoastCountsForNoMoreThanFourTimesWhatOthersWereSeenToDo() {
    LayerRange all = LayerRange.whole(LAYERS);
    Measured seen = new Measured(1000, 100, 1e8, 0, 0, false);
    PeerOffer honest =
        new PeerOffer(RandomSwarms.peer(1), List.of(), RandomSwarms.offer(LAYERS, all, 100), seen);
    PeerOffer boaster = RandomSwarms.serving(RandomSwarms.peer(2), LAYERS, all, 1e9);
    Estimates estimates = Estimates.of(new SwarmView(RandomSwarms.MODEL, List.of(honest, boaster)));
    assertThat(estimates.layersPerSecond(boaster)).isEqualTo(400);
    PeerOffer found =
        new PeerOffer(
            boaster.peer(), List.of(), boaster.offer(), new Measured(1000, 7, 1e8, 0, 0, false));
    assertThat(estimates.layersPerSecond(found)).isEqualTo(7);
  }

  @Test
  void fewerHopsAtEqualCost() {
    // Two halves cost a hop more than a whole of the same pace.
    SwarmView view =
        new SwarmView(
            RandomSwarms.MODEL,
            List.of(
                RandomSwarms.serving(
                    RandomSwarms.peer(1), LAYERS, new LayerRange(true, 0, 4, false), 100),
                RandomSwarms.serving(
                    RandomSwarms.peer(2), LAYERS, new LayerRange(false, 4, 8, true), 100),
                RandomSwarms.serving(RandomSwarms.peer(3), LAYERS, LayerRange.whole(LAYERS), 100)));
    assertThat(chosen(view, RouteConstraints.NONE)).containsExactly(RandomSwarms.peer(3));
  }

  @Test
  void nobodyEmbedsInTheMiddleAndWhatIsMissingIsSaid() {
    SwarmView view =
        new SwarmView(
            RandomSwarms.MODEL,
            List.of(
                RandomSwarms.serving(
                    RandomSwarms.peer(1), LAYERS, new LayerRange(true, 2, 8, true), 100),
                RandomSwarms.serving(
                    RandomSwarms.peer(2), LAYERS, new LayerRange(true, 0, 1, true), 100)));
    assertThat(ChainRouter.choose(view, whole(), RouteConstraints.NONE, 0)).isEmpty();
    assertThat(ChainRouter.missing(view, whole(), RouteConstraints.NONE))
        .contains(new LayerRange(false, 1, 2, false));
    Coverage coverage = Coverage.of(view, LAYERS);
    assertThat(coverage.complete()).isFalse();
    assertThat(coverage.embedding().peers()).isEqualTo(1);
    assertThat(coverage.layers()).extracting(Coverage.Part::peers).startsWith(1, 0, 1);
    assertThat(coverage.head().peers()).isEqualTo(1);
  }
}
