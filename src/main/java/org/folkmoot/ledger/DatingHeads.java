package org.folkmoot.ledger;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.wire.PeerId;

/**
 * Which earlier heads of a feed date what it says in moots: the first that some witness cosigned
 * since the last such entry. Whatever is written later, these stay, so that nobody makes its own
 * vote late by writing more.
 */
final class DatingHeads {
  private static final int PAGE = 256;

  private final FeedRows rows;
  private final PeerId peer;

  /** Who has cosigned a head since the last entry of a moot. */
  private final Set<CosignedHead.Cosigner> spoke = new HashSet<>();

  private boolean any;

  /** Up to here all heads are needed. */
  private long size;

  DatingHeads(FeedRows rows, PeerId peer) {
    this.rows = rows;
    this.peer = peer;
  }

  /** The smallest head that dates nothing; the largest if there is none. */
  FeedRows.Old spare() throws SQLException {
    List<FeedRows.Old> page = rows.oldFrom(peer, size + 1, PAGE);
    while (!page.isEmpty()) {
      for (FeedRows.Old old : page) {
        if (!isNeeded(old)) {
          return old;
        }
      }
      page = rows.oldFrom(peer, size + 1, PAGE);
    }
    FeedRows.Old largest = rows.oldBelow(peer, Long.MAX_VALUE, 1).getFirst();
    size = Math.min(size, largest.size() - 1);
    return largest;
  }

  private boolean isNeeded(FeedRows.Old old) throws SQLException {
    if (rows.concernsMoots(peer, size, old.size())) {
      spoke.clear();
      any = true;
    }
    boolean news = false;
    for (CosignedHead.Cosigner one : CosignedHead.of(SignedNote.parse(old.note())).cosigners()) {
      news |= any && spoke.add(new CosignedHead.Cosigner(one.name(), one.keyId(), 0));
    }
    if (news) {
      size = old.size();
    }
    return news;
  }
}
