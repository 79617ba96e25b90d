package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Attest;
import org.folkmoot.wire.Message.Attested;
import org.folkmoot.wire.Message.Draft;
import org.folkmoot.wire.Message.Forward;
import org.folkmoot.wire.Message.Reason;
import org.folkmoot.wire.Message.Refused;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.TraceKey;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a client can make a hop sign: only what the hop computed and chose. Anything else would let
 * it prove an honest hop guilty.
 */
class AttestBoundsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(29, 4, 64, 2);
  private static final TraceKey KEY = TraceKey.ofSalt(Hash32.sha256(new byte[] {5}));
  private static final SessionId SESSION = new SessionId(1, 2);
  private static final int[] PROMPT = {3, 4, 5};

  private final Simulation simulation = new Simulation(AttestBoundsTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));
  private final SimNode hop =
      new SimNode(
          new SimHost(network, 0, "hop", 0, true), MODEL, LayerRange.whole(MODEL.layers()), 400);
  private final SimNode client =
      new SimNode(new SimHost(network, 1, "client", 0, true), MODEL, null, 0);
  private final List<Attested> signed = new ArrayList<>();
  private final List<Refused> refused = new ArrayList<>();
  private final List<Integer> sampled = new ArrayList<>();

  @BeforeEach
  void listen() {
    client.links().know(hop.host().peer(), List.of(hop.host().address()));
    client
        .links()
        .listen(
            new PeerNetwork.Listener() {
              @Override
              public void received(PeerId from, Message message) {
                switch (message) {
                  case Attested m -> signed.add(m);
                  case Refused m -> refused.add(m);
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

  private void open(int[] history) {
    Message.Sampling sampling = new Message.Sampling(0, 0, 1, 0, 1, 0, 7, Map.of(), history, -1);
    say(
        client,
        new Message.Open(
            SESSION,
            1,
            MODEL.id(),
            LayerRange.whole(MODEL.layers()),
            64,
            client.host().peer(),
            Optional.empty(),
            0,
            Optional.of(sampling)));
  }

  private static Forward step(int position, int wantFrom, int... ids) {
    return new Forward(SESSION, 1, position, ids.length, wantFrom, ids, new float[0]);
  }

  private static Attest attest(int length) {
    return new Attest(SESSION, KEY, length);
  }

  private int[] answer(int tokens) {
    return MODEL.answer(PROMPT, SamplerSettings.GREEDY, tokens);
  }

  /** What was signed is right for these ids. */
  private void requireTrue(int... ids) {
    assertThat(signed).isNotEmpty();
    Statements.check(MODEL, List.of(signed.getLast().signed()), KEY, ids);
  }

  @Test
  void itSignsWhatItComputedAndChose() {
    open(PROMPT);
    say(client, step(0, 2, PROMPT), attest(3));
    int first = answer(1)[0];
    assertThat(sampled).containsExactly(first);
    requireTrue(3, 4, 5, first);
    // More than there is, in advance: signed when that much is computed.
    say(client, attest(4));
    assertThat(signed).hasSize(1);
    say(client, step(3, 3, first));
    assertThat(signed).hasSize(2);
    requireTrue(3, 4, 5, first, answer(2)[1]);
  }

  @Test
  void tokensThatTheClientSaysAreNotSignedAsChosen() {
    open(PROMPT);
    // Drafts are computed, but nothing is ever to be sampled.
    say(client, new Draft(SESSION, 1, 3, new int[] {9, 9, 9}), step(0, 60, 3, 4, 5, 9, 9, 9));
    say(client, attest(4));
    assertThat(signed).isEmpty();
    // Of the prompt alone there is nothing to choose.
    say(client, attest(2));
    assertThat(signed).hasSize(1);
    assertThat(signed.getFirst().signed().statement().sampled().orElseThrow().count()).isZero();
  }

  @Test
  void draftsOverWhatWasChosenTakeItBack() {
    open(PROMPT);
    int[] answer = answer(2);
    say(client, step(0, 2, PROMPT));
    say(client, step(3, 3, answer[0]));
    assertThat(sampled).containsExactly(answer[0], answer[1]);
    int other = (answer[0] + 1) % MODEL.vocabulary();
    say(client, new Draft(SESSION, 1, 3, new int[] {other, other}), attest(3));
    say(client, attest(4));
    assertThat(signed).isEmpty();
  }

  @Test
  void whatWasChosenByOtherInputsIsNotSigned() {
    open(PROMPT);
    int[] answer = answer(2);
    say(client, step(0, 2, PROMPT));
    say(client, step(3, 3, answer[0]));
    int other = (answer[0] + 1) % MODEL.vocabulary();
    // Position 3 anew with another id, and nothing chosen by it.
    say(client, step(3, 60, other), attest(4));
    assertThat(signed).isEmpty();
    // What stands before it counts still.
    say(client, attest(3));
    requireTrue(3, 4, 5, answer[0]);
  }

  @Test
  void aFloodIsBounded() {
    open(PROMPT);
    say(client, step(0, 2, PROMPT));
    Message[] flood = new Message[200];
    Arrays.fill(flood, attest(3));
    say(client, flood);
    assertThat(signed).hasSize(16);
    assertThat(refused.getFirst().reason()).isEqualTo(Reason.LIMIT);
    assertThat(hop.server().seats()).isZero();
  }

  @Test
  void nonsenseEndsTheSeat() {
    open(new int[0]);
    assertThat(refused.getLast().reason()).isEqualTo(Reason.MALFORMED);
    open(PROMPT);
    say(client, attest(65));
    assertThat(refused.getLast().reason()).isEqualTo(Reason.MALFORMED);
    open(PROMPT);
    say(client, attest(0));
    assertThat(refused.getLast().reason()).isEqualTo(Reason.MALFORMED);
    assertThat(hop.server().seats()).isZero();
    assertThat(signed).isEmpty();
  }

  @Test
  void onlyTheSessionsClientIsTold() {
    open(PROMPT);
    say(client, step(0, 2, PROMPT));
    SimNode other = new SimNode(new SimHost(network, 2, "other", 0, true), MODEL, null, 0);
    other.links().know(hop.host().peer(), List.of(hop.host().address()));
    List<Message> told = new ArrayList<>();
    other
        .links()
        .listen(
            new PeerNetwork.Listener() {
              @Override
              public void received(PeerId from, Message message) {
                told.add(message);
              }
            });
    say(other, attest(3));
    assertThat(told)
        .singleElement()
        .isInstanceOfSatisfying(
            Refused.class, no -> assertThat(no.reason()).isEqualTo(Reason.NO_SESSION));
    assertThat(signed).isEmpty();
  }
}
