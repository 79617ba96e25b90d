package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.RoutedPlanner;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Forward;
import org.folkmoot.wire.Message.Reason;
import org.folkmoot.wire.Message.Refused;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What strangers can do to a hop, and a hop's boasts to a client: steps again, out of order and too
 * many, floods of sessions, another model; layers that are announced and not there.
 */
class SeatBoundsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(29, 4, 64, 2);
  private static final LayerRange WHOLE = LayerRange.whole(MODEL.layers());
  private static final SessionId SESSION = new SessionId(1, 2);
  private static final int[] PROMPT = {3, 4, 5};

  private final Simulation simulation = new Simulation(SeatBoundsTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));
  private final SimNode hop = serving(0, 60_000);
  private final SimNode client = asking(1);
  private final List<Refused> refused = new ArrayList<>();
  private final List<SessionId> opened = new ArrayList<>();
  private final List<Integer> sampled = new ArrayList<>();

  private SimNode serving(int number, int positions) {
    SimHost host = new SimHost(network, number, "hop " + number, 0, true);
    return new SimNode(host, MODEL, WHOLE, positions);
  }

  private SimNode asking(int number) {
    return new SimNode(new SimHost(network, number, "client " + number, 0, true), MODEL, null, 0);
  }

  @BeforeEach
  void listen() {
    listen(client);
  }

  private void listen(SimNode who) {
    who.links().know(hop.host().peer(), List.of(hop.host().address()));
    who.links()
        .listen(
            new PeerNetwork.Listener() {
              @Override
              public void received(PeerId from, Message message) {
                switch (message) {
                  case Refused m -> refused.add(m);
                  case Message.Opened m -> opened.add(m.session());
                  case Message.Sampled m -> m.tokens().forEach(token -> sampled.add(token.id()));
                  default -> {}
                }
              }
            });
  }

  private void say(SimNode who, Message... messages) {
    who.say(hop, messages);
    simulation.runFor(SECOND);
  }

  private static Message.Open open(SimNode by, SessionId session, ModelId model, int positions) {
    return open(by, session, model, positions, 1, PROMPT);
  }

  private static Message.Open open(
      SimNode by,
      SessionId session,
      ModelId model,
      int positions,
      float repeatPenalty,
      int... history) {
    Message.Sampling sampling =
        new Message.Sampling(0, 0, 1, 0, repeatPenalty, 64, 7, Map.of(), history, -1);
    return new Message.Open(
        session,
        1,
        model,
        WHOLE,
        positions,
        by.host().peer(),
        Optional.empty(),
        0,
        Optional.of(sampling));
  }

  private static Forward step(int position, int... ids) {
    int wanted = position + ids.length - 1;
    return new Forward(SESSION, 1, position, ids.length, wanted, ids, new float[0]);
  }

  private void openOne() {
    say(client, open(client, SESSION, MODEL.id(), 64));
  }

  /**
   * A step again takes back what is behind it, as a draft that was wrong: the answer is the same.
   */
  @Test
  void aReplayedStepChangesNothing() {
    openOne();
    int[] answer = MODEL.answer(PROMPT, SamplerSettings.GREEDY, 2);
    Forward second = step(3, answer[0]);
    say(client, step(0, PROMPT), second, second);
    say(client, second);
    assertThat(sampled).startsWith(answer[0], answer[1]).containsOnly(answer[0], answer[1]);
    assertThat(refused).isEmpty();
    assertThat(hop.server().seats()).isOne();
  }

  @Test
  void aStepOutOfOrderEndsItsSeatOnly() {
    openOne();
    say(client, step(3, 9));
    assertThat(refused.getLast().reason()).isEqualTo(Reason.MALFORMED);
    assertThat(hop.server().seats()).isZero();
    // What comes for a seat that is no more is of no consequence.
    say(client, step(0, PROMPT), step(3, 9));
    assertThat(sampled).isEmpty();
    openOne();
    assertThat(hop.server().seats()).isOne();
  }

  @Test
  void aStepLongerThanTheSessionIsRefused() {
    openOne();
    say(client, step(0, new int[65]));
    assertThat(refused.getLast().reason()).isEqualTo(Reason.MALFORMED);
    assertThat(hop.server().seats()).isZero();
  }

  /** No token has such an id: with a penalty the sampler would look for it. */
  @Test
  void idsThatAreNoTokensAreRefused() {
    int beyond = Objects.requireNonNull(hop.engine()).rowLength();
    for (int id : new int[] {-1, Integer.MIN_VALUE, beyond, Integer.MAX_VALUE}) {
      say(client, open(client, SESSION, MODEL.id(), 64, 1.3f, 3, id, 5));
      assertMalformed("a history with %d", id);
      say(client, open(client, SESSION, MODEL.id(), 64, 1.3f, PROMPT));
      say(client, new Message.Draft(SESSION, 1, 3, new int[] {4, id}), step(0, 3, 4, 5, 4, 4));
      assertMalformed("a draft of %d", id);
      say(client, open(client, SESSION, MODEL.id(), 64, 1.3f, PROMPT), step(0, 3, id, 5));
      assertMalformed("a step of %d", id);
    }
    assertThat(sampled).isEmpty();
  }

  private void assertMalformed(String what, int id) {
    assertThat(refused).as(what, id).singleElement().matches(m -> m.reason() == Reason.MALFORMED);
    refused.clear();
    assertThat(hop.server().seats()).as(what, id).isZero();
    assertThat(Objects.requireNonNull(hop.engine()).reserved()).as(what, id).isZero();
  }

  @Test
  void aStepByAnotherThanTheHopBeforeIsNotHeard() {
    openOne();
    SimNode other = asking(2);
    listen(other);
    say(other, step(0, PROMPT));
    assertThat(sampled).isEmpty();
    assertThat(hop.server().seats()).isOne();
  }

  @Test
  void moreStepsThanMayWaitEndTheSeat() {
    say(client, open(client, SESSION, MODEL.id(), 8000));
    Message[] flood = new Message[2000];
    for (int i = 0; i < flood.length; i++) {
      flood[i] = step(i, 3);
    }
    say(client, flood);
    assertThat(refused.getLast().reason()).isEqualTo(Reason.LIMIT);
    assertThat(hop.server().seats()).isZero();
    assertThat(Objects.requireNonNull(hop.engine()).reserved()).isZero();
  }

  /** One client gets its share; another one still finds room, and leases end. */
  @Test
  void aFloodOfSessionsLeavesRoomForOthers() {
    Message[] flood = new Message[1000];
    for (int i = 0; i < flood.length; i++) {
      flood[i] = open(client, new SessionId(7, i), MODEL.id(), 64);
    }
    say(client, flood[0]); // so that there is a link: few messages wait for one
    say(client, Arrays.copyOfRange(flood, 1, flood.length));
    assertThat(opened).hasSize(64);
    assertThat(refused).hasSize(flood.length - 64);
    assertThat(refused).allMatch(each -> each.reason() == Reason.BUSY);
    assertThat(refused).allMatch(each -> each.retryAfterMillis() > 0);
    SimNode other = asking(2);
    listen(other);
    say(other, open(other, new SessionId(8, 0), MODEL.id(), 64));
    assertThat(opened).hasSize(65);
    other.host().crash(true);
    client.host().crash(false);
    simulation.runFor(60 * SECOND);
    assertThat(hop.server().seats()).isZero();
  }

  /** One session of all positions that there are: it has them until somebody else comes. */
  @Test
  void whoTakesAllRoomKeepsHalfWhenOthersCome() {
    int all = Objects.requireNonNull(hop.engine()).maxPositions();
    say(client, open(client, SESSION, MODEL.id(), all));
    assertThat(opened).containsExactly(SESSION);
    assertThat(hop.server().load(Objects.requireNonNull(hop.engine())).freePositions())
        .as("what the node announces: others are not kept from asking")
        .isEqualTo(all);
    SimNode other = asking(2);
    listen(other);
    SessionId small = new SessionId(8, 0);
    say(other, open(other, small, MODEL.id(), 64));
    assertThat(opened).containsExactly(SESSION, small);
    assertThat(refused)
        .singleElement()
        .matches(m -> m.session().equals(SESSION) && m.reason() == Reason.BUSY);
    // Beside others it gets half, in one piece or many, and not more.
    say(client, open(client, SESSION, MODEL.id(), all / 2 + 1));
    assertThat(refused).hasSize(2);
    Message[] many = new Message[60];
    for (int i = 0; i < many.length; i++) {
      many[i] = open(client, new SessionId(7, i), MODEL.id(), all / 50);
    }
    say(client, many);
    assertThat(opened).hasSize(2 + 25);
    assertThat(refused).hasSize(2 + 35).allMatch(m -> m.reason() == Reason.BUSY);
    say(other, open(other, new SessionId(8, 1), MODEL.id(), all / 4));
    assertThat(opened).hasSize(2 + 25 + 1);
  }

  /**
   * Whom a session's outputs go to is its client's choice, and so are the addresses. Ten clients
   * name whole streets of them.
   */
  @Test
  void aHopDialsWhomStrangersNameAtABoundedPace() {
    SimNode front = first();
    List<SimNode> clients = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      clients.add(asking(10 + i));
      clients.getLast().links().know(front.host().peer(), List.of(front.host().address()));
      clients.getLast().say(front, new Message.Ping(1)); // few messages wait for a link
    }
    simulation.runFor(SECOND);
    int nobody = 1000;
    for (int second = 0; second < 20; second++) {
      for (SimNode each : clients) {
        for (int i = 0; i < 20; i++) {
          SessionId session = new SessionId(each.host().loop().number(), second);
          each.say(front, openFront(each, session, i + 1, nobody++));
          each.say(front, rewire(session, 100 + i, nobody++), new Message.Close(session));
        }
      }
      simulation.runFor(SECOND);
    }
    assertThat(front.host().transport().dials()).isBetween(64, 64 + 20 * 8);
    assertThat(front.server().seats()).isZero();
    // Who goes on to a peer that is linked already does not wait for the flood's end.
    simulation.runFor(SECOND);
    hop.links().know(front.host().peer(), List.of(front.host().address()));
    hop.say(front, new Message.Ping(1));
    client.links().know(front.host().peer(), List.of(front.host().address()));
    simulation.runFor(SECOND);
    for (int i = 0; i < 60; i++) {
      clients.getFirst().say(front, openFront(client, new SessionId(5, i), 1, nobody++));
    }
    client.say(front, openFront(client, SESSION, 1, hop.host().loop().number()));
    simulation.runFor(SECOND);
    assertThat(opened).containsExactly(SESSION);
  }

  /** Holds the first layers. */
  private SimNode first() {
    SimHost host = new SimHost(network, 9, "front", 0, true);
    return new SimNode(host, MODEL, new LayerRange(true, 0, 2, false), 60_000);
  }

  private static Message.Open openFront(SimNode by, SessionId session, int epoch, int next) {
    return new Message.Open(
        session,
        epoch,
        MODEL.id(),
        new LayerRange(true, 0, 2, false),
        64,
        by.host().peer(),
        Optional.of(contact(next)),
        0,
        Optional.empty());
  }

  private static Message.Rewire rewire(SessionId session, int epoch, int next) {
    return new Message.Rewire(session, epoch, Optional.empty(), Optional.of(contact(next)), 0);
  }

  private static Message.Contact contact(int number) {
    return new Message.Contact(SimHost.peer(number), List.of(SimHost.address(number)));
  }

  @Test
  void anotherModelIsNotHere() {
    ModelId wrong = new ModelId(Hash32.sha256(new byte[] {9}));
    say(client, open(client, SESSION, wrong, 64));
    assertThat(refused.getLast().reason()).isEqualTo(Reason.NOT_HERE);
    say(client, open(client, SESSION, MODEL.id(), 60_001));
    assertThat(refused.getLast().reason()).isEqualTo(Reason.LIMIT);
    assertThat(hop.server().seats()).isZero();
  }

  /** The one that boasts is tried, refuses, and is passed over; the answer comes from another. */
  @Test
  void layersThatAreAnnouncedAndNotThereCostATrip() {
    SimNode boaster = asking(2);
    Announcement honest = hop.announcement();
    Offer offer = honest.offers().getFirst();
    Announcement boast =
        new Announcement(
            SimNode.SWARM,
            boaster.host().peer(),
            1,
            240,
            List.of(boaster.host().address()),
            List.of(
                new Offer(
                    offer.model(),
                    offer.modelName(),
                    offer.modelLayers(),
                    0,
                    offer.headHash(),
                    WHOLE,
                    1e9f,
                    0,
                    1 << 20)));
    PeerScores scores = new PeerScores(client.links());
    SimRequest request =
        new SimRequest(
            client.links(),
            new RoutedPlanner(
                client.links(),
                new RoutedPlanner.Shape(MODEL.id(), MODEL.layers(), 4 * FakeModel.DIM, 1),
                () -> List.of(honest, boast),
                scores,
                RouteConstraints.NONE,
                1),
            MODEL,
            simulation.random("request"),
            10,
            40,
            false);
    client.host().loop().execute(request::start);
    simulation.runFor(20 * SECOND);
    assertThat(request.state()).as("%s", request.failure()).isEqualTo(SimRequest.State.DONE);
    assertThat(scores.measured(boaster.host().peer()).failures()).isPositive();
    assertThat(scores.measured(hop.host().peer()).failures()).isZero();
  }
}
