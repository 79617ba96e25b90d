package org.folkmoot.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.cli.swarm.AuditedReceipts;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That a receipt is under a root in the ledger can be shown to whoever has neither. */
class ReceiptPathTest {
  @TempDir Path home;
  private final TestConsole cli = new TestConsole();

  private static byte[] receipt(int number) {
    return ("receipt " + number).getBytes(US_ASCII);
  }

  private Entry.ReceiptRoot keep(int count) {
    MerkleTree tree = new MerkleTree();
    List<Hash32> leaves = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tree.add(receipt(i));
      leaves.add(MerkleTree.leafHash(receipt(i)));
    }
    AuditedReceipts.keep(home.resolve("ledger").resolve("receipts"), tree.root(), leaves);
    return new Entry.ReceiptRoot(0, tree.root(), count, 0, 0);
  }

  @Test
  void eachReceiptHasAWayToItsRoot() {
    Path folder = home.resolve("ledger").resolve("receipts");
    for (int count : new int[] {1, 2, 3, 7, 64}) {
      Entry.ReceiptRoot entry = keep(count);
      for (int i = 0; i < count; i++) {
        // Any of the roots that it is under will do: the receipts are the same.
        ReceiptPath path = ReceiptPath.find(folder, receipt(i)).orElseThrow();
        ReceiptPath read = ReceiptPath.parse(path.text().getBytes(US_ASCII), entry);
        assertThat(read.holds(receipt(i), entry)).isEqualTo(path.root().equals(entry.root()));
        assertThat(read.holds(receipt(i + 1), entry)).isFalse();
      }
    }
    assertThat(ReceiptPath.find(folder, receipt(64))).isEqualTo(Optional.empty());
    for (String bad : List.of("", "x\n", "-1\n", "0\nx\n", "1234567890\n")) {
      assertThatThrownBy(() -> ReceiptPath.parse(bad.getBytes(US_ASCII), keep(1)))
          .as(bad)
          .isInstanceOf(FolkmootException.class);
    }
  }

  @Test
  void itIsProvenAndVerifiedByCommands() throws IOException {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
    Identity self = Identity.atHome(home, new SecureRandom());
    Entry.ReceiptRoot root = keep(5);
    try (LedgerStore store = LedgerStore.open(home.resolve("ledger"), self)) {
      OwnFeed feed = new OwnFeed(store, self);
      var _ = feed.append(List.of(new Entry.ReceiptRoot(0, Hash32.sha256(receipt(9)), 1, 0, 0)));
      var _ = feed.append(root);
    }
    Path file = Files.write(home.resolve("r.cbor"), receipt(3));
    Path other = Files.write(home.resolve("other.cbor"), receipt(4));
    Path unknown = Files.write(home.resolve("unknown.cbor"), receipt(5));
    String proof = home.resolve("x.tlog-proof").toString();
    assertThat(cli.run("ledger", "prove", file.toString(), proof)).as(cli.err()).isZero();
    assertThat(cli.out()).contains("x.tlog-proof.receipt");
    String[] verify = {"ledger", "verify", proof, proof + ".entry", "--receipt", file.toString()};
    assertThat(cli.run(verify)).as(cli.err()).isZero();
    assertThat(cli.out()).contains("it holds: entry 1");
    verify[5] = other.toString();
    assertThat(cli.run(verify)).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.run("ledger", "prove", unknown.toString(), proof)).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("under no root");
  }
}
