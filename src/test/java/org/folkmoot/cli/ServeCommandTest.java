package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Scanner;
import java.util.concurrent.atomic.AtomicInteger;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.store.StoredModel;
import org.folkmoot.testing.LocalModels;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code serve} from its options to an answer. */
@Timeout(300)
class ServeCommandTest {
  @TempDir Path folder;
  private final TestConsole cli = new TestConsole();
  private final AtomicInteger selfTests = new AtomicInteger();

  private final ServeCommand.Engine engine =
      new ServeCommand.Engine() {
        @Override
        public void selfTest() {
          selfTests.incrementAndGet();
        }

        @Override
        public LanguageModel open(StoredModel model, ModelOpener.Settings settings) {
          return LocalModels.open(model.path(), model.name(), 1 << 24);
        }
      };

  @BeforeEach
  void aHomeWithAModel() {
    cli.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q4_0));
    assertThat(cli.run("pull", file.toString(), "--as", "tiny")).as(cli.err()).isZero();
  }

  @Test
  void itSaysWhereAndAnswersUntilItIsStopped() throws Exception {
    try (PipedOutputStream out = new PipedOutputStream();
        PipedInputStream printed = new PipedInputStream(out);
        Scanner lines = new Scanner(printed, StandardCharsets.UTF_8);
        HttpClient client = HttpClient.newHttpClient()) {
      Thread serving = Thread.ofPlatform().start(() -> run(out, "tiny", "--http", ":0"));
      String line = lines.nextLine();
      assertThat(line).matches("listening on http://127\\.0\\.0\\.1:\\d+");
      assertThat(selfTests).hasValue(1);
      URI server = URI.create(line.substring("listening on ".length()));
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(server.resolve("/v1/chat/completions"))
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          """
                          {"model": "tiny", "max_tokens": 5,
                           "messages": [{"role": "user", "content": "Hello"}]}\
                          """))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).contains("\"model\":\"tiny\"").contains("\"choices\":[");
      HttpResponse<String> health =
          client.send(
              HttpRequest.newBuilder(server.resolve("/healthz")).build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(health.statusCode()).isEqualTo(200);
      assertThat(cli.run("ps")).isZero();
      assertThat(cli.out()).contains("tiny", "all", "programs", ProcessHandle.current().pid() + "");
      assertThat(cli.err()).contains("answers programs at " + server);
      serving.interrupt();
      serving.join();
      assertThat(cli.run("ps")).isZero();
      assertThat(cli.err()).contains("no node of this home runs");
    }
  }

  /** What a node that was killed has left, and what is no such file, is passed over. */
  @Test
  void aNodeThatIsGoneIsNotListed() throws IOException {
    Path left = folder.resolve("home").resolve("running");
    Files.createDirectories(left);
    Path dead = left.resolve("1.json");
    String model =
        "{\"name\":\"tiny\",\"sha256\":\"%s\",\"size\":1,\"layers\":\"all\",\"to\":\"programs\"}"
            .formatted("ab".repeat(32));
    Files.writeString(
        dead,
        "{\"pid\":%d,\"started\":1,\"since\":\"2030-01-01T00:00:00Z\",\"models\":[%s]}"
            .formatted(ProcessHandle.current().pid(), model));
    Files.writeString(left.resolve("2.json"), "{");
    Files.writeString(left.resolve("3.json"), "[1, 2]");
    Files.write(left.resolve("4.json"), new byte[1 << 20]);
    assertThat(cli.run("ps")).isZero();
    assertThat(cli.out()).doesNotContain("tiny");
    assertThat(cli.err()).contains("no node of this home runs");
    assertThat(dead).doesNotExist();
  }

  private int run(PipedOutputStream out, String... args) {
    Console usual = cli.console();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            usual.err(),
            false,
            false,
            false,
            () -> 80);
    return execute(
        new Surroundings(console, InputStream.nullInputStream(), cli.environment, () -> cli.now),
        args);
  }

  private int execute(Surroundings surroundings, String... args) {
    Failures failures = new Failures(surroundings);
    return new CommandLine(new ServeCommand(surroundings, engine))
        .setParameterExceptionHandler(failures)
        .setExecutionExceptionHandler(failures)
        .execute(args);
  }

  @Test
  void whatIsWrongIsOneLine() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      String port = ":" + taken.getLocalPort();
      assertFails(ExitStatus.FAILED, "is in use", "--http", port);
    }
    assertFails(ExitStatus.WRONG_CALL, "give HOST:PORT", "--http", "7411");
    assertFails(ExitStatus.WRONG_CALL, "API keys", "--http", "0.0.0.0:0");
    assertFails(ExitStatus.FAILED, "cannot be read", "--api-keys", "no-such-file");
    assertFails(ExitStatus.FAILED, "there is no model", "tinny", "--http", ":0");
  }

  private void assertFails(int status, String message, String... args) {
    cli.err.reset();
    assertThat(execute(cli.surroundings(), args)).isEqualTo(status);
    assertThat(cli.err()).contains(message).hasLineCount(1);
  }

  @Test
  void aMachineThatComputesWronglyDoesNotServe() {
    ServeCommand.Engine broken =
        new ServeCommand.Engine() {
          @Override
          public void selfTest() {
            throw new FolkmootException(FolkmootException.Code.ARITHMETIC, "wrong");
          }

          @Override
          public LanguageModel open(StoredModel model, ModelOpener.Settings settings) {
            throw new AssertionError();
          }
        };
    Failures failures = new Failures(cli.surroundings());
    int status =
        new CommandLine(new ServeCommand(cli.surroundings(), broken))
            .setExecutionExceptionHandler(failures)
            .execute();
    assertThat(status).isEqualTo(ExitStatus.FAILED);
  }
}
