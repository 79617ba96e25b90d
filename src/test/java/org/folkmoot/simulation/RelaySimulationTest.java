package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.wire.PeerAddress;
import org.junit.jupiter.api.Test;

/** All that serve are behind routers that let nobody in; those that can be dialled only relay. */
class RelaySimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(41, 12, 64, 2);

  private static boolean hasRelay(SimPeer peer) {
    return peer.reach().addresses().stream()
        .anyMatch(at -> at.scheme() == PeerAddress.Scheme.RELAY);
  }

  @Test
  void peersThatNobodyCanDialServeThroughOthersAndARelayMayVanish() {
    Seeds.of(4)
        .forEach(seed -> {
          Simulation simulation = new Simulation(RelaySimulationTest.class, seed);
          SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 6));
          SimSwarm swarm =
              new SimSwarm(simulation, network, new SimSwarm.Setup(MODEL, 6, 2000, 48, 30_000));
          List<SimPeer> relays = new ArrayList<>();
          List<SimHost> contacts = new ArrayList<>();
          for (int i = 0; i < 4; i++) {
            relays.add(swarm.addClient(contacts));
            contacts.add(relays.getLast().host());
            simulation.runFor(SECOND);
          }
          List<SimPeer> hidden = new ArrayList<>();
          for (int i = 0; i < 6; i++) {
            hidden.add(swarm.addHiddenServer(contacts.subList(0, 2)));
            simulation.runFor(SECOND);
          }
          boolean reachable =
              simulation.runUntil(
                  () -> hidden.stream().allMatch(RelaySimulationTest::hasRelay), 60 * SECOND);
          simulation.require(() -> {
            assertThat(reachable).as("all that are hidden have relays").isTrue();
            assertThat(relays).noneMatch(RelaySimulationTest::hasRelay);
          });
          simulation.runFor(30 * SECOND);
          swarm.ask(3 * SECOND);
          simulation.runFor(60 * SECOND);
          int carrying = relays.stream().mapToInt(each -> each.reach().relay().circuits()).sum();
          simulation.require(() -> assertThat(carrying).as("circuits").isPositive());
          relays.getFirst().host().crash(seed % 2 == 0);
          simulation.runFor(60 * SECOND);
          simulation.require(() -> {
            assertThat(swarm.finished()).as(swarm.summary()).isGreaterThan(0.95);
            assertThat(swarm.requests())
                .filteredOn(request -> request.state() == SimRequest.State.DONE)
                .hasSizeGreaterThan(40);
            hidden.forEach(peer ->
                assertThat(peer.host().transport().links())
                    .as("nobody dialled %s", peer.host().loop())
                    .allMatch(SimLink::outgoing));
          });
          System.out.println(swarm.summary() + "; " + carrying + " circuits");
        });
  }
}
