package org.folkmoot.cli.swarm;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;

/**
 * Receipts of answers that were audited, gathered until they are worth an entry of the ledger: only
 * the root over them becomes public. Their hashes are kept beside the ledger, so that it can be
 * proven later that a receipt is under the root. For one thread at a time.
 */
public final class AuditedReceipts {
  /** Receipts of an entry: six hashes prove that one is among them. */
  private static final int MOST = 64;

  /** How old the oldest may be when another comes. */
  private static final Duration OLDEST = Duration.ofMinutes(10);

  private final Path folder;
  private final Consumer<Entry> ledger;
  private final List<Hash32> leaves = new ArrayList<>();
  private MerkleTree tree = new MerkleTree();
  private long sinceMillis;
  private long fromMillis;
  private long toMillis;

  /**
   * None yet.
   *
   * @param folder where hashes are kept
   * @param ledger takes entries
   */
  public AuditedReceipts(Path folder, Consumer<Entry> ledger) {
    this.folder = folder;
    this.ledger = ledger;
  }

  /** An answer was audited. Gives the entry's root if it made one. */
  public synchronized Optional<Hash32> add(Receipt receipt, long nowMillis) {
    byte[] bytes = ReceiptCodec.encode(receipt);
    if (leaves.isEmpty()) {
      sinceMillis = nowMillis;
      fromMillis = receipt.issuedMillis();
      toMillis = receipt.issuedMillis();
    }
    fromMillis = Math.min(fromMillis, receipt.issuedMillis());
    toMillis = Math.max(toMillis, receipt.issuedMillis());
    Hash32 leaf = MerkleTree.leafHash(bytes);
    leaves.add(leaf);
    tree.addHash(leaf);
    boolean due = leaves.size() >= MOST || nowMillis - sinceMillis >= OLDEST.toMillis();
    return due ? flush(nowMillis) : Optional.empty();
  }

  /** Writes down what was gathered; gives the root if that was anything. */
  public synchronized Optional<Hash32> flush(long nowMillis) {
    if (leaves.isEmpty()) {
      return Optional.empty();
    }
    Hash32 root = tree.root();
    keep(folder, root, leaves);
    ledger.accept(new Entry.ReceiptRoot(nowMillis, root, leaves.size(), fromMillis, toMillis));
    leaves.clear();
    tree = new MerkleTree();
    return Optional.of(root);
  }

  /**
   * Keeps the hashes of receipts that are under a root.
   *
   * @throws FolkmootException NO_ROOM if they cannot be written
   */
  public static void keep(Path folder, Hash32 root, List<Hash32> leaves) {
    ByteArrayOutputStream hashes = new ByteArrayOutputStream();
    leaves.forEach(leaf -> hashes.writeBytes(leaf.bytes()));
    try {
      PrivateFile.write(folder.resolve(root.hex()), hashes.toByteArray());
    } catch (IOException failed) {
      throw new FolkmootException(
          FolkmootException.Code.NO_ROOM,
          "cannot write into %s (%s): see that there is room"
              .formatted(folder, failed.getMessage()),
          failed);
    }
  }
}
