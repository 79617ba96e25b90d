package org.folkmoot.moot;

import java.util.List;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.wire.PeerId;

/** Reads the record of moots from the feeds of a home. Their signatures are the ledger's matter. */
public final class MootFeeds {
  private static final int BATCH = 1000;

  private MootFeeds() {}

  /** All that is here. */
  public static MootRecord read(LedgerStore store) {
    MootRecord.Builder record = new MootRecord.Builder();
    for (Feed feed : store.feeds()) {
      read(store, feed, record);
    }
    return record.build();
  }

  private static void read(LedgerStore store, Feed feed, MootRecord.Builder record) {
    PeerId by = feed.peer();
    long position = 0;
    while (position < feed.size()) {
      List<byte[]> entries = store.entries(by, position, BATCH);
      if (entries.isEmpty()) {
        break;
      }
      for (byte[] entry : entries) {
        record.entry(by, position++, entry);
      }
    }
    if (feed.fork().isPresent()) {
      record.forked(by);
    }
    SignedNote note = feed.head().note();
    for (SignedNote.Line line : note.lines()) {
      FeedName.cosigned(note, line)
          .ifPresent(witness ->
              Cosignature.seconds(line)
                  .ifPresent(seconds ->
                      record.cosigned(by, new Cosigned(feed.head().size(), witness, seconds))));
    }
  }
}
