package org.folkmoot.ledger;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/**
 * What the store has of a feed.
 *
 * @param size entries that are here
 * @param head what the member signed last, as far as known; it may be ahead of what is here
 * @param growth what proves that the entries here are the beginning of those of the head
 * @param fork proof that the member signed two histories; such a feed grows no more here
 * @param mark differs where what is kept of cosignatures does, those of earlier heads included
 */
public record Feed(
    PeerId peer, long size, Head head, List<Hash32> growth, Optional<ForkProof> fork, long mark) {
  /** Copies. */
  public Feed {
    growth = List.copyOf(growth);
  }

  /** Whether all is here that the head commits to. */
  public boolean isWhole() {
    return size == head.size();
  }
}
