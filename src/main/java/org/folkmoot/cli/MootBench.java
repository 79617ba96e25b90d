package org.folkmoot.cli;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.Head;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootFeeds;
import org.folkmoot.moot.MootRecord;
import org.folkmoot.peer.Identity;

/**
 * What a moot's commands and a node that follows it have to do: read the record of 100 members and
 * 10,000 entries, read on when one more has come, and count.
 */
final class MootBench {
  private static final int MEMBERS = 100;
  private static final int ENTRIES_EACH = 100;

  /** Heads of a feed that a witness cosigned: people write a few entries at a time. */
  private static final int BATCH = 10;

  private static final long FOUNDED_SECONDS = 1_800_000_000;

  private final LongSupplier nanos;
  private final Map<String, Object> figures;

  MootBench(LongSupplier nanos, Map<String, Object> figures) {
    this.nanos = nanos;
    this.figures = figures;
  }

  private double millisSince(long start) {
    return Math.round((nanos.getAsLong() - start) / 1e4) / 100.0;
  }

  void measure(Path folder) {
    SecureRandom random = new SecureRandom();
    List<Identity> members = Stream.generate(() -> Identity.random(random)).limit(MEMBERS).toList();
    Hash32 moot;
    try (LedgerStore store = LedgerStore.open(folder, members.getFirst())) {
      moot = write(store, members);
    }
    try (LedgerStore store = LedgerStore.open(folder, members.getFirst())) {
      long start = nanos.getAsLong();
      MootFeeds feeds = new MootFeeds(store);
      MootRecord record = feeds.read();
      figures.put("mootReadMillis", millisSince(start));
      start = nanos.getAsLong();
      Moot counted = Moot.of(record, moot, FOUNDED_SECONDS + 1_000_000);
      figures.put("mootCountMillis", millisSince(start));
      if (counted.members().size() != MEMBERS || counted.proposals().isEmpty()) {
        throw new IllegalStateException("a moot of ours does not hold");
      }
      var _ = new OwnFeed(store, members.getLast()).append(vote(moot, moot, 0));
      start = nanos.getAsLong();
      MootRecord _ = feeds.read();
      figures.put("mootReadOnMillis", millisSince(start));
    }
  }

  private static Entry vote(Hash32 moot, Hash32 proposal, long at) {
    return new Entry.Vote(
        (FOUNDED_SECONDS + at) * 1000, moot, proposal, Entry.Choice.YES, "as agreed");
  }

  private static Hash32 write(LedgerStore store, List<Identity> members) {
    Entry.Rules rules =
        new Entry.Rules(
            "bench",
            Entry.Admission.INVITATION,
            500,
            500,
            1000,
            100_000,
            0,
            0,
            2,
            1,
            1,
            Optional.empty());
    Entry charter =
        new Entry.Charter(
            FOUNDED_SECONDS * 1000, rules, members.stream().map(Identity::peerId).toList());
    Hash32 moot = new OwnFeed(store, members.getFirst()).append(charter).id();
    Hash32 proposal = moot;
    for (int done = 0; done < ENTRIES_EACH; done += BATCH) {
      for (int i = 0; i < members.size(); i++) {
        long at = 100L * done + i;
        List<Entry> entries = new ArrayList<>();
        Entry.Motion motion = new Entry.Motion.AdoptPrompt("prompt " + i);
        entries.add(
            new Entry.Proposal((FOUNDED_SECONDS + at) * 1000, moot, "title", "text", motion));
        while (entries.size() < BATCH) {
          entries.add(vote(moot, proposal, at));
        }
        OwnFeed feed = new OwnFeed(store, members.get(i));
        proposal = feed.append(entries).getFirst().id();
        cosign(store, feed, members, i, FOUNDED_SECONDS + at);
      }
    }
    return moot;
  }

  /** Three others say that they saw it. */
  private static void cosign(
      LedgerStore store, OwnFeed feed, List<Identity> members, int writer, long seconds) {
    for (int k = 1; k <= 3; k++) {
      Identity witness = members.get((writer + k) % members.size());
      Head head = feed.head().orElseThrow();
      String name = FeedName.witness(witness.peerId());
      var _ =
          store.cosign(
              head, List.of(Cosignature.sign(head.note().text(), name, witness, seconds + k)));
    }
  }
}
