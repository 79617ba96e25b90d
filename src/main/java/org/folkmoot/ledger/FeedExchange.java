package org.folkmoot.ledger;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.ledger.tile.Tile;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.FeedHead;
import org.folkmoot.wire.PeerId;

/**
 * Copies feeds from peer to peer. In each round a node tells a few linked peers how far it is with
 * each feed; whoever is behind asks for the signed head and then for bundles of entries, each with
 * the proof that it leads to that head, and keeps it at once. A peer that was away fetches what it
 * missed by bundles, from whoever is ahead.
 *
 * <p>A head that contradicts another is told as a {@link ForkProof} to all, and ends the feed here.
 *
 * <p>Decides on the loop; the store is read and written elsewhere, one task at a time.
 */
public final class FeedExchange implements PeerNetwork.Listener {
  /** How often a node compares: a new entry is pushed at once, this repairs what was missed. */
  private static final Duration ROUND = Duration.ofSeconds(10);

  /** With how many it compares in a round. */
  private static final int FANOUT = 2;

  /** How long an answer is waited for before another peer is asked. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** Tasks for the store that wait: more are dropped, and asked for again. */
  private static final int MAX_WAITING = 256;

  /** Notes that are sent in answer to one message; the rest goes in later rounds. */
  private static final int MAX_NOTES = 32;

  /** Bytes of entries in one message. */
  private static final int MAX_PART = 1 << 20;

  /** What is being fetched of a feed. */
  private record Fetch(PeerId from, Head head, long position, long untilNanos) {}

  private final PeerNetwork network;
  private final Loop loop;
  private final LedgerStore store;
  private final Optional<Witness> witness;
  private final Predicate<PeerId> wanted;
  private final Executor background;
  private final RandomGenerator random;
  private final Map<PeerId, Feed> feeds = new LinkedHashMap<>();
  private final Map<PeerId, Fetch> fetches = new HashMap<>();
  private int waiting;
  private boolean running;
  private Loop.Timer timer = () -> {};

  /**
   * An exchange that is not yet {@link #start started}.
   *
   * @param witness cosigns what was copied whole; empty for a node that does not
   * @param wanted whose feeds are kept; called on the loop
   * @param background runs one task at a time
   */
  public FeedExchange(
      PeerNetwork network,
      LedgerStore store,
      Optional<Witness> witness,
      Predicate<PeerId> wanted,
      Executor background,
      RandomGenerator random) {
    this.network = network;
    this.store = store;
    this.witness = witness;
    this.wanted = wanted;
    this.background = background;
    this.random = random;
    loop = network.loop();
  }

  /** Begins. On the loop. */
  public void start() {
    running = true;
    network.listen(this);
    work(
        store::feeds,
        all -> {
          all.forEach(feed -> feeds.put(feed.peer(), feed));
          tellSome();
        });
    later();
  }

  /** Ends. On the loop. */
  public void stop() {
    running = false;
    timer.cancel();
    network.ignore(this);
  }

  /** What is here of each feed, by its writer. On the loop. */
  public Collection<Feed> feeds() {
    return Collections.unmodifiableCollection(feeds.values());
  }

  /** Our own feed has grown. From any thread. */
  public void grown() {
    loop.execute(() ->
        work(
            () -> store.feed(network.self()),
            own ->
                own.ifPresent(feed -> {
                  feeds.put(feed.peer(), feed);
                  tellSome();
                })));
  }

  private void later() {
    long nanos = ROUND.toNanos();
    timer =
        loop.after(
            nanos / 2 + random.nextLong(nanos),
            () -> {
              // Another process of this home may have written.
              grown();
              later();
            });
  }

  /** Does something with the store elsewhere, and goes on here. */
  private <T> void work(Supplier<T> task, Consumer<T> then) {
    if (!running || waiting >= MAX_WAITING) {
      return;
    }
    waiting++;
    background.execute(() -> {
      Optional<T> result = Optional.empty();
      try {
        result = Optional.of(task.get());
      } catch (FolkmootException damagedFullOrUntrue) {
        // Nothing was kept; whoever is ahead will be asked again.
      } finally {
        Optional<T> came = result;
        loop.execute(() -> {
          waiting--;
          if (running) {
            came.ifPresent(then);
          }
        });
      }
    });
  }

  // ---- comparing

  private void tellSome() {
    List<PeerId> linked = new ArrayList<>(network.connected());
    Collections.sort(linked);
    for (int i = 0; i < FANOUT && !linked.isEmpty(); i++) {
      network.send(linked.remove(random.nextInt(linked.size())), digest());
    }
  }

  private Message digest() {
    // Of what is here in part others could not get the rest.
    List<Feed> all = new ArrayList<>(feeds.values().stream().filter(Feed::isWhole).toList());
    boolean whole = all.size() <= Limits.MAX_HEADS;
    while (all.size() > Limits.MAX_HEADS) {
      Feed last = all.removeLast();
      int place = random.nextInt(all.size() + 1);
      if (place < all.size()) {
        all.set(place, last);
      }
    }
    return new Message.FeedHeads(all.stream().map(FeedExchange::told).toList(), whole);
  }

  private static FeedHead told(Feed feed) {
    long fork = feed.fork().isPresent() ? 1 : 0;
    return new FeedHead(
        feed.peer(), feed.head().size(), feed.head().root(), fork + mark(feed.head().note()));
  }

  /** Differs where the cosignatures do, whatever their order. */
  private static long mark(SignedNote note) {
    long mark = 0;
    for (SignedNote.Line line : note.lines()) {
      mark += ByteBuffer.wrap(Hash32.sha256(line.signature()).bytes()).getLong();
    }
    return mark;
  }

  @Override
  public void connected(PeerId peer) {
    network.send(peer, digest());
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    fetches.values().removeIf(fetch -> fetch.from.equals(peer));
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case Message.FeedHeads heads -> heads(from, heads);
      case Message.FeedWant want -> sendNote(from, want.feed());
      case Message.FeedNote note -> note(from, note);
      case Message.EntriesWant want -> give(from, want);
      case Message.EntriesPart part -> part(from, part);
      case Message.Forked forked -> forked(forked);
      default -> {
        // Of other parts of the node.
      }
    }
  }

  private void heads(PeerId from, Message.FeedHeads heads) {
    Map<PeerId, Feed> missing = heads.whole() ? new LinkedHashMap<>(feeds) : new HashMap<>();
    int sent = 0;
    for (FeedHead head : heads.heads()) {
      missing.remove(head.feed());
      Feed ours = feeds.get(head.feed());
      long size = ours == null ? -1 : ours.head().size();
      if (sent >= MAX_NOTES || (ours == null && !wanted.test(head.feed()))) {
        continue;
      }
      if (size > head.size()) {
        sent++;
        sendNote(from, head.feed());
      } else if (ours == null || !told(ours).equals(head)) {
        sent++;
        network.send(from, new Message.FeedWant(head.feed()));
      } else if (!ours.isWhole()) {
        fetch(from, ours.head());
      }
    }
    for (PeerId feed : missing.keySet().stream().limit(MAX_NOTES).toList()) {
      sendNote(from, feed);
    }
  }

  private void sendNote(PeerId to, PeerId feed) {
    Feed ours = feeds.get(feed);
    if (ours != null) {
      ours.fork().ifPresent(fork -> network.send(to, new Message.Forked(fork.toBytes())));
      if (ours.isWhole()) {
        network.send(to, new Message.FeedNote(ours.head().note().toBytes()));
      }
    }
  }

  private void note(PeerId from, Message.FeedNote message) {
    Head head;
    try {
      head = Head.of(SignedNote.parse(message.note()));
    } catch (FolkmootException nothing) {
      return;
    }
    Feed ours = feeds.get(head.peer());
    if (ours == null) {
      if (wanted.test(head.peer())) {
        fetch(from, head);
      }
    } else if (ours.fork().isPresent()) {
      network.send(from, new Message.Forked(ours.fork().get().toBytes()));
    } else if (head.size() > ours.head().size()) {
      fetch(from, head);
    } else if (head.size() == ours.head().size()) {
      if (head.agreesWith(ours.head())) {
        cosignatures(ours, head);
      } else {
        convict(ours.head(), head, head.root(), List.of());
      }
    }
  }

  /** Takes over what witnesses have said that we know of. */
  private void cosignatures(Feed ours, Head theirs) {
    List<SignedNote.Line> more =
        theirs.note().lines().stream()
            .filter(line -> !ours.head().note().lines().contains(line))
            .filter(line ->
                FeedName.cosigned(theirs.note(), line)
                    .filter(by -> by.equals(network.self()) || wanted.test(by))
                    .isPresent())
            .toList();
    if (!more.isEmpty()) {
      work(
          () -> {
            Optional<Feed> now = Optional.empty();
            for (SignedNote.Line line : more) {
              now = store.cosign(ours.head(), line);
            }
            return now;
          },
          now -> now.ifPresent(this::is));
    }
  }

  private void is(Feed feed) {
    feeds.put(feed.peer(), feed);
  }

  // ---- fetching

  private void fetch(PeerId from, Head head) {
    Fetch before = fetches.get(head.peer());
    Feed ours = feeds.get(head.peer());
    if (before != null && loop.nanoTime() - before.untilNanos < 0) {
      return;
    }
    // A feed that is here in part must first be here as far as its first head says.
    Head goal = ours == null || ours.isWhole() ? head : ours.head();
    ask(from, goal, ours == null ? 0 : ours.size());
  }

  private void ask(PeerId from, Head head, long position) {
    fetches.put(head.peer(), new Fetch(from, head, position, loop.nanoTime() + PATIENCE.toNanos()));
    network.send(from, new Message.EntriesWant(head.peer(), position, head.size()));
  }

  private void give(PeerId to, Message.EntriesWant want) {
    Feed ours = feeds.get(want.feed());
    if (ours == null || want.size() > ours.size() || want.from() > want.size()) {
      return;
    }
    work(() -> read(want), part -> network.send(to, part));
  }

  private Message read(Message.EntriesWant want) {
    PeerId feed = want.feed();
    long from = want.from();
    int bundle = (int) Math.min(Tile.WIDTH - from % Tile.WIDTH, want.size() - from);
    List<byte[]> entries = new ArrayList<>();
    int bytes = 0;
    for (byte[] entry : bundle == 0 ? List.<byte[]>of() : store.entries(feed, from, bundle)) {
      bytes += entry.length;
      if (bytes > MAX_PART && !entries.isEmpty()) {
        break;
      }
      entries.add(entry);
    }
    return new Message.EntriesPart(
        feed,
        from,
        want.size(),
        entries,
        TreeProofs.root(from, store.hashes(feed, from)),
        store.consistency(feed, from, want.size()),
        store.consistency(feed, from + entries.size(), want.size()));
  }

  private void part(PeerId from, Message.EntriesPart part) {
    Fetch fetch = fetches.get(part.feed());
    if (fetch == null
        || !fetch.from.equals(from)
        || fetch.position != part.from()
        || fetch.head.size() != part.size()) {
      return; // nobody asked for it
    }
    fetches.remove(part.feed());
    Feed ours = feeds.get(part.feed());
    if (ours != null && ours.isWhole() && begins(fetch.head, ours.head(), part)) {
      convict(ours.head(), fetch.head, part.before(), part.growthBefore());
      return;
    }
    work(
        () -> store.appendCopy(fetch.head, part.from(), part.entries(), part.growthAfter()),
        feed -> {
          is(feed);
          if (feed.isWhole()) {
            complete(from, feed);
          } else if (!part.entries().isEmpty()) {
            ask(from, fetch.head, feed.size());
          }
        });
  }

  /** Whether a larger head provably begins otherwise than ours. */
  private static boolean begins(Head larger, Head ours, Message.EntriesPart part) {
    return part.from() == ours.size()
        && !part.before().equals(ours.root())
        && MerkleTree.consistent(
            ours.size(), part.before(), larger.size(), larger.root(), part.growthBefore());
  }

  /** A feed is here whole: says so to others, as a witness too. */
  private void complete(PeerId from, Feed feed) {
    if (witness.isPresent() && !feed.peer().equals(network.self())) {
      work(
          () -> witness.get().cosign(feed.head()),
          line ->
              work(
                  () -> store.cosign(feed.head(), line),
                  now ->
                      now.ifPresent(cosigned -> {
                        is(cosigned);
                        if (network.connected().contains(feed.peer())) {
                          sendNote(feed.peer(), feed.peer());
                        }
                      })));
    }
    List<PeerId> linked = new ArrayList<>(network.connected());
    linked.remove(from);
    Collections.sort(linked);
    Message news = new Message.FeedHeads(List.of(told(feed)), false);
    for (int i = 0; i < FANOUT && !linked.isEmpty(); i++) {
      network.send(linked.remove(random.nextInt(linked.size())), news);
    }
  }

  // ---- forks

  private void convict(Head smaller, Head larger, Hash32 beginning, List<Hash32> proof) {
    keep(new ForkProof(smaller, larger, beginning, proof));
  }

  private void forked(Message.Forked message) {
    ForkProof proof;
    try {
      proof = ForkProof.parse(message.proof());
    } catch (FolkmootException nothing) {
      return;
    }
    keep(proof);
  }

  /** Keeps a proof and passes it on, once. */
  private void keep(ForkProof fork) {
    Feed ours = feeds.get(fork.peer());
    if (ours == null || ours.fork().isPresent()) {
      return;
    }
    is(new Feed(ours.peer(), ours.size(), ours.head(), ours.growth(), Optional.of(fork)));
    work(
        () -> {
          store.keep(fork);
          return true;
        },
        _ -> {});
    Message told = new Message.Forked(fork.toBytes());
    network.connected().forEach(peer -> network.send(peer, told));
  }
}
