package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.folkmoot.cli.swarm.Listening;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.wire.PeerId;

/** A {@code serve} as people start it: a process with a home of its own, on free ports. */
final class NodeProcess implements AutoCloseable {
  private static final String SAYS = "listening on ";

  private final Process process;
  private final Path home;
  private final BufferedReader out;
  private URI http = URI.create("");

  private NodeProcess(Process process, Path home) {
    this.process = process;
    this.home = home;
    this.out = process.inputReader(StandardCharsets.UTF_8);
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
    return builder.redirectError(home.resolve(complaints).toFile());
  }

  /** Waits until it says that it is ready, if it has not said so. */
  NodeProcess awaitReady() {
    if (!http.toString().isEmpty()) {
      return this;
    }
    try {
      String line = out.readLine();
      if (line == null || !line.startsWith(SAYS)) {
        throw new AssertionError(line + "; " + Files.readString(home.resolve("log")));
      }
      http = URI.create(line.substring(SAYS.length()));
      return this;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
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
      return process.waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
