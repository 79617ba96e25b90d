package org.folkmoot.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.peer.VirtualSwarm.Node;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

/** What membership costs a peer, and what it gets for it, in swarms of several sizes. */
class MembershipCostTest {
  private static final int WARM_UP = 300;
  private static final int MEASURED = 300;

  private record Cost(double bytesPerSecond, double mostBytesPerSecond, double known) {}

  @Test
  void growsSlowerThanTheSwarm() {
    Cost ten = cost(10);
    Cost hundred = cost(100);
    assertThat(ten.known).isGreaterThan(0.999);
    assertThat(hundred.known).isGreaterThan(0.99);
    assertThat(hundred.bytesPerSecond).isLessThan(8 * ten.bytesPerSecond);
  }

  /** Beyond the directory's size the cost hardly grows at all; this prints the figures. */
  @Test
  @Soak
  void hardlyGrowsBeyondTheDirectory() {
    Cost hundred = cost(100);
    Cost thousand = cost(1000);
    System.out.println("membership of 10: " + cost(10));
    System.out.println("membership of 100: " + hundred);
    System.out.println("membership of 1,000: " + thousand);
    assertThat(thousand.known).isGreaterThan(0.99);
    assertThat(thousand.bytesPerSecond).isLessThan(6 * hundred.bytesPerSecond);
  }

  /** Of a swarm at rest, in its steady state. */
  private static Cost cost(int peers) {
    VirtualSwarm swarm = new VirtualSwarm(peers);
    for (int i = 0; i < peers; i++) {
      Node node = swarm.add();
      int from = i * 8 % VirtualSwarm.LAYERS;
      List<Node> contacts = i == 0 ? List.of() : List.of(swarm.nodes.get(swarm.random.nextInt(i)));
      node.start(List.of(VirtualSwarm.offer(from, from + 8)), contacts);
      swarm.time.pass(0.05);
    }
    swarm.time.pass(WARM_UP);
    List<Long> before = new ArrayList<>();
    swarm.nodes.forEach(node -> before.add(node.bytesSent));
    swarm.time.pass(MEASURED);
    double all = 0;
    double most = 0;
    double known = 0;
    for (int i = 0; i < peers; i++) {
      Node node = swarm.nodes.get(i);
      double rate = (node.bytesSent - before.get(i)) / (double) MEASURED;
      all += rate;
      most = Math.max(most, rate);
      known += node.seen().size() / (double) Math.min(peers - 1, Membership.MAX_PEERS);
    }
    return new Cost(all / peers, most, known / peers);
  }
}
