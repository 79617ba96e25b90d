package org.folkmoot.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementTest {
  /** A swarm whose peers follow the rule. */
  private static final class Swarm {
    private record Peer(PeerId id, double room, double pace, LayerRange range) {}

    private final Random random;
    private final ModelSize size;
    private final List<Peer> peers = new ArrayList<>();
    private int names;

    Swarm(long seed) {
      random = new Random(seed);
      int layers = 4 + random.nextInt(40);
      size = new ModelSize(layers, random.nextInt(3), random.nextInt(3) * 0.75);
    }

    double largestEnd() {
      return 1 + Math.max(size.embedLayers(), size.headLayers());
    }

    SwarmView view() {
      return new SwarmView(
          RandomSwarms.MODEL,
          peers.stream()
              .map(peer -> RandomSwarms.serving(peer.id, size.layers(), peer.range, peer.pace))
              .toList());
    }

    void join() {
      double room = largestEnd() + random.nextInt(size.layers());
      Optional<LayerRange> range = Placement.choose(view(), size, room);
      assertThat(range).isPresent();
      double pace = 100 + random.nextInt(300);
      peers.add(new Peer(RandomSwarms.peer(names++), room, pace, range.get()));
    }

    double room() {
      return peers.stream().mapToDouble(Peer::room).sum();
    }

    /** What is needed if each peer but the last wastes almost a layer and the last some more. */
    double ample() {
      return size.layers() + size.embedLayers() + size.headLayers() + 2.0 * peers.size();
    }

    boolean complete() {
      return Coverage.of(view(), size.layers()).complete();
    }

    void move(int i, LayerRange range) {
      Peer old = peers.get(i);
      peers.set(i, new Peer(old.id, old.room, old.pace, range));
    }

    /** Lets each peer look once, in any order; those of a group look at the same moment. */
    int round(int group) {
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < peers.size(); i++) {
        order.add(i);
      }
      Collections.shuffle(order, random);
      int moves = 0;
      for (int at = 0; at < order.size(); at += group) {
        SwarmView seen = view();
        boolean whole = complete();
        for (int i : order.subList(at, Math.min(order.size(), at + group))) {
          Peer peer = peers.get(i);
          Optional<LayerRange> target = Placement.move(seen, peer.id, size, peer.room);
          if (target.isPresent()) {
            if (whole) {
              assertThat(Coverage.of(seen.without(peer.id), size.layers()).complete())
                  .as("leaving uncovers nothing")
                  .isTrue();
            }
            move(i, target.get());
            moves++;
          }
        }
      }
      return moves;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void whoJoinsOneAfterTheOtherCoversAllThatThereIsRoomFor(long run) {
    for (int i = 0; i < 200; i++) {
      Swarm swarm = new Swarm(1000 * run + i);
      do {
        swarm.join();
      } while (swarm.room() < swarm.ample());
      // Ends that need room of their own may ask for a shift.
      swarm.round(1);
      assertThat(swarm.complete()).as("seed %d", 1000 * run + i).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void movesEndAndMendWhatLossesTore(long run) {
    for (int i = 0; i < 100; i++) {
      long seed = 1000 * run + i;
      Swarm swarm = new Swarm(seed);
      int peers = 3 + swarm.random.nextInt(20);
      for (int j = 0; j < peers; j++) {
        swarm.join();
      }
      for (int losses = 0; losses < 3; losses++) {
        int lost = swarm.random.nextInt(1 + swarm.peers.size() / 2);
        for (int j = 0; j < lost; j++) {
          swarm.peers.remove(swarm.random.nextInt(swarm.peers.size()));
        }
        int rounds = 0;
        while (swarm.round(1) > 0) {
          assertThat(++rounds).as("seed %d: no end of moving", seed).isLessThan(50);
        }
        assertThat(swarm.complete() || swarm.room() < swarm.ample()).as("seed %d", seed).isTrue();
      }
    }
  }

  @Test
  void movesAtTheSameMomentEndToo() {
    for (int i = 0; i < 100; i++) {
      Swarm swarm = new Swarm(i);
      for (int j = 0; j < 12; j++) {
        swarm.join();
      }
      for (int j = 0; j < 6; j++) {
        swarm.peers.remove(swarm.random.nextInt(swarm.peers.size()));
      }
      int rounds = 0;
      while (swarm.round(1 + swarm.random.nextInt(3)) > 0) {
        assertThat(++rounds).as("seed %d: no end of moving", i).isLessThan(100);
      }
    }
  }

  @Test
  void aMachineWithRoomForAllTakesAll() {
    ModelSize size = new ModelSize(30, 1.5, 1.5);
    SwarmView nobody = new SwarmView(RandomSwarms.MODEL, List.of());
    assertThat(Placement.choose(nobody, size, 33)).contains(LayerRange.whole(30));
    assertThat(Placement.choose(nobody, size, 0.9)).isEmpty();
    assertThat(Placement.choose(nobody, size, 12.4)).contains(new LayerRange(true, 0, 10, false));
  }

  @Test
  void threeThatComeOneAfterTheOtherTileTheModel() {
    ModelSize size = new ModelSize(30, 2, 2);
    List<PeerOffer> peers = new ArrayList<>();
    for (double room : new double[] {12, 10, 12}) {
      LayerRange range =
          Placement.choose(new SwarmView(RandomSwarms.MODEL, peers), size, room).orElseThrow();
      peers.add(RandomSwarms.serving(RandomSwarms.peer(peers.size()), 30, range, 100));
    }
    assertThat(peers)
        .extracting(peer -> peer.offer().range())
        .containsExactly(
            new LayerRange(true, 0, 10, false),
            new LayerRange(false, 10, 20, false),
            new LayerRange(false, 20, 30, true));
  }
}
