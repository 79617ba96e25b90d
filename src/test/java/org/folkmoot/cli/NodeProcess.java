package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.cli.swarm.Listening;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.wire.PeerId;

/** A {@code serve} as people start it: a process with a home of its own, on free ports. */
final class NodeProcess implements AutoCloseable {
  private static final String SAYS = "listening on ";

  /** More than any machine takes; nothing waits for ever. */
  static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Process process;
  private final Path home;
  private final CompletableFuture<String> ready = new CompletableFuture<>();
  private URI http = URI.create("");

  private NodeProcess(Process process, Path home) {
    this.process = process;
    this.home = home;
    Thread _ = Thread.ofPlatform().daemon().start(this::read);
  }

  /** A JVM may have something to say before. */
  private void read() {
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      out.lines().filter(line -> line.startsWith(SAYS)).forEach(ready::complete);
    } catch (IOException | UncheckedIOException ended) {
      // Said below.
    }
    ready.completeExceptionally(new IOException("it ended"));
  }

  /** Starts one; {@link #awaitReady} before it is used. */
  static NodeProcess start(Path home, String... options) {
    List<String> arguments = new ArrayList<>(List.of("serve"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--http", "127.0.0.1:0", "--threads", "1"));
    arguments.addAll(List.of("--while", Long.toString(ProcessHandle.current().pid())));
    try {
      return new NodeProcess(program(home, "log", arguments).start(), home);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** This program, to be started with a home of its own, where what it complains of goes. */
  static ProcessBuilder program(Path home, String complaints, List<String> arguments)
      throws IOException {
    Files.createDirectories(home);
    ProcessBuilder builder = new ProcessBuilder(OwnProgram.command(arguments));
    builder.environment().put("FOLKMOOT_HOME", home.toString());
    builder.environment().put("FOLKMOOT_PATIENCE", "60");
    return builder.redirectError(home.resolve(complaints).toFile());
  }

  /** Waits until it says that it is ready, if it has not said so. */
  NodeProcess awaitReady() {
    if (!http.toString().isEmpty()) {
      return this;
    }
    try {
      String line = ready.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      http = URI.create(line.substring(SAYS.length()));
      return this;
    } catch (ExecutionException | TimeoutException late) {
      throw new AssertionError("it is not ready; its log: " + log(), late);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  private String log() {
    try {
      return Files.readString(home.resolve("log"));
    } catch (IOException none) {
      return none.toString();
    }
  }

  /** Its API. */
  URI http() {
    return http;
  }

  Path home() {
    return home;
  }

  /** How peers reach it. */
  Listening listening() {
    return Listening.read(new SwarmFolder(home)).orElseThrow();
  }

  PeerId id() {
    return listening().peer();
  }

  long pid() {
    return process.pid();
  }

  /** {@code kill -9}. */
  void kill() {
    process.destroyForcibly();
  }

  /** {@code kill -STOP}: it is there, and does nothing. */
  void freeze() {
    try {
      Process kill = new ProcessBuilder("kill", "-STOP", Long.toString(pid())).start();
      assertThat(kill.waitFor()).isZero();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  /** {@code kill -TERM}, and waits. Gives whether it ended by itself. */
  boolean stop() {
    process.destroy();
    try {
      return process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  @Override
  public void close() {
    assertThat(process.destroyForcibly().onExit()).succeedsWithin(PATIENCE);
  }
}
