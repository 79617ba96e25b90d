package org.folkmoot.cli.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.proof.MadeReceipt;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditedReceiptsTest {
  private static final long MINUTE = 60_000;

  @TempDir Path folder;
  private final List<Entry> written = new ArrayList<>();

  @Test
  void sixtyFourOrTenMinutesOrTheEndMakeAnEntry() throws IOException {
    AuditedReceipts audited = new AuditedReceipts(folder.resolve("receipts"), written::add);
    assertThat(audited.flush(0)).isEmpty();
    List<Receipt> receipts = new ArrayList<>();
    for (int i = 0; i < 70; i++) {
      receipts.add(new MadeReceipt(i, 2, 5, 3).receipt);
    }
    for (int i = 0; i < 64; i++) {
      assertThat(audited.add(receipts.get(i), 1000 + i).isPresent()).isEqualTo(i == 63);
    }
    assertThat(audited.add(receipts.get(64), 2000)).isEmpty();
    assertThat(audited.add(receipts.get(65), 2000 + 10 * MINUTE - 1)).isEmpty();
    assertThat(audited.add(receipts.get(66), 2000 + 10 * MINUTE)).isPresent();
    assertThat(audited.add(receipts.get(67), 3000 + 10 * MINUTE)).isEmpty();
    assertThat(audited.flush(4000 + 10 * MINUTE)).isPresent();
    assertThat(written).hasSize(3);
    check(receipts.subList(0, 64), written.get(0));
    check(receipts.subList(64, 67), written.get(1));
    check(receipts.subList(67, 68), written.get(2));
  }

  private void check(List<Receipt> receipts, Entry entry) throws IOException {
    MerkleTree tree = new MerkleTree();
    receipts.forEach(receipt -> tree.add(ReceiptCodec.encode(receipt)));
    long[] issued = receipts.stream().mapToLong(Receipt::issuedMillis).sorted().toArray();
    long date = ((Entry.ReceiptRoot) entry).dateMillis();
    assertThat(entry)
        .isEqualTo(
            new Entry.ReceiptRoot(
                date, tree.root(), receipts.size(), issued[0], issued[issued.length - 1]));
    assertThat(Files.readAllBytes(folder.resolve("receipts").resolve(tree.root().hex())))
        .hasSize(32 * receipts.size())
        .startsWith(MerkleTree.leafHash(ReceiptCodec.encode(receipts.getFirst())).bytes());
  }
}
