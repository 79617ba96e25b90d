package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chats with a program at the other end, and a model whose words mean nothing. */
class ChatCommandTest {
  private static final String ENGINE_FAULT = "this is a fault";

  @TempDir static Path folder;
  private static String model;

  @BeforeAll
  static void makeModel() {
    model = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withContext(4096)).toString();
  }

  private static TestConsole console(String... lines) {
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    return console.reading(String.join("\n", lines) + "\n");
  }

  /** A chat that goes well. */
  private static TestConsole chat(String... lines) {
    TestConsole console = console(lines);
    int status =
        console.run("chat", model, "--temperature", "0", "--max-tokens", "12", "--verbose");
    assertThat(status).as(console.err()).isEqualTo(ExitStatus.OK);
    return console;
  }

  /** How much of each prompt was there already, and how much there was. */
  private static List<String> counts(TestConsole console) {
    return console.err().lines().filter(line -> line.contains(" in")).toList();
  }

  @Test
  void printsNothingButAnswers() {
    TestConsole quiet = console("Hello", "", "/bye", "never read");
    assertThat(quiet.run("chat", model, "--temperature", "0", "--max-tokens", "12")).isZero();
    assertThat(quiet.out()).isNotBlank().doesNotContain(">>>").doesNotContain("\u001b");
    assertThat(quiet.err()).doesNotContain("Hello").doesNotContain(" out,");
    assertThat(chat("Hello", "Hello").out()).startsWith(quiet.out()).isNotEqualTo(quiet.out());
  }

  @Test
  void aTurnComputesOnlyWhatIsNew() {
    List<String> counts = counts(chat("one", "two", "three"));
    assertThat(counts).hasSize(3);
    assertThat(counts.get(0)).doesNotContain("kept");
    assertThat(counts.get(1)).contains("kept");
    assertThat(counts.get(2)).contains("kept");
  }

  @Test
  void theModelSeesWhatWasSaid() {
    String after = chat("first", "same").out();
    String alone = chat("same").out();
    assertThat(after).doesNotEndWith(alone);
    assertThat(chat("first", "/clear", "same").out()).endsWith(alone);
  }

  @Test
  void whatTheModelIsToldFirstCanBeSet() {
    String plain = chat("hi").out();
    String told = chat("/system be brief", "hi").out();
    assertThat(told).isNotEqualTo(plain);
    TestConsole option = console("hi");
    option.run("chat", model, "--temperature", "0", "--max-tokens", "12", "--system", "be brief");
    assertThat(option.out()).isEqualTo(told);
    assertThat(chat("/system be brief", "/system \"\"", "hi").out()).isEqualTo(plain);
    assertThat(chat("/system be brief", "/system").err())
        .contains("The model is told: be brief")
        .doesNotContain("told nothing");
  }

  @Test
  void settingsCanBeSetAndShown() {
    TestConsole console = chat("/set top_k 7", "/set temperature 0.5", "/set", "/seed 3", "/seed");
    assertThat(console.err())
        .contains("top-k is 7", "top-k           7", "temperature     0.5", "seed is 3");
    assertThat(chat("/set max-tokens 3", "hi").err()).contains(" 3 out");
    assertThat(chat("/set quiet", "hi").err()).doesNotContain(" out");
    String seeded = chat("/set temperature 2", "/seed 3", "hi").out();
    assertThat(chat("/set temperature 2", "/seed 3", "hi").out()).isEqualTo(seeded);
    assertThat(chat("/set temperature 2", "/seed 4", "hi").out()).isNotEqualTo(seeded);
    assertThat(chat("/set temperature 2", "/seed random", "hi").err()).contains("seed 1000");
  }

  @Test
  void whatGoesWrongIsSaidAndTheChatGoesOn() {
    TestConsole console =
        console("/sytem x", "/set temprature 1", "/set top-k many", "/set top-p 2", "/save", "hi");
    assertThat(console.run("chat", model, "--max-tokens", "5")).isEqualTo(ExitStatus.FAILED);
    assertThat(console.err())
        .contains(
            "there is no command '/sytem': did you mean 'system'?",
            "there is no setting 'temprature': did you mean 'temperature'?",
            "top-k must be a number, but is 'many'",
            "top-p is 2.0, but must be between",
            "to which file?")
        .doesNotContain(ENGINE_FAULT);
    assertThat(console.out()).isNotBlank();
  }

  @Test
  void helpNamesEveryCommand() {
    String help = chat("/?").err();
    ChatCommands.NAMES.stream()
        .filter(name -> !name.equals("help"))
        .forEach(name -> assertThat(help).contains("/" + name));
    assertThat(help.lines()).allMatch(line -> line.length() < 80);
  }

  @Test
  void aMessageCanHaveSeveralLines() {
    String quoted = chat("\"\"\"one", "two\"\"\"").out();
    assertThat(chat("one\\", "two").out()).isEqualTo(quoted);
    assertThat(chat("one", "two").out()).isNotEqualTo(quoted);
    assertThat(chat("\"\"\"one", "two").out()).as("never closed").isEqualTo(quoted);
    assertThat(chat("\"\"\"/bye\"\"\"").out()).as("a message, no command").isNotBlank();
  }

  @Test
  void aSavedChatGoesOnAsIfNothingHadHappened() throws IOException {
    String file = folder.resolve("saved.json").toString();
    String whole = chat("/system be brief", "first", "second").out();
    chat("/system be brief", "first", "/save " + file);
    assertThat(Files.readString(Path.of(file), StandardCharsets.UTF_8)).contains("first");
    TestConsole loaded = chat("/set temperature 3", "/load " + file, "second");
    assertThat(whole).endsWith(loaded.out());
    assertThat(loaded.err())
        .contains("the last question was: first")
        .doesNotContain("It was held with");
  }

  private static void assertHolds(Path receipt, Path disclosure) {
    TestConsole verify = console();
    int status =
        verify.run(
            "verify", receipt.toString(), "--offline", "--disclosure", disclosure.toString());
    assertThat(status).as(verify.out() + verify.err()).isEqualTo(ExitStatus.OK);
    assertThat(verify.out()).contains("it holds");
  }

  @Test
  void receiptsOfTheAnswersLieBesideASavedChat() throws IOException {
    Path file = folder.resolve("proven.json");
    Path receipts = folder.resolve("proven.json.receipts");
    TestConsole saved = chat("/system be brief", "first", "second", "/save " + file);
    assertThat(saved.err()).contains("with 2 of 2 receipts in proven.json.receipts");
    assertHolds(receipts.resolve("1.receipt"), receipts.resolve("1.disclosure"));
    assertHolds(receipts.resolve("2.receipt"), receipts.resolve("2.disclosure"));
    byte[] first = Files.readAllBytes(receipts.resolve("1.receipt"));
    // Loaded, gone on with, and saved again, the old ones stay.
    assertThat(chat("/load " + file, "third", "/save " + file).err()).contains("3 of 3 receipts");
    assertThat(receipts.resolve("1.receipt")).hasBinaryContent(first);
    assertHolds(receipts.resolve("3.receipt"), receipts.resolve("3.disclosure"));
    // One that is damaged costs neither the chat nor the others.
    Files.writeString(receipts.resolve("2.receipt"), "nothing");
    Files.writeString(receipts.resolve("notes.receipt"), "a person's own");
    assertThat(chat("/load " + file, "/save " + file).err())
        .contains("damaged and left out: [2]", "2 of 3 receipts");
    assertThat(receipts.resolve("2.receipt")).doesNotExist();
    assertThat(receipts.resolve("notes.receipt")).exists();
    assertThat(chat("/save " + file).err()).doesNotContain("receipts");
    assertThat(receipts.resolve("1.disclosure")).doesNotExist();
  }

  @Test
  void theReceiptOfTheLastAnswerCanBeWritten() {
    Path receipt = folder.resolve("last.receipt");
    Path disclosure = folder.resolve("last.disclosure");
    chat("hello", "/receipt " + receipt);
    assertThat(receipt).exists();
    chat("hello", "again", "/receipt " + receipt + " " + disclosure);
    assertHolds(receipt, disclosure);
    TestConsole none = console("/receipt " + receipt, "/receipt");
    assertThat(none.run("chat", model)).isEqualTo(ExitStatus.FAILED);
    assertThat(none.err()).contains("there is no receipt", "to which file?");
  }

  @Test
  void anotherModelCanGoOn() {
    String other = TinyModels.write(folder, TinyModel.of(TensorType.Q4_0).withSeed(5)).toString();
    TestConsole console = chat("one", "/model " + other, "two", "/model");
    assertThat(console.err()).contains("speaks, with a context of 256 tokens");
    assertThat(counts(console).get(1))
        .as("nothing was computed with this one")
        .doesNotContain("kept");
  }

  @Test
  void aModelThatCannotBeHadChangesNothing() throws IOException {
    Path damaged = folder.resolve("damaged.gguf");
    Files.write(damaged, "GGUF nonsense".getBytes(StandardCharsets.US_ASCII));
    TestConsole console = console("one", "/model nowhere:1b", "/model " + damaged, "two");
    assertThat(console.run("chat", model, "--temperature", "0", "--max-tokens", "12"))
        .isEqualTo(ExitStatus.FAILED);
    assertThat(console.err()).contains("there is no model 'nowhere:1b'").contains("damaged");
    assertThat(console.out()).isEqualTo(chat("one", "two").out());
  }

  @Test
  void theOldestTurnsAreLeftOutWhereTheContextEnds() {
    TestConsole console = console("word ".repeat(12), "two", "three", "four", "five", "six");
    assertThat(
            console.run("chat", model, "--temperature", "0", "--max-tokens", "12", "--ctx", "150"))
        .as(console.err())
        .isEqualTo(ExitStatus.OK);
    assertThat(console.err())
        .containsOnlyOnce("the chat outgrew the context of 150 tokens")
        .doesNotContain(ENGINE_FAULT);
  }

  @Test
  void aQuestionLongerThanTheContextIsRefusedAndForgotten() {
    TestConsole console = console("word ".repeat(500), "hi");
    assertThat(
            console.run("chat", model, "--temperature", "0", "--max-tokens", "12", "--ctx", "150"))
        .isEqualTo(ExitStatus.FAILED);
    assertThat(console.err()).contains("shorten it");
    assertThat(console.out()).isEqualTo(chat("hi").out());
  }

  @Test
  void anInterruptEndsAChatThatNobodyWatches() {
    TestConsole console = console("one", "two");
    console.interrupts =
        action -> {
          action.run();
          return () -> {};
        };
    assertThat(console.run("chat", model)).isEqualTo(ExitStatus.INTERRUPTED);
    assertThat(console.out()).isEmpty();
  }

  @Test
  void wrongOptionsEndItBeforeAnythingIsLoaded() {
    assertThat(console("x").run("chat", "none.gguf", "--top-p", "7"))
        .isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(console("x").run("chat")).isEqualTo(ExitStatus.WRONG_CALL);
  }
}
