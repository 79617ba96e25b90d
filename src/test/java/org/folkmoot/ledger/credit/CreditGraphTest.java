package org.folkmoot.ledger.credit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/** Flows against cuts, and what colluders gain. */
class CreditGraphTest {
  private static PeerId peer(int number) {
    return new PeerId(Hash32.sha256(new byte[] {(byte) number, (byte) (number >> 8)}));
  }

  /** On four peers no path is too long: the greatest flow is the smallest cut. */
  @Test
  void theFlowIsTheSmallestCut() {
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      int peers = 2 + random.nextInt(4);
      CreditGraph graph = new CreditGraph();
      for (int edge = 0; edge < 12; edge++) {
        graph.grant(peer(random.nextInt(peers)), peer(random.nextInt(peers)), random.nextInt(1000));
      }
      long[][] before = capacities(graph, peers);
      assertThat(graph.flow(peer(0), peer(1), Long.MAX_VALUE))
          .as("seed %d", seed)
          .isEqualTo(smallestCut(before));
      assertThat(capacities(graph, peers)).as("asking changes nothing").isDeepEqualTo(before);
    }
  }

  private static long[][] capacities(CreditGraph graph, int peers) {
    long[][] all = new long[peers][peers];
    for (int from = 0; from < peers; from++) {
      for (int to = 0; to < peers; to++) {
        all[from][to] = graph.capacity(peer(from), peer(to));
      }
    }
    return all;
  }

  /** Over all sets with peer 0 and without peer 1. */
  private static long smallestCut(long[][] capacity) {
    long least = Long.MAX_VALUE;
    for (int set = 1; set < 1 << capacity.length; set++) {
      if ((set & 1) == 0 || (set & 2) != 0) {
        continue;
      }
      long cut = 0;
      for (int from = 0; from < capacity.length; from++) {
        for (int to = 0; to < capacity.length; to++) {
          cut += (set >> from & 1) == 1 && (set >> to & 1) == 0 ? capacity[from][to] : 0;
        }
      }
      least = Math.min(least, cut);
    }
    return least;
  }

  @Test
  void workForOneIsOwedByThoseThatItWorkedFor() {
    CreditGraph graph = new CreditGraph();
    graph.served(peer(1), peer(0), 100); // 0 works for 1
    graph.served(peer(2), peer(1), 60); // 1 works for 2
    assertThat(graph.flow(peer(0), peer(2), 1000)).as("through 1").isEqualTo(60);
    graph.served(peer(0), peer(2), 40);
    assertThat(graph.flow(peer(0), peer(2), 1000)).isEqualTo(20);
    assertThat(graph.flow(peer(0), peer(1), 1000)).isEqualTo(60);
    assertThat(graph.flow(peer(2), peer(0), 1000)).as("the other way").isEqualTo(40);
  }

  /**
   * A thousand colluders invent whatever they like among themselves, and link to some honest peers.
   * Honest peers serve only who is owed enough. Whatever order they ask in, whomever they ask: no
   * more than their allowances and what they worked for.
   */
  @Test
  void aThousandColludersGainNoMoreThanTheirAllowances() {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      int honest = 20;
      int fakes = 1000;
      List<PeerId> all = new ArrayList<>();
      for (int i = 0; i < honest + fakes; i++) {
        all.add(peer(i));
      }
      CreditGraph graph = new CreditGraph();
      for (int i = 0; i < 200; i++) {
        work(graph, all, random.nextInt(honest), random.nextInt(honest), random.nextInt(100_000));
      }
      int links = 0;
      boolean[][] linked = new boolean[honest + fakes][honest];
      for (int i = 0; i < 5 + random.nextInt(40); i++) {
        int fake = honest + random.nextInt(fakes);
        int host = random.nextInt(honest);
        if (!linked[fake][host]) {
          linked[fake][host] = true;
          graph.grant(all.get(fake), all.get(host), 1000);
          links++;
        }
      }
      long worked = 0;
      long gained = 0;
      for (int step = 0; step < 3000; step++) {
        int fake = honest + random.nextInt(fakes);
        switch (random.nextInt(10)) {
          case 0 -> {
            // A little honest work, now and then.
            int amount = random.nextInt(50);
            work(graph, all, fake, random.nextInt(honest), amount);
            worked += amount;
          }
          case 1, 2, 3, 4, 5 ->
              work(graph, all, fake, honest + random.nextInt(fakes), random.nextLong(1L << 39));
          default -> {
            PeerId host = all.get(random.nextInt(honest));
            long wanted = 1L + random.nextInt(2000);
            if (graph.flow(all.get(fake), host, wanted) == wanted) {
              graph.served(all.get(fake), host, wanted);
              gained += wanted;
            }
          }
        }
      }
      // And all of what is left, at once.
      for (int fake = honest; fake < honest + fakes; fake++) {
        for (int host = 0; host < honest; host += 7) {
          long rest = graph.flow(all.get(fake), all.get(host), Long.MAX_VALUE);
          graph.served(all.get(fake), all.get(host), rest);
          gained += rest;
        }
      }
      assertThat(gained).as("seed %d", seed).isLessThanOrEqualTo(1000L * links + worked);
      assertThat(gained).as("seed %d: the allowance is there", seed).isPositive();
    }
  }

  private static void work(
      CreditGraph graph, List<PeerId> all, int server, int asker, long amount) {
    graph.served(all.get(asker), all.get(server), amount);
  }

  @Test
  void whatAPeerOwesIsForgottenLast() {
    CreditGraph graph = new CreditGraph();
    graph.served(peer(0), peer(1), 5); // 0 owes 1
    for (int i = 2; i < 1000; i++) {
      graph.served(peer(i), peer(0), 1_000_000);
    }
    assertThat(graph.capacity(peer(1), peer(0))).isEqualTo(5);
    assertThat(graph.edges(peer(0))).hasSize(CreditGraph.MAX_EDGES_OF_A_PEER);
  }

  @Test
  void aFloodOfPeersAndEdgesIsBounded() {
    CreditGraph graph = new CreditGraph();
    for (int i = 0; i < 3 * CreditGraph.MAX_EDGES_OF_A_PEER; i++) {
      graph.served(peer(i + 1), peer(0), 1);
    }
    assertThat(graph.edges(peer(0))).hasSize(CreditGraph.MAX_EDGES_OF_A_PEER);
    for (int i = 0; i < 40_000; i++) {
      graph.served(peer(2 * i % 60_000), peer((2 * i + 1) % 60_000), Long.MAX_VALUE);
    }
    assertThat(graph.peers()).isLessThanOrEqualTo(CreditGraph.MAX_PEERS);
    assertThat(Arrays.stream(capacities(graph, 50)).flatMapToLong(Arrays::stream))
        .allMatch(one -> one >= 0 && one <= CreditGraph.MAX_CAPACITY);
  }
}
