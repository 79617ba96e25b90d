package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The examples of {@code docs/api.md} do what the document says. */
class ApiDocumentationTest {
  private static final Path DOCUMENT = Path.of("docs/api.md");

  /** A call, and what it is said to give where that is said. */
  private static final Pattern EXAMPLE =
      Pattern.compile("```sh\\n(?<call>.*?)```\\n(?:```json\\n(?<answer>.*?)```)?", Pattern.DOTALL);

  @Test
  void theCallsOfTheDocumentWork() throws IOException, InterruptedException {
    assumeTrue(isThere("curl") && isThere("bash"), "no curl here: the examples are not tried");
    List<MatchResult> examples = EXAMPLE.matcher(Files.readString(DOCUMENT)).results().toList();
    assertThat(examples).hasSizeGreaterThan(6);
    try (TestServer server = TestServer.of(TestServer.model())) {
      for (MatchResult example : examples) {
        String call = example.group("call");
        String given = run(call.replace("127.0.0.1:7411", "127.0.0.1:" + server.port()));
        String said = example.group("answer");
        if (said != null) {
          assertThat(shape(TestServer.json(given)))
              .as(call)
              .isEqualTo(shape(TestServer.json(said)));
        } else {
          assertThat(given).as(call).doesNotContain("\"error\"").isNotEmpty();
        }
      }
    }
  }

  private static boolean isThere(String program) {
    for (String folder : System.getenv("PATH").split(":")) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }

  private static String run(String call) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("bash", "-c", call).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  /** The fields of a document and the types of their values; of a list only what one entry has. */
  private static String shape(JsonNode node) {
    if (node.isArray()) {
      TreeSet<String> entries = new TreeSet<>();
      node.forEach(
          entry -> entries.add(entry.has("index") || entry.has("id") ? shape(entry) : type(entry)));
      return entries.toString();
    }
    if (!node.isObject()) {
      return type(node);
    }
    List<String> fields = new ArrayList<>();
    node.properties().forEach(f -> fields.add(f.getKey() + ":" + shape(f.getValue())));
    return fields.toString();
  }

  private static String type(JsonNode node) {
    return node.getNodeType().toString();
  }
}
