package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An answer of one home, checked in another that shares only the model with it. */
class VerifyCommandTest {
  @TempDir static Path folder;
  private static Path receipt;
  private static Path disclosure;

  @BeforeAll
  static void answer() {
    String file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0)).toString();
    for (String home : new String[] {"asker", "checker"}) {
      assertThat(at(home).run("pull", file, "--as", "tiny")).isZero();
    }
    receipt = folder.resolve("r.cbor");
    disclosure = folder.resolve("d.cbor");
    TestConsole run = at("asker");
    int status =
        run.run(
            "run",
            "tiny",
            "Who gathers?",
            "--system",
            "Be brief.",
            "--max-tokens",
            "12",
            "--receipt",
            receipt.toString(),
            "--disclose",
            disclosure.toString());
    assertThat(status).as(run.err()).isEqualTo(ExitStatus.OK);
  }

  private static TestConsole at(String home) {
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", folder.resolve(home).toString());
    return console;
  }

  private static String[] verify(Path receipt, Path disclosure, String... more) {
    String[] call = new String[more.length + 4];
    call[0] = "verify";
    call[1] = receipt.toString();
    call[2] = "--disclosure";
    call[3] = disclosure.toString();
    System.arraycopy(more, 0, call, 4, more.length);
    return call;
  }

  @Test
  void holdsInAnotherHomeThatHasTheModel() throws IOException {
    TestConsole checker = at("checker");
    assertThat(checker.run(verify(receipt, disclosure))).as(checker.err()).isEqualTo(ExitStatus.OK);
    assertThat(checker.out())
        .contains("it holds: the model says exactly this")
        .contains("the prompt begins with the system prompt, as the template has it");
    assertThat(checker.run(verify(receipt, disclosure, "--json"))).isZero();
    JsonNode json = new ObjectMapper().readTree(checker.out());
    assertThat(json.get("holds").booleanValue()).isTrue();
    assertThat(json.get("computed").booleanValue()).isTrue();
    assertThat(json.get("findings")).allMatch(one -> one.get("outcome").textValue().equals("held"));
  }

  @Test
  void withoutTheModelItIsSaidWhatWouldBeNeeded() {
    TestConsole stranger = at("stranger");
    assertThat(stranger.run(verify(receipt, disclosure))).isEqualTo(ExitStatus.FAILED);
    assertThat(stranger.out())
        .contains("not all that was asked for could be checked", "folkmoot pull", "--swarm");
    assertThat(stranger.run(verify(receipt, disclosure, "--offline"))).isEqualTo(ExitStatus.OK);
    assertThat(stranger.run("verify", receipt.toString())).isEqualTo(ExitStatus.OK);
    assertThat(stranger.out()).contains("needs the disclosure");
  }

  /** The flips that a home could make good only by computing are none: all are seen before. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noByteOfEitherFileCanBeFlipped(boolean ofReceipt) throws IOException {
    byte[] whole = Files.readAllBytes(ofReceipt ? receipt : disclosure);
    Path touched = folder.resolve(ofReceipt ? "r.touched" : "d.touched");
    TestConsole checker = at("checker");
    for (int i = 0; i < whole.length; i++) {
      byte[] bytes = whole.clone();
      bytes[i] ^= (byte) (1 << i % 8);
      Files.write(touched, bytes);
      int status = checker.run(ofReceipt ? verify(touched, disclosure) : verify(receipt, touched));
      String said = checker.out() + checker.err();
      assertThat(status).as("byte %d: %s", i, said).isEqualTo(ExitStatus.FAILED);
      assertThat(said).as("byte %d", i).containsAnyOf("✗", "folkmoot: ").doesNotContain("\tat ");
      assertThat(said).doesNotContain("defect");
    }
  }

  @Test
  void filesThatAreNoReceiptsAreOneLine() throws IOException {
    TestConsole checker = at("checker");
    Path empty = Files.write(folder.resolve("empty"), new byte[0]);
    Path huge = Files.write(folder.resolve("huge"), new byte[8 << 20]);
    for (Path none : new Path[] {folder, folder.resolve("none"), empty, huge, disclosure}) {
      assertThat(checker.run(verify(none, disclosure))).isEqualTo(ExitStatus.FAILED);
      assertThat(checker.err()).startsWith("folkmoot: ").hasLineCount(1);
    }
    assertThat(checker.run(verify(receipt, receipt))).isEqualTo(ExitStatus.FAILED);
    assertThat(checker.err()).startsWith("folkmoot: ").hasLineCount(1);
    assertThat(checker.run(verify(receipt, disclosure, "--swarm", "--offline")))
        .isEqualTo(ExitStatus.WRONG_CALL);
  }

  @Test
  void aReceiptOfAnotherAnswerDoesNotFit() {
    Path other = folder.resolve("other.cbor");
    String[] again = {"run", "tiny", "Who?", "--max-tokens", "5", "--receipt", other.toString()};
    assertThat(at("asker").run(again)).isZero();
    TestConsole checker = at("checker");
    assertThat(checker.run(verify(other, disclosure))).isEqualTo(ExitStatus.FAILED);
    assertThat(checker.out()).contains("✗", "it does NOT hold");
  }

  /** The saved words, and not only the tokens, are what was proven. */
  @Test
  void aSavedChatIsHeldAgainstItsReceipts() throws IOException {
    Path chat = folder.resolve("chat.json");
    TestConsole asker = at("asker").reading("first\nsecond\n/save " + chat + "\n");
    assertThat(asker.run("chat", "tiny", "--system", "Be brief.", "--max-tokens", "8"))
        .as(asker.err())
        .isZero();
    TestConsole checker = at("checker");
    assertThat(checker.run("verify", chat.toString())).as(checker.out()).isZero();
    assertThat(checker.out())
        .contains("answer 2", "the saved answer is the text", "all 2 answers hold");
    assertThat(checker.run("verify", chat.toString(), "--json")).isZero();
    JsonNode json = new ObjectMapper().readTree(checker.out());
    assertThat(json.get("holds").booleanValue()).isTrue();
    assertThat(json.get("answers")).hasSize(2);

    String whole = Files.readString(chat);
    Files.writeString(chat, whole.replace("second", "other words"));
    assertThat(checker.run("verify", chat.toString())).isEqualTo(ExitStatus.FAILED);
    assertThat(checker.out()).contains("✗ the prompt is not the saved conversation");
    Files.writeString(chat, whole);
    Files.delete(ChatReceipts.folderOf(chat).resolve("1.receipt"));
    assertThat(checker.run("verify", chat.toString())).isEqualTo(ExitStatus.FAILED);
    assertThat(checker.out()).contains("it has no receipt", "not all answers could be checked");
  }
}
