package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyFamily;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command with a model of random weights, called as a person calls it. */
class RunCommandTest {
  @TempDir static Path folder;
  private static String model;

  @BeforeAll
  static void makeModel() {
    model = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0)).toString();
  }

  private static TestConsole console() {
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    return console;
  }

  private static String[] args(String... rest) {
    String[] all = new String[rest.length + 2];
    all[0] = "run";
    all[1] = model;
    System.arraycopy(rest, 0, all, 2, rest.length);
    return all;
  }

  private static String text(String... rest) {
    TestConsole run = console();
    assertThat(run.run(args(rest))).as(run.err()).isEqualTo(ExitStatus.OK);
    return run.out();
  }

  @Test
  void answersOnStandardOutputAndCountsOnStandardError() {
    TestConsole run = console();
    assertThat(run.run(args("--max-tokens", "9", "hello", "there"))).isEqualTo(ExitStatus.OK);
    assertThat(run.out()).isNotBlank().endsWith("\n");
    assertThat(run.err())
        .matches(
            "(?s).*\\d+ in, [0-9.]+/s · 9 out, 10\\.0 tokens/s · first after 0\\.10 s"
                + " · seed 1000\n");
  }

  /** Mistral Small's template writes the date, and does not ask whether it may. */
  @Test
  void aTemplateThatWritesTheDateIsGivenIt() throws IOException {
    String template = "Today is {{ strftime_now('%Y-%m-%d') }}. {{ messages[0]['content'] }}";
    Path dated =
        TinyFamily.QWEN3.write(
            folder, TensorType.Q8_0, file -> file.put("tokenizer.chat_template", template));
    Path receipt = folder.resolve("dated.receipt");
    Path disclosure = folder.resolve("dated.disclosure");
    TestConsole run = console();
    assertThat(
            run.run(
                "run",
                dated.toString(),
                "--max-tokens=5",
                "--receipt=" + receipt,
                "--disclose=" + disclosure,
                "hi"))
        .as(run.err())
        .isZero();
    // So that the prompt can be made again on any day.
    assertThat(Files.readString(disclosure, StandardCharsets.ISO_8859_1))
        .containsPattern("\\{# strftime_now: \\d{4}-\\d{2}-\\d{2} #}Today is");
  }

  @Test
  void wordsAreOnePrompt() {
    assertThat(text("--max-tokens", "20", "--seed", "1", "one", "two"))
        .isEqualTo(text("--max-tokens", "20", "--seed", "1", "one two"));
  }

  @Test
  void theSameSeedSaysTheSame() {
    String first = text("--max-tokens", "30", "--seed", "7", "hello");
    assertThat(text("--max-tokens", "30", "--seed", "7", "hello")).isEqualTo(first);
    assertThat(text("--max-tokens", "30", "--seed", "8", "hello")).isNotEqualTo(first);
    assertThat(text("--max-tokens", "30", "--seed", "-7", "hello")).isNotEqualTo(first);
  }

  @Test
  void greedyNeedsNoSeedAndShowsNone() {
    TestConsole run = console();
    assertThat(run.run(args("--temperature", "0", "--max-tokens", "20", "hello"))).isZero();
    assertThat(run.err()).doesNotContain("seed");
    assertThat(text("--temperature", "0", "--max-tokens", "20", "--seed", "9", "hello"))
        .isEqualTo(run.out());
  }

  @Test
  void samplerOptionsReachTheSampler() {
    String[] hot = {"--temperature", "3", "--top-k", "0", "--top-p", "1", "--min-p", "0"};
    String greedy = text("--temperature", "0", "--max-tokens", "20", "--seed", "3", "hello");
    assertThat(text(with(hot, "--top-k", "1"))).isEqualTo(greedy);
    assertThat(text(with(hot, "--top-p", "0"))).isEqualTo(greedy);
    assertThat(text(with(hot, "--min-p", "1"))).isEqualTo(greedy);
    assertThat(text(with(hot, "--repeat-penalty", "1"))).isNotEqualTo(greedy);
    assertThat(text(with(hot, "--repeat-penalty", "1")))
        .isNotEqualTo(text(with(hot, "--repeat-penalty", "5")));
  }

  /** The hot options with one of them otherwise, or one more. */
  private static String[] with(String[] hot, String option, String value) {
    String[] all = new String[hot.length + 7];
    System.arraycopy(hot, 0, all, 0, hot.length);
    int place = hot.length;
    for (int i = 0; i < hot.length; i += 2) {
      place = hot[i].equals(option) ? i : place;
    }
    int more = place == hot.length ? 2 : 0;
    all[place] = option;
    all[place + 1] = value;
    String[] rest = {"--max-tokens", "20", "--seed", "3", "hello"};
    System.arraycopy(rest, 0, all, hot.length + more, 5);
    return Arrays.copyOf(all, hot.length + more + 5);
  }

  @Test
  void idsAreOneJsonArray() {
    String ids = text("--ids", "--temperature", "0", "--max-tokens", "12", "--raw", "hello");
    assertThat(ids).matches("\\[\\d+(, \\d+){11}]\n");
  }

  @Test
  void rawTextGoesWithoutTheTemplate() {
    String raw = text("--raw", "--temperature", "0", "--max-tokens", "20", "hello");
    String chat = text("--temperature", "0", "--max-tokens", "20", "hello");
    assertThat(raw).isNotEqualTo(chat);
    // The template by hand: special tokens in raw text are special.
    String byHand = "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n";
    assertThat(text("--raw", "--ids", "--temperature", "0", "--max-tokens", "20", "<s>" + byHand))
        .isNotEqualTo(text("--raw", "--ids", "--temperature", "0", "--max-tokens", "20", "hello"));
  }

  @Test
  void aSystemMessageChangesTheAnswer() {
    String[] end = {"--temperature", "0", "--max-tokens", "20", "hello"};
    assertThat(text("--system", "be brief", end[0], end[1], end[2], end[3], end[4]))
        .isNotEqualTo(text(end));
    TestConsole run = console();
    assertThat(run.run(args("--raw", "--system", "be brief", "hello")))
        .isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(run.err()).contains("leave out --system or --raw");
  }

  @Test
  void stopsEndTheAnswer() {
    String free = text("--temperature", "0", "--max-tokens", "30", "hello");
    String one = free.substring(4, 6);
    String other = free.substring(8, 10);
    String stopped =
        text("--temperature", "0", "--max-tokens", "30", "--stop", other, "--stop", one, "hello");
    assertThat(stopped.stripTrailing())
        .isEqualTo(free.substring(0, free.indexOf(one)).stripTrailing());
  }

  @Test
  void thePromptCanComeFromStandardInput() {
    String[] options = {"--temperature", "0", "--max-tokens", "15"};
    String expected = text(options[0], options[1], options[2], options[3], "summarise: some text");
    TestConsole dash = console().reading("some text\n");
    assertThat(dash.run(args(options[0], options[1], options[2], options[3], "summarise:", "-")))
        .isZero();
    assertThat(dash.out()).isEqualTo(expected);
    TestConsole piped = console().reading("summarise: some text\n");
    assertThat(piped.run(args(options))).isZero();
    assertThat(piped.out()).isEqualTo(expected);
  }

  @Test
  void standardInputIsLeftAloneWhereThereIsAPrompt() {
    TestConsole run = console();
    run.in =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("a pipe that nobody closes would block here");
          }

          @Override
          public int read(byte[] bytes, int from, int length) throws IOException {
            return read();
          }
        };
    assertThat(run.run(args("--max-tokens", "1", "hello"))).isZero();
  }

  @Test
  void wrongCallsEndWithStatusTwoAndOneLine() {
    assertWrong("there is no prompt", args());
    assertWrong("there is no prompt", args(" "));
    assertWrong("temperature must be a number", args("--temperature", "warm", "x"));
    assertWrong("temperature is -1.0", args("--temperature", "-1", "x"));
    assertWrong("top-p is 2.0", args("--top-p", "2", "x"));
    assertWrong("max-tokens must be", args("--max-tokens", "-1", "x"));
    assertWrong("seed must be a number", args("--seed", "1.5", "x"));
    assertWrong("a stop string is empty", args("--stop", "", "x"));
    assertWrong("--threads is 0", args("--threads", "0", "x"));
    assertWrong("--ctx is 0", args("--ctx", "0", "x"));
    assertWrong("'much' is no amount of memory", args("--kv-memory", "much", "x"));
    assertWrong("shorten it", args("--ctx", "10", "word ".repeat(20)));
  }

  private static void assertWrong(String message, String... args) {
    TestConsole run = console();
    assertThat(run.run(args)).as(run.err()).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(run.err()).contains("folkmoot: ").contains(message).doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void aModelThatIsNotThereEndsWithStatusOne() {
    TestConsole run = console();
    assertThat(run.run("run", folder.resolve("none.gguf").toString(), "x"))
        .isEqualTo(ExitStatus.FAILED);
    assertThat(run.err()).contains("there is no file").doesNotContain("\tat ");
  }

  @Test
  void saysWhenTheContextIsFull() {
    TestConsole run = console();
    assertThat(run.run(args("--temperature", "0", "--ctx", "40", "--raw", "hello"))).isZero();
    assertThat(run.err()).contains("the answer is not whole: the context of 40 tokens is full");
  }

  @Test
  void anInterruptEndsItWithStatus130() {
    TestConsole run = console();
    // Interrupted as soon as somebody watches: before the first token.
    run.interrupts =
        action -> {
          action.run();
          return () -> {};
        };
    assertThat(run.run(args("tell", "me"))).isEqualTo(ExitStatus.INTERRUPTED);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void endsQuietlyWhenNobodyReads() {
    TestConsole run = console();
    run.printed = new PrintStream(new Closed(), true, StandardCharsets.UTF_8);
    assertThat(run.run(args("--max-tokens", "200", "hello"))).isZero();
    assertThat(run.err()).doesNotContain("folkmoot:").contains("· 1 out");
  }

  /** The writing end of a pipe whose reading end was closed. */
  private static final class Closed extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      throw new IOException("Broken pipe");
    }
  }

  @Test
  void aTerminalGetsWrappedTextAndDimCounts() {
    TestConsole run = console();
    run.terminal = true;
    run.columns = 40;
    assertThat(run.run(args("--max-tokens", "100", "--temperature", "0", "hello"))).isZero();
    assertThat(run.err()).contains("\u001b[2m").contains("\u001b[0m");
    assertThat(run.out().replaceAll("\\s", ""))
        .isEqualTo(
            text("--max-tokens", "100", "--temperature", "0", "hello").replaceAll("\\s", ""));
    assertThat(run.out()).doesNotContain("\u001b");
  }

  @Test
  void withoutAPromptItOpensAChat() {
    TestConsole run = console().reading("hello\n");
    run.inIsTerminal = true;
    assertThat(run.run(args("--max-tokens", "5", "--temperature", "0"))).isZero();
    assertThat(run.out()).isNotBlank();
    TestConsole ids = console();
    ids.inIsTerminal = true;
    assertThat(ids.run(args("--ids"))).isEqualTo(ExitStatus.WRONG_CALL);
  }

  @Test
  void theHelpNamesTheDefaults() {
    TestConsole help = console();
    assertThat(help.run("run", "--help")).isZero();
    String onOneLine = help.out().replaceAll("\\s+", " ");
    AnswerSettings.USUAL
        .byName()
        .forEach((name, value) -> {
          String option = onOneLine.substring(onOneLine.lastIndexOf("--" + name + "="));
          String number = value.replaceFirst("\\.0$", "");
          if (!name.equals(AnswerSettings.MAX_TOKENS) && !name.equals(AnswerSettings.SEED)) {
            assertThat(option).matches("[^()]*\\(default: " + number.replace(".", "\\.") + "\\).*");
          }
        });
  }
}
