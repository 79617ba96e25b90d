package org.folkmoot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import org.folkmoot.base.Hash32;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Receipts of answers that peers computed. */
@Timeout(600)
class SwarmReceiptTest {
  private static final String LISTEN = "127.0.0.1:0";

  @TempDir private Path folder;

  private TestConsole console(Path home) {
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", home.toString());
    console.environment.put("FOLKMOOT_PATIENCE", "20");
    return console;
  }

  private static int run(TestConsole console, String... call) {
    Surroundings surroundings =
        new Surroundings(
            console.console(), console.in, console.environment, InstantSource.system());
    return Main.run(surroundings, call);
  }

  private String ok(Path home, String... call) {
    TestConsole console = console(home);
    assertThat(run(console, call)).as("%s%s", console.out(), console.err()).isZero();
    return console.out().strip();
  }

  /** Who is there is told by gossip, which takes its time. */
  private String awaitTold(String wanted, Path home, String... call) {
    long end = System.nanoTime() + NodeProcess.PATIENCE.toNanos();
    TestConsole console = console(home);
    int status = run(console, call);
    while (!console.out().contains(wanted) && System.nanoTime() < end) {
      console = console(home);
      status = run(console, call);
    }
    assertThat(console.out()).as(console.err()).contains(wanted);
    assertThat(status).as(console.out()).isEqualTo(ExitStatus.OK);
    return console.out();
  }

  @Test
  void whatAnOperatorDeclaresCanBeSeenAndAvoided() throws IOException {
    String file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0)).toString();
    Path server = folder.resolve("server");
    Path asker = folder.resolve("asker");
    ok(server, "pull", file, "--as", "tiny");
    String policy = "{\"refuse\": [\"blue\"], \"refusal\": \"Not here.\"}";
    String hash = Hash32.sha256(policy.getBytes(UTF_8)).hex();
    Path declared = Files.writeString(folder.resolve("policy.json"), policy);
    String receipt = folder.resolve("r.cbor").toString();
    String[] ask = {
      "run", "tiny", "Who?", "--swarm", "--max-tokens", "4", "--receipt", receipt, "--no-policy"
    };
    try (NodeProcess node =
        NodeProcess.start(server, "tiny", "--listen", LISTEN, "--policy", declared.toString())) {
      ok(asker, "join", ok(node.awaitReady().home(), "invite", "--no-qr"));
      ok(asker, Arrays.copyOf(ask, ask.length - 1));
      Receipt told = ReceiptCodec.decode(Files.readAllBytes(Path.of(receipt)));
      assertThat(told.hops().getFirst().policy().orElseThrow().hex()).isEqualTo(hash);
      assertThat(ok(asker, "verify", receipt, "--json")).contains(hash);
      assertThat(ok(asker, "peers", "--json")).contains(hash);
      assertThat(ok(asker, "peers")).contains("POLICY", hash.substring(0, 8));
      assertThat(ok(asker, "status")).contains("POLICY", hash.substring(0, 8));
      String peer = node.id().text();
      assertThat(ok(asker, "policy", peer.substring(0, 8))).isEqualTo(policy);
      assertThat(ok(asker, "policy", peer, "--json")).contains(hash);
      TestConsole unknown = console(asker);
      assertThat(run(unknown, "policy", "xxxxxxxx")).isEqualTo(ExitStatus.FAILED);
      TestConsole without = console(asker);
      assertThat(run(without, ask)).isEqualTo(ExitStatus.FAILED);
      assertThat(without.err()).contains("folkmoot: ").doesNotContain("\tat ");
    }
  }

  @Test
  void otherPeersSayTheSame() throws IOException {
    TinyModel tiny = TinyModel.of(TensorType.Q8_0).withLayers(4);
    String file = TinyModels.write(folder, tiny).toString();
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    Path third = folder.resolve("third");
    Path fourth = folder.resolve("fourth");
    Path asker = folder.resolve("asker");
    Path checker = folder.resolve("checker");
    for (Path home : new Path[] {first, second, third, fourth}) {
      ok(home, "pull", file, "--as", "tiny");
    }
    String receipt = folder.resolve("r.cbor").toString();
    String disclosure = folder.resolve("d.cbor").toString();
    String[] verify = {"verify", receipt, "--disclosure", disclosure, "--swarm"};
    try (NodeProcess opener =
        NodeProcess.start(first, "tiny", "--layers", "0:2", "--listen", LISTEN)) {
      String link = ok(opener.awaitReady().home(), "invite", "--no-qr");
      for (Path home : new Path[] {second, third, fourth, asker, checker}) {
        ok(home, "join", link);
      }
      try (NodeProcess joiner =
          NodeProcess.start(second, "tiny", "--layers", "2:4", "--listen", LISTEN)) {
        assertThat(joiner.awaitReady()).isNotNull();
        String[] ask = {"run", "tiny", "Who gathers?", "--max-tokens", "16", "--receipt", receipt};
        String[] all = Arrays.copyOf(ask, ask.length + 2);
        all[ask.length] = "--disclose";
        all[ask.length + 1] = disclosure;
        ok(asker, all);
        Receipt told = ReceiptCodec.decode(Files.readAllBytes(Path.of(receipt)));
        assertThat(told.hops()).hasSize(2);
        // The word of those who computed it is none.
        TestConsole alone = console(checker);
        assertThat(run(alone, verify)).isEqualTo(ExitStatus.FAILED);
        assertThat(alone.out()).contains("nobody else serves them");
        try (NodeProcess lower =
                NodeProcess.start(third, "tiny", "--layers", "0:2", "--listen", LISTEN);
            NodeProcess upper =
                NodeProcess.start(fourth, "tiny", "--layers", "2:4", "--listen", LISTEN)) {
          assertThat(lower.awaitReady()).isNotNull();
          assertThat(upper.awaitReady()).isNotNull();
          String said = awaitTold("it holds: the model says exactly this", checker, verify);
          assertThat(said).contains(lower.id().toString(), upper.id().toString());
        }
      }
    }
  }

  /** Of two peers the one that alters answers is found, proven, and told of. */
  @Test
  void aCanaryFindsWhoAltersAnswers() throws IOException {
    String file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0)).toString();
    Path honest = folder.resolve("honest");
    Path liar = folder.resolve("liar");
    Path asker = folder.resolve("asker");
    for (Path home : new Path[] {honest, liar, asker}) {
      ok(home, "pull", file, "--as", "tiny");
    }
    String[] canary = {"canary", "tiny", "--questions", "2", "--max-tokens", "8", "--json"};
    try (NodeProcess first = NodeProcess.start(honest, "tiny", "--listen", LISTEN)) {
      String link = ok(first.awaitReady().home(), "invite", "--no-qr");
      ok(liar, "join", link);
      ok(asker, "join", link);
      assertThat(ok(asker, canary)).contains("\"holds\" : true");
      try (NodeProcess second = NodeProcess.start(liar, "tiny", "--listen", LISTEN, "--lie")) {
        String name = second.awaitReady().id().text();
        assertThat(awaitTold(name, asker, "peers", "--json")).isNotEmpty();
        TestConsole console = console(asker);
        assertThat(run(console, canary)).isEqualTo(ExitStatus.FAILED);
        for (JsonNode peer : new ObjectMapper().readTree(console.out()).get("peers")) {
          boolean lies = peer.get("peer").textValue().equals(name);
          assertThat(peer.get("holds").booleanValue()).as("%s", peer).isEqualTo(!lies);
          assertThat(peer.has("proven")).isEqualTo(lies);
        }
        TestConsole words = console(asker);
        assertThat(run(words, "canary", "tiny", "--peer", name.substring(0, 8)))
            .isEqualTo(ExitStatus.FAILED);
        assertThat(words.out())
            .contains(name.substring(0, 8), "this home asks it nothing any more")
            .contains("NOT all answers are what the model gives");
      }
    }
  }
}
