package org.folkmoot.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.SilentNetwork;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.junit.jupiter.api.Test;

/** What goes to the next hop: all of it, in order, and never more at a time than it can take. */
class DownstreamTest {
  private static final int DIM = 2;
  private static final int WINDOW = 20;
  private static final SessionId SESSION = new SessionId(1, 2);

  private final Sent sent = new Sent();
  private final FloatBudget budget = new FloatBudget(1000);

  private static PeerId peer(int number) {
    byte[] key = new byte[Hash32.BYTES];
    key[0] = (byte) number;
    return new PeerId(Hash32.of(key));
  }

  private static Message.Contact contact(int number) {
    return new Message.Contact(peer(number), List.of());
  }

  private Downstream downstream(int sendFrom) {
    Message.Open open =
        new Message.Open(
            SESSION,
            3,
            new ModelId(Hash32.of(new byte[Hash32.BYTES])),
            new LayerRange(true, 0, 4, false),
            500,
            peer(9),
            Optional.of(contact(1)),
            sendFrom,
            Optional.empty());
    return new Downstream(sent, open, DIM, WINDOW, budget);
  }

  /** Outputs that say of which position they are, and in which epoch they were computed. */
  private static Retained.Part part(int epoch, int position, int tokens) {
    float[] hidden = new float[tokens * DIM];
    for (int i = 0; i < tokens; i++) {
      hidden[i * DIM] = position + i;
      hidden[i * DIM + 1] = epoch;
    }
    return new Retained.Part(epoch, position, tokens, hidden);
  }

  private static Message.Took took(int epoch, int tokens) {
    return new Message.Took(SESSION, epoch, tokens);
  }

  @Test
  void noMoreIsUnderWayThanTheWindow() {
    Downstream down = downstream(0);
    for (int at = 0; at < 50; at += 5) {
      assertThat(down.add(part(3, at, 5), 49)).isTrue();
    }
    assertThat(sent.tokens).as("tokens of the window").isEqualTo(10);
    down.took(peer(1), took(3, 9));
    assertThat(sent.tokens)
        .as("one of the window is free: what is next may be longer")
        .isGreaterThan(10);
    for (int told = 10; sent.tokens < 50; told++) {
      assertThat(told).isLessThan(50);
      down.took(peer(1), took(3, told));
    }
    assertThat(sent.positions()).isEqualTo(sent.range(0, 50));
  }

  @Test
  void whatOthersTellOrAnEarlierNeighbourChangesNothing() {
    Downstream down = downstream(0);
    down.add(part(3, 0, 40), 39);
    int before = sent.tokens;
    down.took(peer(2), took(3, 40));
    down.took(peer(1), took(2, 40));
    down.took(peer(1), took(4, 40));
    down.took(peer(1), took(3, 0));
    assertThat(sent.tokens).isEqualTo(before);
  }

  @Test
  void anotherHopGetsAllFromAPositionOnAsItTakesIt() {
    Downstream down = downstream(0);
    for (int at = 0; at < 40; at++) {
      down.add(part(3, at, 1), at);
      down.took(peer(1), took(3, at + 1));
    }
    sent.messages.clear();
    sent.tokens = 0;
    assertThat(down.replace(contact(2), 4, 7, 39)).isTrue();
    down.took(peer(1), took(3, 40));
    for (int told = 1; sent.tokens < 33; told++) {
      assertThat(told).isLessThan(34);
      down.took(peer(2), took(4, told));
    }
    assertThat(sent.positions()).isEqualTo(sent.range(7, 40));
    assertThat(sent.to).containsOnly(peer(1), peer(2));
    assertThat(sent.to.getLast()).isEqualTo(peer(2));
  }

  @Test
  void withoutRoomWhatWasSentIsForgottenAndTheAnswerGoesOn() {
    Downstream down = downstream(0);
    assertThat(budget.take(1000 - 30 * DIM)).isTrue(); // others'
    for (int at = 0; at < 100; at++) {
      assertThat(down.add(part(3, at, 1), at)).isTrue();
      down.took(peer(1), took(3, at + 1));
    }
    assertThat(sent.positions()).isEqualTo(sent.range(0, 100));
    assertThat(budget.taken()).isLessThanOrEqualTo(1000);
    assertThat(down.replace(contact(2), 4, 0, 99)).as("not kept any more").isFalse();
    down.close();
    assertThat(budget.taken()).as("others'").isEqualTo(1000 - 30 * DIM);
  }

  @Test
  void whatOthersKeepForReplaysMakesNobodyFail() {
    Downstream idle = downstream(0);
    for (int at = 0; at < 490; at += 7) {
      assertThat(idle.add(part(3, at, 7), at)).isTrue();
      idle.took(peer(1), took(3, at + 7));
    }
    sent.clear();
    Downstream down = downstream(0);
    for (int at = 0; at < 60; at += 6) {
      assertThat(down.add(part(3, at, 6), 59)).as("waits for its window").isTrue();
    }
    assertThat(idle.replace(contact(2), 4, 0, 489)).as("given up").isFalse();
    assertThat(budget.taken()).isLessThanOrEqualTo(1000);
  }

  @Test
  void withoutAnyRoomWhatCanGoGoes() {
    Downstream down = downstream(0);
    assertThat(budget.take(1000)).isTrue();
    assertThat(down.add(part(3, 0, 8), 7)).isTrue();
    assertThat(down.add(part(3, 8, 4), 11)).isTrue();
    assertThat(sent.positions()).isEqualTo(sent.range(0, 12));
    assertThat(down.add(part(3, 12, 1), 12)).as("the window is full, and so is the room").isFalse();
  }

  /** Steps, drafts taken back, hops replaced, at random: whoever is next has what counts. */
  @Test
  void whateverHappensTheNextHopHasAllThatCounts() {
    for (int seed = 0; seed < 400; seed++) {
      Random random = new Random(seed);
      sent.clear();
      Downstream down = downstream(0);
      int length = 0;
      int epoch = 3;
      int next = 1;
      float[] counts = new float[400];
      for (int i = 0; i < 60; i++) {
        switch (random.nextInt(6)) {
          case 0 -> {
            length = Math.max(0, length - random.nextInt(4));
            down.takeBack(length);
          }
          case 1 -> {
            next = 3 - next;
            epoch++;
            sent.replaced();
            assertThat(down.replace(contact(next), epoch, 0, length)).isTrue();
          }
          case 2 -> {
            sent.told = Math.max(sent.told, random.nextInt(1 + sent.tokens));
            down.took(peer(next), took(epoch, sent.told));
          }
          default -> {
            int tokens = 1 + random.nextInt(6);
            assertThat(down.add(part(i, length, tokens), length)).isTrue();
            Arrays.fill(counts, length, length + tokens, i);
            length += tokens;
          }
        }
        // One message may be longer than what is left of the window; here it is one step's.
        assertThat(sent.tokens - sent.told).as("seed %d", seed).isLessThan(WINDOW / DIM + 60 * 6);
      }
      for (int before = -1; before < sent.tokens; ) {
        before = sent.tokens;
        down.took(peer(next), took(epoch, before));
      }
      for (int at = 0; at < length; at++) {
        assertThat(sent.state(at)).as("seed %d, position %d", seed, at).isEqualTo(counts[at]);
      }
      down.close();
      assertThat(budget.taken()).isZero();
    }
  }

  /** Takes what is sent as a hop does: a step takes back what was behind its position. */
  private static final class Sent extends SilentNetwork {
    final List<Message.Forward> messages = new ArrayList<>();
    final List<PeerId> to = new ArrayList<>();
    private final float[] states = new float[1000];
    private int length;
    int tokens;
    int told;

    Sent() {
      super(peer(9));
    }

    void clear() {
      messages.clear();
      to.clear();
      replaced();
    }

    void replaced() {
      length = 0;
      tokens = 0;
      told = 0;
    }

    float state(int position) {
      return states[position];
    }

    List<Integer> positions() {
      return messages.stream()
          .flatMap(step -> range(step.position(), step.position() + step.tokens()).stream())
          .toList();
    }

    List<Integer> range(int from, int to) {
      List<Integer> range = new ArrayList<>();
      for (int i = from; i < to; i++) {
        range.add(i);
      }
      return range;
    }

    @Override
    public void send(PeerId peer, Message message) {
      Message.Forward step = (Message.Forward) message;
      assertThat(step.position()).as("no gap").isLessThanOrEqualTo(Math.max(length, 7));
      for (int i = 0; i < step.tokens(); i++) {
        assertThat(step.hidden()[i * DIM]).isEqualTo(step.position() + i);
        states[step.position() + i] = step.hidden()[i * DIM + 1];
      }
      length = step.position() + step.tokens();
      messages.add(step);
      to.add(peer);
      tokens += step.tokens();
    }
  }
}
