package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client that people use, made for OpenAI's servers, at nodes of a swarm: two with half of the
 * layers each, joined by a pasted invite, and one with none.
 */
@Timeout(600)
class SwarmApiTest {
  @TempDir private Path folder;

  private String run(Path home, String... call) {
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", home.toString());
    console.environment.put("FOLKMOOT_PATIENCE", "60");
    Surroundings surroundings =
        new Surroundings(
            console.console(), console.in, console.environment, InstantSource.system());
    assertThat(Main.run(surroundings, call)).as(console.err()).isZero();
    return console.out().strip();
  }

  private static String ask(URI server, double temperature) {
    OpenAiStreamingChatModel model =
        OpenAiStreamingChatModel.builder()
            .baseUrl(server.resolve("/v1").toString())
            .apiKey("any")
            .modelName("tiny")
            .temperature(temperature)
            .seed(3)
            .maxTokens(48)
            .build();
    StringBuilder pieces = new StringBuilder();
    CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
    model.chat(
        List.of(UserMessage.from("Who gathers at the moot?")),
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(String piece) {
            pieces.append(piece);
          }

          @Override
          public void onCompleteResponse(ChatResponse response) {
            whole.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            whole.completeExceptionally(error);
          }
        });
    assertThat(answer(whole).aiMessage().text()).isEqualTo(pieces.toString()).isNotEmpty();
    return pieces.toString();
  }

  private static ChatResponse answer(CompletableFuture<ChatResponse> whole) {
    try {
      return whole.get(NodeProcess.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException failed) {
      throw new AssertionError("no answer", failed);
    }
  }

  @Test
  void aClientOfTheApiGetsTheTextOfASingleMachine() {
    TinyModel tiny = TinyModel.of(TensorType.Q8_0).withLayers(4);
    String file = TinyModels.write(folder, tiny).toString();
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    Path third = folder.resolve("third");
    Path single = folder.resolve("single");
    for (Path home : List.of(first, second, single)) {
      run(home, "pull", file, "--as", "tiny");
    }
    String listen = "127.0.0.1:0";
    try (NodeProcess alone = NodeProcess.start(single, "tiny", "--no-swarm");
        NodeProcess opener =
            NodeProcess.start(first, "tiny", "--layers", "0:2", "--listen", listen)) {
      String link = run(opener.awaitReady().home(), "invite", "--no-qr");
      // As it is pasted from a mail: in two lines.
      int half = link.length() / 2;
      run(second, "join", link.substring(0, half), link.substring(half));
      run(third, "join", link);
      try (NodeProcess joiner = joinSoon(second, "--layers", "2:4", "--listen", listen);
          NodeProcess asker = NodeProcess.start(third, "--listen", listen, "--draft", file)) {
        for (double temperature : new double[] {0, 0.9}) {
          String wanted = ask(alone.awaitReady().http(), temperature);
          for (NodeProcess node : List.of(opener, joiner.awaitReady(), asker.awaitReady())) {
            assertThat(ask(node.http(), temperature)).isEqualTo(wanted);
          }
        }
        assertThat(run(second, "ps")).contains("tiny", "2–3 of 4", "the swarm", joiner.pid() + "");
        assertThat(run(third, "ps", "--json")).contains("\"pid\" : " + asker.pid());
        drafting(single, third, file);
        // What it did for the others they have acknowledged, and it wrote that down.
        assertThat(joiner.stop()).isTrue();
        assertThat(run(second, "ps", "--json")).contains("\"processes\" : [ ]");
        assertThat(new SwarmFolder(second).credits()).isNotEmptyFile();
      }
    }
  }

  /**
   * Starts a node that has its weights. It serves within ten seconds, a promise to people: held
   * with {@code -Dfolkmoot.kills.quiet=true}, on a machine that does nothing else.
   */
  private static NodeProcess joinSoon(Path home, String... options) {
    long begun = System.nanoTime();
    NodeProcess joiner = NodeProcess.start(home, call(options, "tiny")).awaitReady();
    Duration taken = Duration.ofNanos(System.nanoTime() - begun);
    Duration most = KillSwarm.IS_QUIET ? Duration.ofSeconds(10) : NodeProcess.PATIENCE;
    assertThat(taken).as("until it serves").isLessThan(most);
    return joiner;
  }

  /**
   * A model of this machine that guesses ahead changes nothing, nor does one that guesses badly.
   */
  private void drafting(Path single, Path asking, String file) {
    String other = TinyModels.write(folder, TinyModel.of(TensorType.Q4_1).withLayers(1)).toString();
    String[] answer = {"--ids", "--temperature", "0.9", "--seed", "3", "--max-tokens", "40"};
    String question = "Who gathers at the moot?";
    String wanted = run(single, call(answer, "run", "tiny", question));
    for (String draft : List.of(file, other)) {
      assertThat(run(asking, call(answer, "run", "tiny", question, "--swarm", "--draft", draft)))
          .isEqualTo(wanted);
    }
  }

  private static String[] call(String[] options, String... words) {
    return Stream.concat(Arrays.stream(words), Arrays.stream(options)).toArray(String[]::new);
  }
}
