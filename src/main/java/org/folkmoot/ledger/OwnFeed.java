package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * The feed of this home's member. Whoever waits for the disk takes along what others want to append
 * meanwhile: so many threads share one sync and one signature.
 */
public final class OwnFeed implements Ledger {
  /** Bytes of entries in one transaction: so much memory, and no more, waits for the disk. */
  private static final int MAX_GROUP_BYTES = 16 << 20;

  /** What one caller wants to append. */
  private static final class Wish {
    private final List<byte[]> entries;
    private boolean done;
    private long first;
    private @Nullable RuntimeException failure;

    private Wish(List<byte[]> entries) {
      this.entries = entries;
    }
  }

  private record Listener(Subscriber subscriber, long[] next) {}

  private final LedgerStore store;
  private final Signer signer;
  private final ReentrantLock writing = new ReentrantLock();
  private final List<Wish> wishes = new ArrayList<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  /** The feed of a signer, in a store. */
  public OwnFeed(LedgerStore store, Signer signer) {
    this.store = store;
    this.signer = signer;
  }

  @Override
  public PeerId self() {
    return signer.peerId();
  }

  @Override
  public Receipt append(Entry entry) {
    return append(List.of(entry)).getFirst();
  }

  @Override
  public List<Receipt> append(List<Entry> entries) {
    Wish wish = new Wish(entries.stream().map(EntryCodec::encode).toList());
    if (wish.entries.stream().mapToLong(entry -> entry.length).sum() > MAX_GROUP_BYTES) {
      throw new FolkmootException(BAD_REQUEST, "too much to append at once: append it in parts");
    }
    if (!entries.isEmpty()) {
      fulfil(wish);
    }
    List<Receipt> receipts = new ArrayList<>();
    for (byte[] entry : wish.entries) {
      receipts.add(new Receipt(self(), wish.first + receipts.size(), EntryId.of(self(), entry)));
    }
    return receipts;
  }

  private void fulfil(Wish wish) {
    synchronized (wishes) {
      wishes.add(wish);
    }
    writing.lock();
    try {
      while (!wish.done) {
        write(takeGroup());
      }
    } finally {
      writing.unlock();
    }
    if (wish.failure != null) {
      throw wish.failure;
    }
    tell();
  }

  private List<Wish> takeGroup() {
    List<Wish> group = new ArrayList<>();
    long bytes = 0;
    synchronized (wishes) {
      while (!wishes.isEmpty()) {
        long more = wishes.getFirst().entries.stream().mapToLong(entry -> entry.length).sum();
        if (!group.isEmpty() && bytes + more > MAX_GROUP_BYTES) {
          break;
        }
        bytes += more;
        group.add(wishes.removeFirst());
      }
    }
    return group;
  }

  private void write(List<Wish> group) {
    List<byte[]> entries = new ArrayList<>();
    group.forEach(wish -> entries.addAll(wish.entries));
    try {
      long first = store.append(signer, entries).first();
      for (Wish wish : group) {
        wish.first = first;
        first += wish.entries.size();
      }
    } catch (RuntimeException failed) {
      group.forEach(wish -> wish.failure = failed);
    } catch (Error failed) {
      // Whoever shares the transaction must not take it for written.
      group.forEach(wish -> wish.failure = new IllegalStateException("not written", failed));
      throw failed;
    } finally {
      group.forEach(wish -> wish.done = true);
    }
  }

  @Override
  public Optional<Head> head() {
    return store.feed(self()).map(Feed::head);
  }

  @Override
  public InclusionProof prove(Receipt receipt, Head head) {
    return prove(store, receipt.peer(), receipt.position(), head);
  }

  /** Proves an entry of any feed that is here. */
  public static InclusionProof prove(LedgerStore store, PeerId peer, long position, Head head) {
    boolean there =
        peer.equals(head.peer())
            && position >= 0
            && position < head.size()
            && store.feed(peer).filter(feed -> feed.size() >= head.size()).isPresent();
    if (!there) {
      throw new FolkmootException(
          FolkmootException.Code.NOT_FOUND,
          "there is no entry %d of the feed %s here".formatted(position, peer));
    }
    return new InclusionProof(
        position,
        TreeProofs.inclusion(position, head.size(), store.hashes(peer, head.size())),
        head.note());
  }

  @Override
  public void subscribe(long from, Subscriber subscriber) {
    Listener listener = new Listener(subscriber, new long[] {Math.max(0, from)});
    listeners.add(listener);
    tell(listener);
  }

  private void tell() {
    listeners.forEach(this::tell);
  }

  /** Entries that are read at a time for a subscriber. */
  private static final int READ = 256;

  private void tell(Listener listener) {
    synchronized (listener.next) {
      List<byte[]> more = store.entries(self(), listener.next[0], READ);
      while (!more.isEmpty()) {
        for (byte[] entry : more) {
          listener.subscriber.appended(new Placed(listener.next[0]++, entry));
        }
        more = store.entries(self(), listener.next[0], READ);
      }
    }
  }
}
