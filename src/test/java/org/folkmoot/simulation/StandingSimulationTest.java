package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.serve.Standing;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A hop that has no room lets in first whom it owes more. */
class StandingSimulationTest {
  private static final FakeModel MODEL = new FakeModel(29, 4, 64, 2);

  private final Simulation simulation = new Simulation(StandingSimulationTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));
  private final SimNode hop =
      new SimNode(
          new SimHost(network, 0, "hop", 0, true), MODEL, LayerRange.whole(MODEL.layers()), 64);
  private final SimNode first =
      new SimNode(new SimHost(network, 1, "first", 0, true), MODEL, null, 0);
  private final SimNode low = new SimNode(new SimHost(network, 2, "low", 0, true), MODEL, null, 0);
  private final SimNode high =
      new SimNode(new SimHost(network, 3, "high", 0, true), MODEL, null, 0);
  private final List<String> told = new ArrayList<>();

  @BeforeEach
  void listen() {
    listen(first, "first");
    listen(low, "low");
    listen(high, "high");
    hop.server()
        .rankBy(
            new Standing() {
              @Override
              public long of(PeerId asker) {
                return asker.equals(high.host().peer()) ? 10 : 1;
              }

              @Override
              public void acknowledged(CreditClaim claim) {}
            });
  }

  private void listen(SimNode node, String name) {
    node.links().know(hop.host().peer(), List.of(hop.host().address()));
    node.links()
        .listen(
            new PeerNetwork.Listener() {
              @Override
              public void received(PeerId from, Message message) {
                switch (message) {
                  case Message.Opened _ -> told.add(name + " in");
                  case Message.Refused m -> told.add(name + " " + m.reason());
                  default -> {}
                }
              }
            });
  }

  private void say(SimNode who, Message message) {
    who.host().loop().execute(() -> who.links().send(hop.host().peer(), message));
    simulation.runFor(200_000_000L);
  }

  private void open(SimNode who, long session) {
    Message.Sampling sampling =
        new Message.Sampling(0, 0, 1, 0, 1, 0, 7, Map.of(), new int[] {1}, -1);
    say(
        who,
        new Message.Open(
            new SessionId(session, 0),
            1,
            MODEL.id(),
            LayerRange.whole(MODEL.layers()),
            64,
            who.host().peer(),
            Optional.empty(),
            0,
            Optional.of(sampling)));
  }

  @Test
  void whoIsOwedMoreGoesFirst() {
    open(first, 1);
    open(high, 2);
    open(low, 3);
    say(first, new Message.Close(new SessionId(1, 0)));
    open(low, 4);
    open(high, 5);
    assertThat(told).containsExactly("first in", "high BUSY", "low BUSY", "low BUSY", "high in");
    say(high, new Message.Close(new SessionId(5, 0)));
    open(low, 6);
    assertThat(told).endsWith("low in");
  }

  @Test
  void whoIsOwedMoreAndDoesNotComeBackIsNotWaitedForLong() {
    open(first, 1);
    open(high, 2);
    say(first, new Message.Close(new SessionId(1, 0)));
    simulation.runFor(2_000_000_000L);
    open(low, 3);
    assertThat(told).endsWith("low in");
  }
}
