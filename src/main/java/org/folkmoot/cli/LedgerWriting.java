package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.cli.swarm.AuditedReceipts;
import org.folkmoot.cli.swarm.NodeEntries;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/** {@code ledger add}: entries that a person writes. */
final class LedgerWriting {
  private final Surroundings surroundings;
  private final LedgerHome home;

  LedgerWriting(Surroundings surroundings) {
    this.surroundings = surroundings;
    home = new LedgerHome(surroundings);
  }

  int add(
      @Nullable String model,
      @Nullable Path proof,
      @Nullable List<Path> receipts,
      boolean wishesJson) {
    long now = surroundings.clock().millis();
    List<Entry> entries = new ArrayList<>();
    if (model != null) {
      entries.add(modelEntry(Models.find(surroundings, model), now));
    }
    if (proof != null) {
      entries.add(
          NodeEntries.proof(FraudProof.parse(LedgerHome.read(proof, FraudProof.MAX_BYTES)), now));
    }
    if (receipts != null) {
      entries.add(receiptRoot(receipts, now));
    }
    if (entries.isEmpty()) {
      throw new FolkmootException(
          BAD_REQUEST, "say what to write: --model, --fraud-proof or --receipts");
    }
    Console console = surroundings.console();
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      for (Ledger.Receipt receipt : new OwnFeed(store, identity).append(entries)) {
        if (wishesJson) {
          JsonOutput.print(
              console, Map.of("position", receipt.position(), "id", receipt.id().hex()));
        } else {
          console.out().printf("entry %d: %s%n", receipt.position(), receipt.id().hex());
        }
      }
    }
    return ExitStatus.OK;
  }

  private static Entry modelEntry(StoredModel model, long now) {
    return new Entry.Model(
        now,
        Hash32.ofHex(model.sha256()),
        model.name(),
        model.size(),
        model.licence(),
        "",
        Optional.empty());
  }

  private Entry receiptRoot(List<Path> files, long now) {
    MerkleTree tree = new MerkleTree();
    List<Hash32> leaves = new ArrayList<>();
    long from = Long.MAX_VALUE;
    long to = Long.MIN_VALUE;
    for (Path file : files) {
      byte[] bytes = LedgerHome.read(file, 1 << 20);
      Receipt receipt = ReceiptCodec.decode(bytes);
      from = Math.min(from, receipt.issuedMillis());
      to = Math.max(to, receipt.issuedMillis());
      Hash32 leaf = MerkleTree.leafHash(bytes);
      tree.addHash(leaf);
      leaves.add(leaf);
    }
    AuditedReceipts.keep(home.folder().resolve(LedgerProofs.RECEIPTS), tree.root(), leaves);
    return new Entry.ReceiptRoot(now, tree.root(), tree.size(), from, to);
  }
}
