package org.folkmoot.ledger;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.wire.PeerId;

/** A member's own feed, as the rest of a node sees it. From any thread. */
public interface Ledger {
  /** How sure it is that nobody can take an entry back. */
  enum Finality {
    /** Its member has signed it and keeps it. */
    LOCAL,
    /** As many witnesses as the reader asks for have cosigned it, too. */
    WITNESSED,
    /** A chain that nobody here controls has it. */
    ANCHORED
  }

  /**
   * Where an entry is.
   *
   * @param position in the feed
   * @param id what other entries call it
   */
  record Receipt(PeerId peer, long position, Hash32 id) {}

  /** An entry with its place. */
  record Placed(long position, byte[] bytes) {}

  /** Whose feed. */
  PeerId self();

  /**
   * Appends. When this returns, the entry outlives a loss of power.
   *
   * @throws org.folkmoot.base.FolkmootException NO_ROOM if it cannot be kept; BAD_REQUEST if it is
   *     out of bounds
   */
  Receipt append(Entry entry);

  /** As {@link #append(Entry)}: all or none, with one wait for the disk. */
  List<Receipt> append(List<Entry> entries);

  /** What the feed's member has signed last; empty as long as the feed is. */
  Optional<Head> head();

  /** Proves to anybody that an entry is among those of a head. */
  InclusionProof prove(Receipt receipt, Head head);

  /** Told of entries. */
  interface Subscriber {
    /** An entry more; each once, in order. */
    void appended(Placed entry);
  }

  /**
   * Tells of the entries from a position on: those that are there before this returns, later ones
   * on the thread that appends.
   */
  void subscribe(long from, Subscriber subscriber);
}
