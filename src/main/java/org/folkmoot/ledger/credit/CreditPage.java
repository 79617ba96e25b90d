package org.folkmoot.ledger.credit;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.PeerId;

/**
 * What a piece of a feed tells of works; checked, and not counted yet.
 *
 * @param from the first position that was looked at
 * @param to behind the last
 */
public record CreditPage(PeerId feed, long from, long to, List<CreditEntries.Told> works) {
  /** Entries of a page: a tenth of a second, if both signatures of each are checked. */
  public static final int MOST = 256;

  /** Copies. */
  public CreditPage {
    works = List.copyOf(works);
  }

  /** Reads a feed from a position on. Takes its time: each work has two signatures. */
  public static CreditPage read(LedgerStore store, PeerId feed, long from, Verifier verifier) {
    List<byte[]> entries = store.entries(feed, from, MOST);
    List<CreditEntries.Told> works = new ArrayList<>();
    for (byte[] entry : entries) {
      try {
        CreditEntries.told(feed, EntryCodec.decode(entry), verifier).ifPresent(works::add);
      } catch (FolkmootException noEntry) {
        // For 'ledger fsck' to tell of.
      }
    }
    return new CreditPage(feed, from, from + entries.size(), works);
  }
}
