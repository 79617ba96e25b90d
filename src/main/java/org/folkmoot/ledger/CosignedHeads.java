package org.folkmoot.ledger;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.wire.PeerId;

/**
 * What of a feed's heads is kept for their cosignatures: with the current head those that it has,
 * and earlier heads that have any. A feed's mark is the sum of the marks of all these.
 */
final class CosignedHeads {
  /** Earlier heads of a feed: 64 MB of the usual ones. */
  static final int MOST = 65_536;

  private static final int MAX_WALKS = 64;

  private final FeedRows rows;
  private final Map<PeerId, DatingHeads> walks = new Bounded<>(MAX_WALKS);
  private Set<String> first = Set.of();
  private int most = MOST;

  CosignedHeads(FeedRows rows) {
    this.rows = rows;
  }

  /** Whose cosignatures are kept before those of others. */
  void prefer(Set<String> witnesses) {
    first = Set.copyOf(witnesses);
  }

  /** Keeps fewer: for tests. */
  void limit(int heads) {
    most = heads;
  }

  /** How many of those whose word counts here have cosigned a head, other than its writer. */
  int backing(Head head) {
    String own = FeedName.witness(head.peer());
    return (int)
        head.cosignatures().stream()
            .map(SignedNote.Line::name)
            .filter(name -> first.contains(name) && !name.equals(own))
            .distinct()
            .count();
  }

  /** A head with cosignatures that hold. */
  Head with(Head head, List<SignedNote.Line> more) {
    return head.with(more, first);
  }

  List<SignedNote> notes(PeerId peer, long below, int most) throws SQLException {
    List<SignedNote> notes = new ArrayList<>();
    rows.find(peer)
        .map(Feed::head)
        .filter(head -> head.size() < below && !head.cosignatures().isEmpty())
        .ifPresent(head -> notes.add(head.note()));
    rows.oldBelow(peer, below, most - notes.size())
        .forEach(old -> notes.add(SignedNote.parse(old.note())));
    return notes;
  }

  /** What is here of one head; empty if it is not kept. */
  Optional<SignedNote> note(PeerId peer, long size) throws SQLException {
    Optional<SignedNote> current =
        rows.find(peer).map(Feed::head).filter(head -> head.size() == size).map(Head::note);
    return current.isPresent()
        ? current
        : rows.old(peer, size).map(old -> SignedNote.parse(old.note()));
  }

  long mark(PeerId peer, long below) throws SQLException {
    long current =
        rows.find(peer)
            .map(Feed::head)
            .filter(head -> head.size() < below)
            .map(CosignedHeads::mark)
            .orElse(0L);
    return current + rows.oldMarkBelow(peer, below);
  }

  Map<Long, Long> marks(PeerId peer) throws SQLException {
    Map<Long, Long> marks = rows.oldMarks(peer);
    rows.find(peer)
        .map(Feed::head)
        .filter(head -> !head.cosignatures().isEmpty())
        .ifPresent(head -> marks.put(head.size(), mark(head)));
    return marks;
  }

  private static long mark(Head head) {
    return Cosignatures.mark(head.cosignatures());
  }

  /** Puts a head in the place of the one before, which stays if it was cosigned. */
  Feed replaced(Optional<Feed> before, long size, Head head, List<Hash32> growth)
      throws SQLException {
    PeerId peer = head.peer();
    Feed old = before.orElse(new Feed(peer, 0, head.bare(), List.of(), Optional.empty(), 0));
    if (old.head().agreesWith(head)) {
      return put(old, size, old.head().with(head.cosignatures(), first), growth);
    }
    Feed now = put(old, size, head, growth);
    if (old.head().cosignatures().isEmpty()) {
      return now;
    }
    rows.putOld(peer, old(old.head()));
    return trimmed(now);
  }

  private static FeedRows.Old old(Head head) {
    return new FeedRows.Old(head.size(), mark(head), head.note().note());
  }

  /** Adds cosignatures of the current head; empty if none is new. */
  Optional<Feed> merge(Feed feed, List<SignedNote.Line> more) throws SQLException {
    Head now = feed.head().with(more, first);
    return now.equals(feed.head())
        ? Optional.empty()
        : Optional.of(put(feed, feed.size(), now, feed.growth()));
  }

  /** Adds cosignatures of an earlier head; empty if none is new. */
  Optional<Feed> mergeOld(Feed feed, Head head, List<SignedNote.Line> more) throws SQLException {
    Optional<FeedRows.Old> before = rows.old(feed.peer(), head.size());
    Head now =
        before
            .map(old -> Head.of(SignedNote.parse(old.note())))
            .orElse(head.bare())
            .with(more, first);
    boolean news = before.map(old -> !old.note().equals(now.note().note())).orElse(true);
    if (!news || now.cosignatures().isEmpty()) {
      return Optional.empty();
    }
    rows.putOld(feed.peer(), old(now));
    lookAgain(feed.peer());
    return Optional.of(
        trimmed(marked(feed, mark(now) - before.map(FeedRows.Old::mark).orElse(0L))));
  }

  private Feed trimmed(Feed feed) throws SQLException {
    PeerId peer = feed.peer();
    long gone = 0;
    for (long surplus = rows.countOld(peer) - most; surplus > 0; surplus--) {
      FeedRows.Old spare = walks.computeIfAbsent(peer, of -> new DatingHeads(rows, of)).spare();
      rows.dropOld(peer, spare.size());
      gone += spare.mark();
    }
    return gone == 0 ? feed : marked(feed, -gone);
  }

  /** A feed has another history, or other heads below some size. */
  void lookAgain(PeerId peer) {
    walks.remove(peer);
  }

  private Feed marked(Feed feed, long more) throws SQLException {
    Feed now =
        new Feed(
            feed.peer(), feed.size(), feed.head(), feed.growth(), feed.fork(), feed.mark() + more);
    rows.put(now);
    return now;
  }

  /** A feed's row with another head, or one with other cosignatures. */
  private Feed put(Feed old, long size, Head head, List<Hash32> growth) throws SQLException {
    long mark = old.mark() + mark(head);
    if (old.head().agreesWith(head)) {
      mark -= mark(old.head());
    }
    Feed now = new Feed(old.peer(), size, head, growth, old.fork(), mark);
    rows.put(now);
    return now;
  }
}
