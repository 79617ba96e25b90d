package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.model.openai.OpenAiChatModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.LayerRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real nodes, and clients who keep both ends of the model at home. */
@Timeout(300)
class SwarmEndsTest {
  private static final String LISTEN = "127.0.0.1:0";
  private static final String[] QUESTION = {"run", "tiny", "Who gathers at the moot?"};
  private static final String[] ANSWER = {
    "--ids", "--temperature", "0.9", "--seed", "3", "--max-tokens", "24"
  };

  @TempDir private Path folder;

  private static String[] call(String[]... parts) {
    return Stream.of(parts).flatMap(Arrays::stream).toArray(String[]::new);
  }

  private record Said(int status, String out, String err) {}

  /** A command as people give it: in a process of its own. */
  private static Said say(Path home, String... call) {
    Path out = home.resolve("out");
    Path err = home.resolve("err");
    try {
      Process process =
          NodeProcess.program(home, "err", List.of(call)).redirectOutput(out.toFile()).start();
      process.getOutputStream().close();
      boolean ended = process.waitFor(NodeProcess.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      int status = process.destroyForcibly().waitFor();
      Said said = new Said(status, Files.readString(out), Files.readString(err));
      assertThat(ended).as("%s ends: %s", List.of(call), said).isTrue();
      return said;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  private static String ok(Path home, String... call) {
    Said said = say(home, call);
    assertThat(said.status).as("%s%s", said.out, said.err).isZero();
    return said.out.strip();
  }

  private static String refused(Path home, String... call) {
    Said said = say(home, call);
    assertThat(said.status).as("%s", said.out).isNotZero();
    return said.err;
  }

  private static String ask(NodeProcess node) {
    return OpenAiChatModel.builder()
        .baseUrl(node.http() + "/v1")
        .apiKey("none")
        .modelName("tiny")
        .temperature(0.0)
        .maxTokens(20)
        .build()
        .chat("Who gathers?");
  }

  @Test
  void theAnswerIsTheSameAndNobodyElseHasAnEnd() throws IOException {
    TinyModel tiny = TinyModel.of(TensorType.Q8_0).withLayers(4);
    String file = TinyModels.write(folder, tiny).toString();
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    Path asker = folder.resolve("asker");
    Path bare = folder.resolve("bare");
    Path single = folder.resolve("single");
    for (Path home : List.of(first, second, asker, single)) {
      ok(home, "pull", file, "--as", "tiny");
    }
    String receipt = folder.resolve("r.cbor").toString();
    String disclosure = folder.resolve("d.cbor").toString();
    String[] proof = {"--receipt", receipt, "--disclose", disclosure};
    String[] ends = {"--ends", "local"};
    try (NodeProcess opener =
        NodeProcess.start(first, "tiny", "--layers", "0:2", "--listen", LISTEN)) {
      String link = ok(opener.awaitReady().home(), "invite", "--no-qr");
      for (Path home : List.of(second, asker, bare)) {
        ok(home, "join", link);
      }
      try (NodeProcess joiner =
              NodeProcess.start(second, "tiny", "--layers", "2:4", "--listen", LISTEN);
          NodeProcess alone = NodeProcess.start(single, "tiny", "--no-swarm")) {
        assertThat(joiner.awaitReady()).isNotNull();
        String wanted = ok(single, call(QUESTION, ANSWER));
        assertThat(ok(asker, call(QUESTION, ANSWER, proof, ends))).isEqualTo(wanted);

        Receipt told = ReceiptCodec.decode(Files.readAllBytes(Path.of(receipt)));
        assertThat(told.hops().stream().map(Receipt.Hop::range))
            .containsExactly(
                new LayerRange(true, 0, 1, false),
                new LayerRange(false, 1, 2, false),
                new LayerRange(false, 2, 3, false),
                new LayerRange(false, 3, 4, true));
        assertThat(told.hops().getFirst().peer()).isEqualTo(told.hops().getLast().peer());
        assertThat(ok(asker, "verify", receipt, "--disclosure", disclosure))
            .contains(
                "it holds: the model says exactly this", "SAW", "all tokens", "hidden states");

        // The two who computed the middle are all there are, and so no second opinion of it.
        String[] again = {"verify", receipt, "--disclosure", disclosure, "--swarm"};
        assertThat(refused(bare, call(again, ends))).contains("needs the model's file");
        Said checked = say(asker, call(again, ends));
        assertThat(checked.status).isNotZero();
        assertThat(checked.err).contains("both ends of tiny:latest are computed here");
        assertThat(checked.out).contains("nobody else serves them");

        String[] tooMany = {"--ends", "local:2"};
        assertThat(refused(asker, call(QUESTION, tooMany))).contains("ends of 1 to 1 layers");
        String[] wrong = {"--ends", "home"};
        assertThat(refused(asker, call(QUESTION, wrong))).contains("--ends looks like 'local'");
        assertThat(refused(bare, call(QUESTION, ends)))
            .contains("--ends local needs the model's file on this machine");

        try (NodeProcess node = NodeProcess.start(asker, "--listen", LISTEN, "--ends", "local")) {
          String alike = ask(alone.awaitReady());
          node.awaitReady();
          // Until it has heard of all the others it answers with the file that it has.
          long end = System.nanoTime() + NodeProcess.PATIENCE.toNanos();
          do {
            assertThat(ask(node)).isEqualTo(alike);
          } while (!Files.readString(asker.resolve("log")).contains("both ends")
              && System.nanoTime() < end);
          assertThat(ask(node)).isEqualTo(alike);
          assertThat(Files.readString(asker.resolve("log")))
              .containsOnlyOnce("both ends of tiny:latest are computed here");
        }
      }
    }
  }
}
