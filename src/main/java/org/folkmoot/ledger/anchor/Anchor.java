package org.folkmoot.ledger.anchor;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;

/**
 * Where checkpoints of a feed are recorded in an order that nobody can change afterwards.
 *
 * <p>An anchor says that a checkpoint was there at some time. Not promised: who signed it; the
 * reader has the signed note and compares.
 */
public interface Anchor {
  /**
   * What a checkpoint says.
   *
   * @param origin the feed's origin line
   * @param size number of entries; at least 1
   * @param root Merkle root over them
   */
  record Head(String origin, long size, Hash32 root) {
    /** Checks the size. */
    public Head {
      if (size < 1) {
        throw new IllegalArgumentException("an empty feed has nothing to anchor");
      }
    }
  }

  /**
   * What an anchor has of a feed.
   *
   * @param size number of entries
   * @param root Merkle root over them
   * @param height the block that has it
   * @param seconds that block's time since 1970
   */
  record Mark(long size, Hash32 root, long height, long seconds) {}

  /** Proves that a feed only grew. */
  interface Growth {
    /** RFC 9162 consistency proof between two sizes. */
    List<Hash32> consistencyProof(long from, long to);
  }

  /**
   * Records a checkpoint; harmless if exactly this one is recorded already.
   *
   * @throws org.folkmoot.base.FolkmootException if it cannot be, or must not: WRONG_HASH if the
   *     anchor has another history of this feed
   */
  Mark record(Head head, Growth growth);

  /** The largest checkpoint recorded of a feed. */
  Optional<Mark> latest(String origin);

  /**
   * Checks that a checkpoint is recorded and stays so.
   *
   * @throws org.folkmoot.base.FolkmootException NOT_FOUND if it is not recorded, WRONG_HASH if
   *     another is, NOT_FINAL if the anchor could still take it back
   */
  Mark verify(Head head);
}
