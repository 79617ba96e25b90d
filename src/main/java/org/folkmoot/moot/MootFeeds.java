package org.folkmoot.moot;

import java.util.List;
import org.folkmoot.ledger.CosignedHead;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.wire.PeerId;

/**
 * Reads the record of moots from the feeds of a home. Signatures were checked when the ledger took
 * them in.
 */
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
    for (CosignedHead head : store.cosignedHeads(by)) {
      for (CosignedHead.Cosigner cosigner : head.cosigners()) {
        FeedName.witness(cosigner.name())
            .filter(peer -> FeedName.witnessKey(peer).id() == cosigner.keyId())
            .ifPresent(
                peer -> record.cosigned(by, new Cosigned(head.size(), peer, cosigner.seconds())));
      }
    }
  }
}
