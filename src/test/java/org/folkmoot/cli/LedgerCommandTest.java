package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerCommandTest {
  @TempDir Path home;
  private final TestConsole cli = new TestConsole();

  @BeforeEach
  void setHome() {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
  }

  private void write(int count) {
    Identity self = Identity.atHome(home, new java.security.SecureRandom());
    RandomEntries random = new RandomEntries(new Random(2));
    try (LedgerStore store = LedgerStore.open(home.resolve("ledger"), self)) {
      for (int i = 0; i < count; i++) {
        var _ = new OwnFeed(store, self).append(random.any());
      }
    }
  }

  private JsonNode json() throws Exception {
    return new ObjectMapper().readTree(cli.out());
  }

  @Test
  void anEmptyLedgerIsNoFault() throws Exception {
    assertThat(cli.run("ledger", "ls", "--json")).isEqualTo(ExitStatus.OK);
    assertThat(json().get("feeds")).isEmpty();
    assertThat(cli.run("ledger", "show")).isEqualTo(ExitStatus.OK);
    assertThat(cli.run("ledger", "fsck")).isEqualTo(ExitStatus.OK);
    assertThat(cli.run("ledger", "add")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.run("ledger", "add", "--model", "nothing")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.run("ledger", "nonsense")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.run("ledger", "prove", "0", home.resolve("p").toString()))
        .isEqualTo(ExitStatus.FAILED);
  }

  @Test
  void whatIsWrittenIsShownProvenExportedAndChecked() throws Exception {
    write(30);
    assertThat(cli.run("ledger", "ls")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).contains("30").contains("our own");
    assertThat(cli.run("ledger", "show", "--count", "5", "--json")).isEqualTo(ExitStatus.OK);
    assertThat(json().get("entries")).hasSize(5);
    assertThat(json().at("/entries/4/position").asInt()).isEqualTo(29);
    assertThat(cli.run("ledger", "show", "--from", "0", "--count", "30")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out().lines()).hasSize(60);

    Path proof = home.resolve("x.tlog-proof");
    Path entry = home.resolve("x.tlog-proof.entry");
    assertThat(cli.run("ledger", "prove", "7", proof.toString())).isEqualTo(ExitStatus.OK);
    List<String> verify = List.of("ledger", "verify", proof.toString(), entry.toString());
    assertThat(cli.run(verify.toArray(String[]::new))).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).contains("it holds").contains("entry 7").contains("LOCAL");
    String self = Identity.atHome(home, new java.security.SecureRandom()).peerId().text();
    assertThat(cli.run("ledger", "verify", proof.toString(), entry.toString(), "--witness", self))
        .isEqualTo(ExitStatus.FAILED);
    byte[] bytes = Files.readAllBytes(entry);
    bytes[3] ^= 1;
    Files.write(entry, bytes);
    assertThat(cli.run(verify.toArray(String[]::new))).isEqualTo(ExitStatus.FAILED);

    assertThat(cli.run("ledger", "export", home.resolve("out").toString()))
        .isEqualTo(ExitStatus.OK);
    assertThat(home.resolve("out/checkpoint")).exists();
    assertThat(home.resolve("out/tile/0/000.p/30")).hasSize(30 * 32);
    assertThat(home.resolve("out/tile/entries/000.p/30")).exists();

    assertThat(cli.run("ledger", "fsck", "--json")).isEqualTo(ExitStatus.OK);
    assertThat(json().get("sealed").asBoolean()).isTrue();
    assertThat(json().get("entries").asInt()).isEqualTo(30);
    Path database = home.resolve("ledger/ledger.db");
    byte[] whole = Files.readAllBytes(database);
    whole[whole.length / 2] ^= 4;
    Files.write(database, whole);
    assertThat(cli.run("ledger", "fsck")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.out()).contains("DAMAGED");
  }
}
