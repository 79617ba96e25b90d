package org.folkmoot.ledger;

import static org.folkmoot.base.CborMap.require;

import java.util.Arrays;
import java.util.List;
import org.folkmoot.base.CborMap;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.wire.PeerId;

/**
 * Proof that a member signed two histories: two checkpoints of one size and different roots; or a
 * larger one that provably grew out of another tree than the smaller. It convicts by the member's
 * own signatures, so whoever tells it needs no trust.
 *
 * @param smaller what it signed of its first entries
 * @param larger what it signed of more entries, or of as many
 * @param beginning the root of the larger tree's first entries, as many as the smaller has
 * @param proof that it is (RFC 9162, section 2.1.4)
 */
public record ForkProof(Head smaller, Head larger, Hash32 beginning, List<Hash32> proof) {
  /** Bytes of a proof: two notes with their cosignatures, and some hashes. */
  public static final int MAX_BYTES = 64 << 10;

  private static final int MAX_HASHES = 64;

  /**
   * Checks.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if it proves nothing
   */
  public ForkProof {
    proof = List.copyOf(proof);
    require(smaller.peer().equals(larger.peer()), "two feeds are no fork");
    require(
        !beginning.equals(smaller.root())
            && MerkleTree.consistent(
                smaller.size(), beginning, larger.size(), larger.root(), proof),
        "these two checkpoints do not contradict each other");
  }

  /** Who did it. */
  public PeerId peer() {
    return smaller.peer();
  }

  /** Its canonical bytes; cosignatures are left out. */
  public byte[] toBytes() {
    return CborMap.empty()
        .put(0, own(smaller))
        .put(1, own(larger))
        .put(2, beginning)
        .putHashes(3, proof)
        .encode();
  }

  private static byte[] own(Head head) {
    SignedNote note = head.note();
    return new SignedNote(note.text(), List.of(note.by(FeedName.key(head.peer())).orElseThrow()))
        .toBytes();
  }

  /**
   * Reads and checks a stranger's bytes.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if they prove nothing
   */
  public static ForkProof parse(byte[] bytes) {
    CborMap map = CborMap.decode(bytes, MAX_BYTES);
    ForkProof proof =
        new ForkProof(
            Head.of(SignedNote.parse(map.bytes(0, 1, MAX_BYTES))),
            Head.of(SignedNote.parse(map.bytes(1, 1, MAX_BYTES))),
            map.hash(2),
            map.hashes(3, MAX_HASHES));
    require(Arrays.equals(proof.toBytes(), bytes), "a fork proof is not in its one encoding");
    return proof;
  }
}
