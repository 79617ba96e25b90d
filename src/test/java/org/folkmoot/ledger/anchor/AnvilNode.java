package org.folkmoot.ledger.anchor;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A real EVM node on loopback: anvil, which {@code bin/evm-tools} gets through npm. Where it cannot
 * be had, tests are skipped and say so; with {@code FOLKMOOT_EVM=required} they fail.
 */
final class AnvilNode implements AutoCloseable {
  /** Chain ids of tests. */
  static final long CHAIN = 31337;

  /** The first of the accounts that anvil fills; its mnemonic is public. */
  static final EvmKey RICH =
      EvmKey.ofHex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

  private final Process process;
  private final Path home;
  private final String url;
  private final EvmChain chain;

  private AnvilNode(Process process, Path home, String url) {
    this.home = home;
    this.process = process;
    this.url = url;
    this.chain = new EvmChain(rpc(), OptionalLong.of(CHAIN));
  }

  /** The folder with solc, OpenZeppelin and anvil; skips the test where it cannot be had. */
  static Path tools() {
    Optional<Path> found = Tools.FOLDER;
    if (found.isEmpty() && "required".equals(System.getenv("FOLKMOOT_EVM"))) {
      throw new AssertionError("bin/evm-tools failed, and FOLKMOOT_EVM=required");
    }
    Assumptions.assumeTrue(
        found.isPresent(), "SKIPPED: no npm, or no network for it: the EVM contracts are untested");
    return found.get();
  }

  /** Once in a test run. */
  private static final class Tools {
    static final Optional<Path> FOLDER = install();

    private static Optional<Path> install() {
      try {
        Process process =
            new ProcessBuilder("bin/evm-tools")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        return process.waitFor() == 0 ? Optional.of(Path.of(said)) : Optional.empty();
      } catch (IOException noShell) {
        return Optional.empty();
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }
  }

  private static final int START_SECONDS = 120;

  /** Ends nodes that do not start: whoever reads from them would wait for ever. */
  private static final ScheduledExecutorService LATE =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());

  /** Starts a node that makes a block when it is asked for one, so that their number is known. */
  static AnvilNode start() {
    return start("--no-mining");
  }

  /** Starts a node that makes a block of each transaction. */
  static AnvilNode automatic() {
    return start(new String[0]);
  }

  private static AnvilNode start(String... more) {
    try {
      List<String> command =
          new ArrayList<>(
              List.of(
                  binary().toString(), "--port", "0", "--host", "127.0.0.1", "--order", "fifo"));
      command.addAll(List.of(more));
      // It writes the states of old blocks into its home, gigabytes of them, and leaves them there.
      Path home = Files.createTempDirectory("folkmoot-anvil");
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("HOME", home.toString());
      Process process = builder.start();
      BufferedReader out =
          new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
      ScheduledFuture<?> late =
          LATE.schedule(process::destroyForcibly, START_SECONDS, TimeUnit.SECONDS);
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith("Listening on ")) {
          late.cancel(false);
          // It goes on talking; nobody may block it.
          Thread.ofVirtual().start(() -> out.lines().forEach(_ -> {}));
          return new AnvilNode(process, home, "http://" + line.substring("Listening on ".length()));
        }
      }
      throw new AssertionError("anvil ended before it listened");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static Path binary() throws IOException {
    try (Stream<Path> all = Files.list(tools().resolve("node_modules/@foundry-rs"))) {
      return all.map(folder -> folder.resolve("bin/anvil"))
          .filter(Files::isExecutable)
          .findFirst()
          .orElseThrow();
    }
  }

  String url() {
    return url;
  }

  EvmRpc rpc() {
    return new EvmRpc(url, Duration.ofMinutes(3));
  }

  EvmChain chain() {
    return chain;
  }

  /** An account that has a block made where it would wait for one. */
  EvmAccount account(EvmKey key) {
    return new EvmAccount(chain(), key, EvmAccount.Settings.USUAL, _ -> ask("evm_mine"));
  }

  /** Asks it for what only a node for tests does. */
  com.fasterxml.jackson.databind.JsonNode ask(String method, Object... parameters) {
    return chain.ask(method, parameters);
  }

  /** Makes some blocks. */
  void mine(int blocks) {
    ask("anvil_mine", "0x" + Integer.toHexString(blocks));
  }

  @Override
  public void close() {
    var _ = process.destroyForcibly().onExit().join();
    try (Stream<Path> all = Files.walk(home)) {
      for (Path file : all.toList().reversed()) {
        Files.delete(file);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
