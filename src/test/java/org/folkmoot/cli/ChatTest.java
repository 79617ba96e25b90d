package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C in a chat with a person, who is made of a list of inputs. */
class ChatTest {
  @TempDir static Path folder;
  private static String model;

  @BeforeAll
  static void makeModel() {
    model = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0)).toString();
  }

  /** Presses Ctrl-C in the answer to "stop", after so many pieces of text. */
  private static final class Person implements ChatFront {
    private final Iterator<String> inputs;
    private final int patience;
    private final List<String> heard = new ArrayList<>();
    private String last = "";
    private Runnable ctrlC = () -> {};

    Person(int patience, String... inputs) {
      this.inputs = List.of(inputs).iterator();
      this.patience = patience;
    }

    @Override
    public Optional<ChatInput> read() {
      if (!inputs.hasNext()) {
        return Optional.empty();
      }
      last = inputs.next();
      return Optional.of(ChatInput.of(last));
    }

    @Override
    public void say(String line) {
      heard.add(line);
    }

    @Override
    public AnswerWriter answer() {
      return AnswerWriter.plain(new PrintStream(new Ear(), true, StandardCharsets.UTF_8));
    }

    private final class Ear extends ByteArrayOutputStream {
      private int pieces;

      @Override
      public synchronized void write(byte[] bytes, int from, int length) {
        if (last.equals("stop") && ++pieces == patience) {
          ctrlC.run();
        }
        super.write(bytes, from, length);
      }
    }

    @Override
    public void endAnswer() {}

    @Override
    public Interrupts interrupts() {
      return action -> {
        ctrlC = action;
        if (last.equals("stop") && patience == 0) {
          action.run();
        }
        return () -> ctrlC = () -> {};
      };
    }

    @Override
    public boolean isUnattended() {
      return false;
    }

    @Override
    public void close() {}
  }

  private static List<ChatMessage> transcript(Person person) {
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    Surroundings surroundings = console.surroundings();
    ModelOpener.Settings opening = new ModelOpener.Settings(1, 4096, 1 << 24, 1);
    AnswerSettings settings =
        AnswerSettings.USUAL.with("temperature", "0").with("max-tokens", "30");
    Chat.Start start =
        new Chat.Start(
            model,
            opening,
            false,
            settings,
            null,
            Map.of(),
            false,
            SwarmWish.NONE,
            MootDefaults.NONE);
    try (Chat chat =
        new Chat(
            surroundings,
            person,
            Voice.open(surroundings, model, opening, false, SwarmWish.NONE),
            start)) {
      assertThat(chat.untilTheEnd()).isEqualTo(ExitStatus.OK);
      return chat.transcript().messages();
    }
  }

  @Test
  void whatWasSaidBeforeTheStopStays() {
    String whole = transcript(new Person(-1, "stop")).get(1).content();
    List<ChatMessage> stopped = transcript(new Person(3, "stop", "go on"));
    assertThat(stopped).hasSize(4);
    assertThat(stopped.get(1).content()).isNotEmpty().isNotEqualTo(whole);
    assertThat(whole).startsWith(stopped.get(1).content());
    assertThat(stopped.get(2).content()).isEqualTo("go on");
    assertThat(stopped.get(3).content()).isNotEmpty();
  }

  @Test
  void aQuestionStoppedBeforeItsAnswerBeganIsForgotten() {
    List<ChatMessage> messages = transcript(new Person(0, "one", "stop", "two"));
    assertThat(messages).extracting(ChatMessage::content).contains("one", "two");
    assertThat(messages).hasSize(4);
    assertThat(messages.subList(0, 2)).isEqualTo(transcript(new Person(0, "one")));
  }

  @Test
  void leavingIsNoFailureEvenAfterMistakes() {
    Person person = new Person(0, "/nonsense", "/set", "/bye", "never");
    assertThat(transcript(person)).isEmpty();
    assertThat(person.heard).hasSize(1);
  }
}
