package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.engine.template.ChatMessage;
import org.junit.jupiter.api.Test;

class TranscriptTest {
  /** A message has as many tokens as letters, and one more. */
  private static int[] encode(List<ChatMessage> messages) {
    return new int[messages.stream().mapToInt(message -> message.content().length() + 1).sum()];
  }

  private static Transcript of(int turns, int letters) {
    Transcript transcript = new Transcript();
    for (int i = 0; i < turns; i++) {
      transcript.ask("q".repeat(letters));
      transcript.answer("a".repeat(letters));
    }
    transcript.ask("last");
    return transcript;
  }

  private static int prompt(Transcript transcript, int context) {
    return transcript.prompt(TranscriptTest::encode, context, context / 4).length;
  }

  @Test
  void everythingIsSeenWhileItFits() {
    Transcript transcript = of(3, 9);
    assertThat(prompt(transcript, 100)).isEqualTo(65);
    assertThat(transcript.unseen()).isZero();
  }

  @Test
  void whatDoesNotFitIsDroppedFromTheOldestWithRoomToGoOn() {
    Transcript transcript = of(10, 9);
    assertThat(prompt(transcript, 100)).isEqualTo(25);
    assertThat(transcript.unseen()).isEqualTo(18);
    transcript.answer("a".repeat(9));
    transcript.ask("q".repeat(9));
    assertThat(prompt(transcript, 100)).as("seen as before, and more").isEqualTo(45);
    assertThat(transcript.unseen()).isEqualTo(18);
    assertThat(transcript.messages()).as("kept all the same").hasSize(23);
  }

  @Test
  void whatTheModelIsToldFirstAlwaysStays() {
    Transcript transcript = of(10, 9);
    transcript.setSystem("be brief!");
    transcript.prompt(
        messages -> {
          assertThat(messages.getFirst().role()).isEqualTo("system");
          return encode(messages);
        },
        100,
        25);
    assertThat(transcript.unseen()).isPositive();
  }

  @Test
  void theLastQuestionAlwaysStays() {
    Transcript transcript = of(4, 9);
    transcript.answer("a");
    transcript.ask("x".repeat(500));
    assertThat(prompt(transcript, 100)).isEqualTo(501);
    assertThat(transcript.unseen()).isEqualTo(10);
    transcript.takeBack();
    transcript.ask("short");
    assertThat(prompt(transcript, 100)).isEqualTo(6);
  }

  @Test
  void allIsSeenAgainWhereAnotherContextHasRoom() {
    Transcript transcript = of(10, 9);
    prompt(transcript, 100);
    transcript.seeAll();
    assertThat(prompt(transcript, 1000)).isEqualTo(205);
    transcript.clear();
    transcript.ask("x");
    assertThat(prompt(transcript, 100)).isEqualTo(2);
  }

  @Test
  void dropsWholeTurnsAndNoMoreThanNeeded() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 500; round++) {
      Transcript transcript = new Transcript();
      int turns = random.nextInt(30);
      for (int i = 0; i < turns; i++) {
        transcript.ask("q".repeat(random.nextInt(30)));
        transcript.answer("a".repeat(random.nextInt(30)));
      }
      transcript.ask("q".repeat(random.nextInt(30)));
      int context = 20 + random.nextInt(300);
      int room = context - context / 4;
      int tokens = prompt(transcript, context);
      int unseen = transcript.unseen();
      assertThat(unseen % 2).isZero();
      if (unseen > 0 && unseen < 2 * turns) {
        assertThat(tokens).isLessThanOrEqualTo(room / 2);
      }
      if (unseen > 0) {
        List<ChatMessage> oneMore =
            transcript.messages().subList(unseen - 2, transcript.messages().size());
        assertThat(encode(oneMore).length).isGreaterThan(room / 2);
      }
    }
  }

  @Test
  void textsThatNobodyCouldEncodeAreNotTried() {
    Transcript transcript = new Transcript();
    transcript.ask("x".repeat(3 << 20));
    transcript.answer("y");
    transcript.ask("z");
    assertThat(
            transcript.prompt(
                messages -> {
                  assertThat(messages).hasSize(1);
                  return encode(messages);
                },
                100,
                25))
        .hasSize(2);
  }
}
