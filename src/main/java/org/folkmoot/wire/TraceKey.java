package org.folkmoot.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;

/**
 * What salts the leaves of a session's Merkle trees. Its client gives it to the hops; whoever lacks
 * it learns nothing from a root, not even by trying prompts.
 *
 * <p>All numbers are little-endian. {@code docs/receipt.md} has the layouts.
 */
public record TraceKey(Hash32 key) {
  private static final byte[] LABEL = "folkmoot trace key/1".getBytes(US_ASCII);

  /** The key that a session's salt gives. The salt cannot be had back from it. */
  public static TraceKey ofSalt(Hash32 salt) {
    MessageDigest sha256 = Hash32.newSha256();
    sha256.update(LABEL);
    return new TraceKey(Hash32.of(sha256.digest(salt.bytes())));
  }

  /** What stands for the key in public. */
  public Hash32 hash() {
    return Hash32.sha256(key.bytes());
  }

  /** The leaf of a token id that goes into a hop that embeds. */
  public byte[] inputLeaf(int position, int id) {
    return hiddenLeaf(position, Digests.ofId(Hash32.newSha256(), id));
  }

  /**
   * The leaf of a hidden state that goes into a hop or comes out of it.
   *
   * @param digest SHA-256 of the state's numbers as binary32, 32 bytes
   */
  public byte[] hiddenLeaf(int position, byte[] digest) {
    if (digest.length != Hash32.BYTES) {
      throw new IllegalArgumentException("a digest of " + digest.length + " bytes");
    }
    return leaf(Hash32.BYTES, position).put(digest).array();
  }

  /**
   * The leaf of a token that the last hop chose, or was told.
   *
   * @param position where the token stands: one behind the position whose logits it came from
   */
  public byte[] tokenLeaf(int position, int id) {
    return leaf(4, position).putInt(id).array();
  }

  /** The Merkle root over the tokens of some positions; {@code ids[position]} are all. */
  public Hash32 tokensRoot(int[] ids, int from, int to) {
    MerkleTree tree = new MerkleTree();
    for (int position = from; position < to; position++) {
      tree.add(tokenLeaf(position, ids[position]));
    }
    return tree.root();
  }

  private ByteBuffer leaf(int more, int position) {
    return ByteBuffer.allocate(Hash32.BYTES + 4 + more)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(key.bytes())
        .putInt(position);
  }

  /** Keeps the key out of logs. */
  @Override
  public String toString() {
    return "trace key " + hash();
  }
}
