package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.note.Base64Text;

/**
 * That a receipt is under a root in the ledger: its place, and the hashes beside its way up. The
 * hashes of all receipts under a root are kept in {@code ledger/receipts/ROOT}.
 *
 * @param root that the hashes were kept under
 * @param index of the receipt among them
 * @param hashes RFC 9162, from the leaf up
 */
record ReceiptPath(Hash32 root, int index, List<Hash32> hashes) {
  /** Receipts under a root: more than an entry of the ledger or a call names. */
  private static final int MOST = 1 << 16;

  private static final int MAX_HASHES = 64;

  /** Bytes of the longest text: a number, and each hash on a line. */
  static final int MAX_BYTES = 16 + MAX_HASHES * 45;

  ReceiptPath {
    hashes = List.copyOf(hashes);
  }

  /** The way of a receipt that is among those whose hashes are kept; files of others are none. */
  static Optional<ReceiptPath> find(Path folder, byte[] receipt) {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    Hash32 leaf = MerkleTree.leafHash(receipt);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        List<Hash32> leaves = leaves(file);
        int index = leaves.indexOf(leaf);
        MerkleTree tree = new MerkleTree();
        leaves.forEach(tree::addHash);
        if (index >= 0 && tree.root().hex().equals(String.valueOf(file.getFileName()))) {
          return Optional.of(new ReceiptPath(tree.root(), index, tree.inclusionProof(index)));
        }
      }
      return Optional.empty();
    } catch (IOException | DirectoryIteratorException failed) {
      throw new FolkmootException(
          BAD_FILE, "%s cannot be read (%s)".formatted(folder, failed.getMessage()), failed);
    }
  }

  private static List<Hash32> leaves(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) > (long) MOST * Hash32.BYTES) {
      return List.of();
    }
    byte[] bytes = Files.readAllBytes(file);
    List<Hash32> leaves = new ArrayList<>();
    for (int at = 0; at + Hash32.BYTES <= bytes.length; at += Hash32.BYTES) {
      leaves.add(Hash32.of(Arrays.copyOfRange(bytes, at, at + Hash32.BYTES)));
    }
    return leaves;
  }

  /** Its lines, as {@link #parse} takes them: the place, then each hash. */
  String text() {
    StringBuilder text = new StringBuilder().append(index).append('\n');
    hashes.forEach(hash -> text.append(Base64Text.encode(hash.bytes())).append('\n'));
    return text.toString();
  }

  /**
   * The way to an entry's root.
   *
   * @throws FolkmootException BAD_FILE if these are no such lines
   */
  static ReceiptPath parse(byte[] bytes, Entry.ReceiptRoot entry) {
    String[] lines = new String(bytes, StandardCharsets.US_ASCII).split("\n", MAX_HASHES + 2);
    if (!lines[0].matches("0|[1-9][0-9]{0,8}")) {
      throw bad();
    }
    List<Hash32> hashes = new ArrayList<>();
    for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
      hashes.add(
          Base64Text.decode(lines[i])
              .filter(hash -> hash.length == Hash32.BYTES)
              .map(Hash32::of)
              .orElseThrow(ReceiptPath::bad));
    }
    return new ReceiptPath(entry.root(), Integer.parseInt(lines[0]), hashes);
  }

  private static FolkmootException bad() {
    return new FolkmootException(
        BAD_FILE, "this is not what 'folkmoot ledger prove' writes of a receipt: get it again");
  }

  /** Whether a receipt is under the root of an entry. */
  boolean holds(byte[] receipt, Entry.ReceiptRoot entry) {
    return entry.count() <= Integer.MAX_VALUE
        && MerkleTree.includes(root, (int) entry.count(), index, receipt, hashes);
  }
}
