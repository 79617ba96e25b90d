package org.folkmoot.moot;

import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;

/**
 * A proposal and how it stands. Times are seconds since 1970.
 *
 * @param rules those of when it was proposed; it is decided by them
 * @param proposed when it counted as proposed
 * @param weights of each member who may vote; empty until the vote opens
 * @param silent whose weight was not cast
 * @param ready from when on it may be enacted, if it succeeds
 * @param vetoReason why it was vetoed or taken back, if it was
 */
public record Proposal(
    Written written,
    Entry.Proposal entry,
    Entry.Rules rules,
    State state,
    long proposed,
    Tally tally,
    SortedMap<PeerId, Long> weights,
    List<PeerId> silent,
    long ready,
    OptionalLong enacted,
    String vetoReason) {
  /** Where it stands. */
  public enum State {
    /** Proposed; weights are not fixed yet. */
    PENDING,
    /** The vote is open. */
    ACTIVE,
    /** Too few took part, or too few were for it. */
    DEFEATED,
    /** It has succeeded, and waits for its timelock to run out and for a member to enact it. */
    QUEUED,
    /** It is in force. */
    ENACTED,
    /** The guardian stopped it. */
    VETOED,
    /** Its author took it back before the vote opened. */
    WITHDRAWN
  }

  /** Copies. */
  public Proposal {
    weights = Collections.unmodifiableSortedMap(new TreeMap<>(weights));
    silent = List.copyOf(silent);
  }

  /** What it is called in the record. */
  public Hash32 id() {
    return written.id();
  }
}
