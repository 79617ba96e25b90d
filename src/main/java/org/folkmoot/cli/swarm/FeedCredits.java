package org.folkmoot.cli.swarm;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.credit.CreditEntries;
import org.folkmoot.ledger.credit.CreditPage;
import org.folkmoot.ledger.credit.Work;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.CreditClaim;

/**
 * Credits on their way into the ledger and back: what this node did, and what others did for it, is
 * gathered and written into its feed; what the feeds of those it has to do with tell is read into
 * its book. On the loop.
 */
final class FeedCredits {
  /** Works are written together, so that a busy node does not sign for each. */
  private static final Duration GATHERING = Duration.ofMinutes(1);

  /** Works written of a minute, the largest: a copy of a feed grows by 60 MB a day at most. */
  private static final int MOST = 64;

  /** How often feeds are looked at: each is one comparison of two numbers. */
  private static final Duration LOOK = Duration.ofSeconds(5);

  private record Gathered(CreditClaim claim, Work work) {}

  private final Loop loop;
  private final NodeCredits credits;
  private final LedgerStore store;
  private final Supplier<Iterable<Feed>> feeds;
  private final Executor background;
  private final Consumer<List<Entry>> ledger;
  private final List<Gathered> gathered = new ArrayList<>();
  private Loop.Timer timer = () -> {};
  private Loop.Timer look = () -> {};
  private boolean reading;
  private boolean stopped;

  /**
   * Not begun yet.
   *
   * @param feeds those that are here, to be asked on the loop
   * @param background runs one task at a time, in order
   * @param ledger takes entries of our own feed, from any thread
   */
  FeedCredits(
      Loop loop,
      NodeCredits credits,
      LedgerStore store,
      Supplier<Iterable<Feed>> feeds,
      Executor background,
      Consumer<List<Entry>> ledger) {
    this.loop = loop;
    this.credits = credits;
    this.store = store;
    this.feeds = feeds;
    this.background = background;
    this.ledger = ledger;
  }

  /** Begins. */
  void start() {
    credits.listen(this::gather);
    look();
  }

  /** Ends, and writes what was gathered. */
  void stop() {
    stopped = true;
    look.cancel();
    write();
  }

  // ---- into our feed

  private void gather(CreditClaim claim, Work work) {
    if (stopped || work.megaflops() == 0) {
      return;
    }
    if (gathered.isEmpty()) {
      timer = loop.after(GATHERING.toNanos(), this::write);
    }
    gathered.add(new Gathered(claim, work));
    if (gathered.size() > MOST) {
      gathered.remove(
          Collections.min(gathered, Comparator.comparingLong(one -> one.work.megaflops())));
    }
  }

  /** Writes what was gathered, for all to see. */
  void write() {
    timer.cancel();
    long now = loop.clockMillis();
    List<Entry> entries =
        gathered.stream()
            .<Entry>map(one -> CreditEntries.of(one.claim, one.work.megaflops(), now))
            .toList();
    gathered.clear();
    if (!entries.isEmpty()) {
      background.execute(() -> ledger.accept(entries));
    }
  }

  // ---- from feeds

  private void look() {
    if (!stopped) {
      look = loop.after(LOOK.toNanos(), this::look);
      readOn();
    }
  }

  /** Reads the next page of a feed that has grown; then of the next, until there is none. */
  void readOn() {
    if (reading || stopped) {
      return;
    }
    for (Feed feed : feeds.get()) {
      long from = credits.read(feed.peer());
      if (feed.fork().isEmpty() && feed.size() > from && credits.follows(feed.peer())) {
        reading = true;
        background.execute(() -> read(feed, from));
        return;
      }
    }
  }

  private void read(Feed feed, long from) {
    try {
      CreditPage page = CreditPage.read(store, feed.peer(), from, Identity::verify);
      loop.execute(() -> {
        reading = false;
        if (!stopped && page.to() > from) {
          credits.take(page);
          readOn();
        }
      });
    } catch (FolkmootException unreadable) {
      // It is tried again at the next look, and 'ledger fsck' says what is wrong.
      loop.execute(() -> reading = false);
    }
  }
}
