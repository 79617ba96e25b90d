package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.anchor.ChainRehearsal;
import org.folkmoot.ledger.anchor.EvmKey;
import org.folkmoot.ledger.anchor.EvmRpc;
import org.folkmoot.moot.ChainComparison;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Proposal;

/** The demo's chain: an EVM node of its own on loopback, whose contracts count the votes again. */
final class DemoChain {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final DemoMoot demo;
  private final Console console;

  DemoChain(Surroundings surroundings, DemoMoot demo) {
    this.demo = demo;
    console = surroundings.console();
  }

  /** Anchors somebody's feed, and compares the tallies. */
  boolean compare(DemoMoot.Person who, Moot moot, List<Hash32> proposals) {
    console.note("");
    console.note(
        "An EVM node starts on this machine; its contracts (OpenZeppelin's Governor) count, too.");
    Process node = start();
    demo.endsWithThis(node);
    try {
      BufferedReader out =
          new BufferedReader(new InputStreamReader(node.getInputStream(), StandardCharsets.UTF_8));
      String url = url(out);
      // It goes on talking; nobody may block it. The reader ends with the node.
      Thread _ = Thread.ofVirtual().start(() -> out.lines().forEach(_ -> {}));
      return compare(url, who, moot, proposals);
    } catch (IOException failed) {
      throw new FolkmootException(UNREACHABLE, "the chain's node says nothing", failed);
    } finally {
      Process _ = node.destroyForcibly();
    }
  }

  private boolean compare(String url, DemoMoot.Person who, Moot moot, List<Hash32> proposals) {
    try (EvmRpc rpc = new EvmRpc(url, PATIENCE)) {
      boolean agrees = true;
      for (Hash32 id : proposals) {
        Proposal proposal = moot.proposal(id).orElseThrow();
        ChainComparison chain =
            ChainComparison.of(rpc, EvmKey.draw(new SecureRandom()), moot.id(), proposal);
        agrees &= chain.agrees();
        console.note(
            "  %s  the contract %s has %d yes, %d no, %d abstaining, quorum %d: %s"
                .formatted(
                    id,
                    chain.result().moot().governor(),
                    chain.result().tally().yes(),
                    chain.result().tally().no(),
                    chain.result().tally().abstain(),
                    chain.result().tally().quorum(),
                    chain.agrees() ? "the same" : "DIFFERENT"));
      }
      anchor(rpc, url, who);
      return agrees;
    }
  }

  private void anchor(EvmRpc rpc, String url, DemoMoot.Person who) {
    EvmKey key = EvmKey.readOrDraw(who.home.resolve("chain-key"), new SecureRandom());
    ChainRehearsal.fill(rpc, key.address());
    console.note("and anna's feed is recorded there, so that nobody can rewrite it later:");
    String _ = demo.type(who, "ledger", "anchor", "--rpc", url);
    String _ = demo.type(who, "ledger", "verify", "--anchor", "--rpc", url, "--depth", "0");
  }

  private static String url(BufferedReader out) throws IOException {
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith("Listening on ")) {
        return "http://" + line.substring("Listening on ".length());
      }
    }
    throw new FolkmootException(UNREACHABLE, "the chain's node ended before it listened");
  }

  private Process start() {
    try {
      return new ProcessBuilder(
              binary().toString(), "--port", "0", "--host", "127.0.0.1", "--order", "fifo")
          .redirectErrorStream(true)
          .start();
    } catch (IOException failed) {
      throw new FolkmootException(UNREACHABLE, "the chain's node cannot be started", failed);
    }
  }

  private Path binary() throws IOException {
    Path script = root().resolve("bin").resolve("evm-tools");
    if (!Files.isExecutable(script)) {
      throw new FolkmootException(
          NOT_FOUND, "--anchor needs the source folder, whose bin/evm-tools installs an EVM node");
    }
    Process install =
        new ProcessBuilder(script.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String folder =
        new String(install.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (install.waitFor() != 0) {
        throw new FolkmootException(
            UNREACHABLE,
            "--anchor needs npm to install an EVM node: 'bin/evm-tools' says what is wrong");
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted", interrupted);
    }
    try (Stream<Path> all = Files.list(Path.of(folder).resolve("node_modules/@foundry-rs"))) {
      return all.map(each -> each.resolve("bin/anvil"))
          .filter(Files::isExecutable)
          .findFirst()
          .orElseThrow(() ->
              new FolkmootException(NOT_FOUND, "npm has no EVM node for this kind of machine"));
    }
  }

  /** The source folder that this program was built in. */
  private static Path root() {
    String classPath = System.getProperty("java.class.path");
    boolean jar = classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator);
    Path target = jar ? Path.of(classPath).toAbsolutePath().getParent() : null;
    Path root = target == null ? null : target.getParent();
    return root == null ? Path.of("").toAbsolutePath() : root;
  }
}
