package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.anchor.AnvilForCli;
import org.folkmoot.ledger.anchor.EvmKey;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ledger anchor} and {@code ledger verify --anchor} against a real node. */
class LedgerAnchorTest {
  @TempDir Path home;
  private final TestConsole cli = new TestConsole();

  private void write(int count, int seed) {
    Identity self = Identity.atHome(home, new SecureRandom());
    RandomEntries random = new RandomEntries(new Random(seed));
    try (LedgerStore store = LedgerStore.open(home.resolve("ledger"), self)) {
      for (int i = 0; i < count; i++) {
        var _ = new OwnFeed(store, self).append(random.any());
      }
    }
  }

  private int ledger(String... arguments) {
    List<String> all = new ArrayList<>(List.of("ledger"));
    all.addAll(List.of(arguments));
    return cli.run(all.toArray(String[]::new));
  }

  @Test
  void aFeedIsAnchoredAndCheckedAsItGrows() throws Exception {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
    try (AnvilForCli node = AnvilForCli.start()) {
      assertThat(ledger("anchor", "--rpc", node.url())).isEqualTo(ExitStatus.FAILED);
      assertThat(cli.err()).contains("no entries yet");
      write(3, 1);
      assertThat(ledger("anchor")).isEqualTo(ExitStatus.WRONG_CALL);
      assertThat(ledger("verify", "--anchor", "--rpc", node.url()))
          .isEqualTo(ExitStatus.WRONG_CALL);
      assertThat(ledger("anchor", "--rpc", node.url())).isEqualTo(ExitStatus.FAILED);
      assertThat(cli.err()).contains("send it some");
      String address = EvmKey.read(home.resolve("chain-key")).address();
      node.fill(address);

      assertThat(ledger("anchor", "--rpc", node.url(), "--chain", "1"))
          .isEqualTo(ExitStatus.FAILED);
      assertThat(cli.err()).contains("on chain 31337, not 1");
      assertThat(ledger("anchor", "--rpc", node.url())).as(cli.err()).isEqualTo(ExitStatus.OK);
      assertThat(cli.out()).contains("anchored: 3 entries").contains(address);
      assertThat(ledger("verify", "--anchor", "--rpc", node.url())).isEqualTo(ExitStatus.FAILED);
      assertThat(cli.err()).contains("0 of 12 blocks");

      write(4, 2);
      assertThat(ledger("anchor", "--rpc", node.url())).isEqualTo(ExitStatus.OK);
      assertThat(cli.out()).contains("anchored: 7 entries");
      node.mine(12);
      assertThat(ledger("verify", "--anchor", "--rpc", node.url(), "--json"))
          .as(cli.err())
          .isEqualTo(ExitStatus.OK);
      assertThat(cli.out()).contains("\"holds\" : true").contains("\"entries\" : 7");
      write(2, 3);
      assertThat(ledger("verify", "--anchor", "--rpc", node.url())).isEqualTo(ExitStatus.OK);

      assertThat(ledger("anchor", "--rpc", node.url())).isEqualTo(ExitStatus.OK);
      node.reorganise(1);
      assertThat(ledger("verify", "--anchor", "--rpc", node.url())).isEqualTo(ExitStatus.FAILED);
      assertThat(cli.err()).contains("taken back a block");
      assertThat(ledger("anchor", "--rpc", node.url())).isEqualTo(ExitStatus.OK);
      node.mine(12);
      assertThat(ledger("verify", "--anchor", "--rpc", node.url())).isEqualTo(ExitStatus.OK);
      rewrite(node);
    }
  }

  /** A member who begins anew with the same key: the chain remembers. */
  private void rewrite(AnvilForCli node) throws Exception {
    Path store = home.resolve("ledger");
    try (var files = Files.list(store)) {
      for (Path file :
          files.filter(Files::isRegularFile).filter(one -> !one.endsWith("anchor.json")).toList()) {
        Files.delete(file);
      }
    }
    write(20, 9);
    assertThat(ledger("verify", "--anchor", "--rpc", node.url())).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("another root");
    assertThat(ledger("anchor", "--rpc", node.url())).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("another history");
  }
}
