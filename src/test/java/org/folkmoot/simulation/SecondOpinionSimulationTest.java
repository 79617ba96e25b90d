package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.folkmoot.base.Hash32;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Receipt;
import org.folkmoot.session.Chain;
import org.folkmoot.session.Opinions;
import org.folkmoot.session.SecondOpinion;
import org.folkmoot.session.SecondOpinion.Verdict;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.SessionId;
import org.junit.jupiter.api.Test;

/** Answers computed again by other peers: who lied is found, and honest peers never differ. */
class SecondOpinionSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(31, 12, 64, 2);
  private static final int ANSWER = 40;

  private static final class World {
    final Simulation simulation;
    final List<SimNode> servers = new ArrayList<>();
    final SimNode client;
    final SimPlanner planner;
    final SimRequest request;

    /** Three spans by six peers, of whom one may lie. */
    World(long seed, int liar) {
      simulation = new Simulation(SecondOpinionSimulationTest.class, seed);
      SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 4));
      for (int copy = 0; copy < 2; copy++) {
        for (int third = 0; third < 3; third++) {
          LayerRange range = new LayerRange(third == 0, 4 * third, 4 * third + 4, third == 2);
          int number = servers.size();
          SimHost host = new SimHost(network, number, "server " + number, 0, true);
          servers.add(new SimNode(host, MODEL, range, 1000));
        }
      }
      client = new SimNode(new SimHost(network, 99, "client", 0, true), MODEL, null, 0);
      planner =
          new SimPlanner(
              client.links(), MODEL, () -> servers.stream().map(SimNode::announcement).toList());
      request =
          new SimRequest(
                  client.links(),
                  planner,
                  MODEL,
                  simulation.random("request"),
                  1 + (int) (seed % 30),
                  ANSWER,
                  seed % 2 == 0)
              .traced(Hash32.sha256(new byte[] {(byte) seed}));
      if (liar >= 0) {
        Objects.requireNonNull(servers.get(liar).engine()).lying(true);
        request.believe();
      }
      client.host().loop().execute(request::start);
      simulation.runUntil(() -> request.state() != SimRequest.State.RUNNING, 60 * SECOND);
      simulation.require(() -> assertThat(request.state()).isEqualTo(SimRequest.State.DONE));
    }

    Receipt receipt() {
      return Objects.requireNonNull(request.receipt());
    }

    SecondOpinion.Result ask() {
      Disclosure opened = request.disclosure();
      Chain.Task task = request.again(new SessionId(simulation.seed(), 77));
      CompletableFuture<SecondOpinion.Result> result =
          Opinions.ask(client.links(), planner, task, SimPeer.VERIFIER, receipt(), opened);
      simulation.require(() ->
          assertThat(simulation.runUntil(result::isDone, 60 * SECOND)).as("an answer").isTrue());
      simulation.runFor(5 * SECOND);
      simulation.require(
          () -> assertThat(servers).allSatisfy(node -> assertThat(node.server().seats()).isZero()));
      return result.join();
    }

    boolean served(int server) {
      return receipt().hops().stream()
          .anyMatch(hop -> hop.peer().equals(servers.get(server).host().peer()));
    }
  }

  @Test
  void honestPeersNeverDiffer() {
    Seeds.of(200)
        .forEach(seed -> {
          World world = new World(seed, -1);
          SecondOpinion.Result result = world.ask();
          world.simulation.require(() -> {
            assertThat(result.wrongToken()).isEmpty();
            assertThat(result.parts()).hasSize(3);
            assertThat(result.parts())
                .allSatisfy(part -> {
                  assertThat(part.agrees()).isEqualTo(Verdict.SAME);
                  assertThat(part.second().hop()).isNotEqualTo(part.hop().peer());
                });
            assertThat(result.findings())
                .allSatisfy(one -> assertThat(one.outcome()).isEqualTo(Finding.Outcome.HELD));
          });
        });
  }

  /** The liar had a part of the answer, or has one of the second opinion: that part differs. */
  @Test
  void thePartOfALiarIsNamed() {
    Seeds.of(200)
        .forEach(seed -> {
          int liar = (int) (seed % 6);
          World world = new World(seed, liar);
          boolean lied = world.served(liar);
          SecondOpinion.Result result = world.ask();
          world.simulation.require(() -> {
            assertThat(result.parts()).hasSize(3);
            List<Integer> different = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
              if (result.parts().get(i).agrees() == Verdict.DIFFERENT) {
                different.add(i);
              }
            }
            // Behind the lie nothing can be said, before it all is the same.
            assertThat(different).as("lied in the answer: %s", lied).containsExactly(liar % 3);
            for (int i = 0; i < liar % 3; i++) {
              assertThat(result.parts().get(i).agrees()).isEqualTo(Verdict.SAME);
            }
            assertThat(Finding.noneFailed(result.findings())).isFalse();
          });
        });
  }
}
