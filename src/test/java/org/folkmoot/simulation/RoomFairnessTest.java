package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.serve.ServerLimits;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Reason;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.junit.jupiter.api.Test;

/** Clients who want more of a hop's room than there is, at the real block server. */
class RoomFairnessTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(29, 4, 64, 2);
  private static final LayerRange WHOLE = LayerRange.whole(MODEL.layers());
  private static final int TOTAL = 60_000;

  /** How long what comes free is kept for one who found too little. */
  private static final long PATIENCE = ServerLimits.USUAL.lease().toNanos();

  private record Held(SimNode client, int positions) {}

  private final Simulation simulation = new Simulation(RoomFairnessTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));
  private final SimNode hop =
      new SimNode(new SimHost(network, 0, "hop", 0, true), MODEL, WHOLE, TOTAL);
  private final List<SimNode> clients = new ArrayList<>();

  /** Seats, as their clients know of them, the oldest first. */
  private final Map<SessionId, Held> held = new LinkedHashMap<>();

  private final List<SessionId> reclaimed = new ArrayList<>();
  private long sessions;
  private long passed;

  private void meet(int count) {
    for (int i = 1; i <= count; i++) {
      SimNode client = new SimNode(new SimHost(network, i, "client " + i, 0, true), MODEL, null, 0);
      client.links().know(hop.host().peer(), List.of(hop.host().address()));
      client
          .links()
          .listen(
              new PeerNetwork.Listener() {
                @Override
                public void received(PeerId from, Message message) {
                  if (message instanceof Message.Refused refused) {
                    assertThat(refused.reason()).isEqualTo(Reason.BUSY);
                    if (held.remove(refused.session()) != null) {
                      reclaimed.add(refused.session());
                    }
                  }
                }
              });
      client.say(hop, new Message.Ping(1)); // few messages wait for a link
      clients.add(client);
    }
    simulation.runFor(SECOND);
  }

  /** Whether it was let in. Who is reclaimed for it is in {@link #reclaimed}. */
  private boolean open(SimNode client, int positions) {
    SessionId session = new SessionId(7, sessions++);
    held.put(session, new Held(client, positions));
    reclaimed.clear();
    Message.Sampling greedy =
        new Message.Sampling(0, 0, 1, 0, 1, 64, 7, Map.of(), new int[] {3}, -1);
    client.say(
        hop,
        new Message.Open(
            session,
            1,
            MODEL.id(),
            WHOLE,
            positions,
            client.host().peer(),
            Optional.empty(),
            0,
            Optional.of(greedy)));
    pass(1);
    reclaimed.remove(session);
    assertThat(hop.server().seats()).isEqualTo(held.size());
    assertThat(Objects.requireNonNull(hop.engine()).freePositions()).isEqualTo(TOTAL - used());
    return held.containsKey(session);
  }

  private void close(SimNode client, SessionId session) {
    held.remove(session);
    client.say(hop, new Message.Close(session));
    pass(1);
  }

  /** Time passes; nobody's lease ends. */
  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      simulation.runFor(SECOND);
      if (++passed % 8 == 0) {
        held.forEach((session, each) -> each.client().say(hop, new Message.Renew(session)));
        simulation.runFor(SECOND / 10);
      }
    }
  }

  private int used() {
    return held.values().stream().mapToInt(Held::positions).sum();
  }

  private int used(SimNode client) {
    return held.values().stream()
        .filter(each -> each.client().equals(client))
        .mapToInt(Held::positions)
        .sum();
  }

  /** What could be taken back of who has more than half. */
  private int onLoan(SimNode rich) {
    int left = used(rich);
    for (Held each : new ArrayList<>(held.values()).reversed()) {
      if (each.client().equals(rich) && 2 * left > TOTAL) {
        left -= each.positions();
      }
    }
    return used(rich) - left;
  }

  @Test
  void whatIsFreeIsLentAndTakenBackForThoseWithLess() {
    meet(4);
    Random random = new Random(5);
    Map<SimNode, Long> wanted = new HashMap<>();
    int lent = 0;
    int takenBack = 0;
    for (int step = 0; step < 10_000; step++) {
      SimNode client = clients.get(random.nextInt(clients.size()));
      List<SessionId> own =
          held.entrySet().stream()
              .filter(each -> each.getValue().client().equals(client))
              .map(Map.Entry::getKey)
              .toList();
      if (random.nextInt(3) == 0) {
        if (!own.isEmpty()) {
          close(client, own.get(random.nextInt(own.size())));
        }
        continue;
      }
      if (random.nextInt(8) == 0) {
        pass(40);
      }
      int share = random.nextInt(5) == 0 ? 1 : 10;
      int positions = TOTAL / 40 + random.nextInt(TOTAL / share - TOTAL / 40);
      int free = TOTAL - used();
      boolean due = 2 * (used(client) + positions) <= TOTAL;
      SimNode rich = clients.stream().max(Comparator.comparingInt(this::used)).orElseThrow();
      int richHad = used(rich);
      int loan = rich.equals(client) ? 0 : onLoan(rich);
      long since = sinceOthersWanted(wanted, client);
      boolean in = open(client, positions);
      String what =
          "step %d: %d, free %d, due %b, loan %d".formatted(step, positions, free, due, loan);
      if (positions <= free) {
        if (due || since > PATIENCE + SECOND) {
          assertThat(in).as(what).isTrue();
        } else if (since < PATIENCE - SECOND) {
          assertThat(in).as(what).isFalse();
        }
        assertThat(reclaimed).as(what).isEmpty();
        lent += in && !due ? 1 : 0;
      } else if (due && free + loan >= positions) {
        assertThat(in).as(what).isTrue();
        assertThat(2 * richHad).as(what).isGreaterThan(TOTAL);
        assertThat(reclaimed).as(what).isNotEmpty();
        takenBack += reclaimed.size();
      } else {
        assertThat(in).as(what).isFalse();
        assertThat(reclaimed).as("in vain, %s", what).isEmpty();
      }
      if (due && positions > free) {
        wanted.put(client, simulation.now());
      }
    }
    assertThat(lent).isGreaterThan(20);
    assertThat(takenBack).isGreaterThan(20);
  }

  private long sinceOthersWanted(Map<SimNode, Long> wanted, SimNode client) {
    return wanted.entrySet().stream()
        .filter(each -> !each.getKey().equals(client))
        .mapToLong(each -> simulation.now() - each.getValue())
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** Both would have all, and begin anew what ends: neither ends the other's over and over. */
  @Test
  void twoWhoWantAllDoNotTakeItFromEachOtherAgainAndAgain() {
    meet(2);
    Random random = new Random(6);
    int lost = 0;
    int begun = 0;
    for (int second = 0; second < 600; second++) {
      SimNode client = clients.get(second % 2);
      if (random.nextInt(4) == 0) {
        held.entrySet().stream()
            .filter(each -> each.getValue().client().equals(client))
            .findFirst()
            .map(Map.Entry::getKey)
            .ifPresent(ended -> close(client, ended));
      }
      begun += open(client, TOTAL / 10) ? 1 : 0;
      lost += reclaimed.size();
    }
    assertThat(begun).isGreaterThan(100);
    assertThat(lost).as("the first one's, once").isLessThanOrEqualTo(5);
    for (SimNode client : clients) {
      assertThat(used(client)).isBetween(4 * TOTAL / 10, 6 * TOTAL / 10);
    }
  }

  /** A stranger's small seat keeps nobody from what else is free. */
  @Test
  void aSmallSeatKeepsNobodyFromTheRest() {
    meet(2);
    assertThat(open(clients.getFirst(), 1)).isTrue();
    assertThat(open(clients.getLast(), TOTAL - 1)).isTrue();
    assertThat(reclaimed).isEmpty();
    assertThat(open(clients.getFirst(), 1)).as("what is lent is taken back").isTrue();
    assertThat(reclaimed).hasSize(1);
    assertThat(open(clients.getLast(), TOTAL - 2)).as("while somebody wants room").isFalse();
    assertThat(open(clients.getLast(), TOTAL / 2)).isTrue();
    pass(40);
    assertThat(open(clients.getLast(), TOTAL / 2 - 2)).as("nobody wants it").isTrue();
  }
}
