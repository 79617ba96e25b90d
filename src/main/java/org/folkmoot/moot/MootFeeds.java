package org.folkmoot.moot;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.CosignedHead;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.credit.CreditEntries;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;

/**
 * Reads the record of moots from the feeds of a home: what was read once is not read again.
 * Signatures were checked when the ledger took them in; those within an entry are checked here. For
 * one thread.
 */
public final class MootFeeds {
  private static final int BATCH = 1000;

  /** How far a feed was read, and which of its cosigned heads, each with its mark. */
  private static final class Known {
    private long position;
    private Hash32 root = Hash32.sha256(new byte[0]);
    private long mark;
    private Map<Long, Long> heads = Map.of();
  }

  private final LedgerStore store;
  private final MootRecord.Builder record = new MootRecord.Builder();
  private final Map<PeerId, Known> known = new HashMap<>();

  /** Nothing is read yet. */
  public MootFeeds(LedgerStore store) {
    this.store = store;
  }

  /** All that is here. */
  public static MootRecord read(LedgerStore store) {
    return new MootFeeds(store).read();
  }

  /** All that is here by now. */
  public MootRecord read() {
    for (Feed feed : store.feeds()) {
      Known of = known.computeIfAbsent(feed.peer(), peer -> new Known());
      if (!isOf(feed, of)) {
        record.forget(feed.peer());
        of = new Known();
        known.put(feed.peer(), of);
      }
      long before = of.position;
      entries(feed, of);
      if (of.position > before) {
        of.root = root(feed.peer(), of.position);
      }
      if (feed.mark() != of.mark) {
        heads(feed.peer(), of);
        of.mark = feed.mark();
      }
    }
    return record.build();
  }

  /** Whether what was read is still the beginning: of a forked feed another history may be here. */
  private boolean isOf(Feed feed, Known of) {
    return of.position == 0
        || (feed.fork().isEmpty() && of.position <= feed.size())
        || (of.position <= feed.size() && root(feed.peer(), of.position).equals(of.root));
  }

  private Hash32 root(PeerId by, long size) {
    return TreeProofs.root(size, store.hashes(by, size));
  }

  private void entries(Feed feed, Known of) {
    PeerId by = feed.peer();
    while (of.position < feed.size()) {
      List<byte[]> entries = store.entries(by, of.position, BATCH);
      if (entries.isEmpty()) {
        return;
      }
      for (byte[] entry : entries) {
        if (isUnprovenCredit(by, entry)) {
          record.nothing(by, of.position++);
        } else {
          record.entry(by, of.position++, entry);
        }
      }
    }
  }

  /** Whether an entry says that work was done, and does not show that both sides say so. */
  private static boolean isUnprovenCredit(PeerId by, byte[] bytes) {
    try {
      return EntryCodec.isCredit(bytes)
          && EntryCodec.decode(bytes) instanceof Entry.Credit credit
          && CreditEntries.told(by, credit, Identity::verify).isEmpty();
    } catch (FolkmootException noEntry) {
      return false;
    }
  }

  private void heads(PeerId by, Known of) {
    Map<Long, Long> now = store.cosignedMarks(by);
    if (of.heads.isEmpty()) {
      store.cosignedHeads(by).forEach(head -> head(by, head));
    } else {
      of.heads.keySet().stream()
          .filter(size -> !now.containsKey(size))
          .forEach(size -> record.cosigned(by, size, Set.of()));
      now.forEach((size, mark) -> {
        if (!mark.equals(of.heads.get(size))) {
          store.cosignedHead(by, size).ifPresent(head -> head(by, head));
        }
      });
    }
    of.heads = now;
  }

  private void head(PeerId by, CosignedHead head) {
    Set<Cosigned> words = new HashSet<>();
    for (CosignedHead.Cosigner cosigner : head.cosigners()) {
      FeedName.witness(cosigner.name())
          .filter(peer -> FeedName.witnessKey(peer).id() == cosigner.keyId())
          .ifPresent(peer -> words.add(new Cosigned(head.size(), peer, cosigner.seconds())));
    }
    record.cosigned(by, head.size(), words);
  }
}
