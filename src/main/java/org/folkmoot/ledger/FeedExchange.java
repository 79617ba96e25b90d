package org.folkmoot.ledger;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.Loop;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.FeedHead;
import org.folkmoot.wire.PeerId;

/**
 * Copies feeds from peer to peer. In each round a node tells a few linked peers how far it is with
 * each feed; whoever is behind asks for the signed head, then for what leads to it ({@link
 * FeedCopies}), and whoever lacks cosignatures for those ({@link FeedWitnessing}). A peer that was
 * away fetches what it missed by bundles, from whoever is ahead.
 *
 * <p>A head that contradicts another is told as a {@link ForkProof} to all, and ends the feed here.
 *
 * <p>Decides on the loop; the store is read and written elsewhere, one task at a time.
 */
public final class FeedExchange implements PeerNetwork.Listener {
  /** How often a node compares: a new entry is pushed at once, this repairs what was missed. */
  private static final Duration ROUND = Duration.ofSeconds(10);

  /** How often a node looks whether another process of its home has written: one row is read. */
  private static final Duration WATCH = Duration.ofSeconds(1);

  /** Answers that one message causes at once; the rest comes in later rounds. */
  private static final int MAX_ANSWERS = 32;

  /** Histories of one feed that take each other's place while a node runs: each is a copy. */
  private static final int MAX_CHANGES = 16;

  private static final int MAX_OFFERS = 256;

  /** A head and who told it. */
  private record Offer(PeerId from, FeedWitnessing.Checked note) {}

  private final Map<String, Offer> offers = new Bounded<>(MAX_OFFERS);
  private final Map<String, Boolean> told = new Bounded<>(MAX_OFFERS);
  private final Map<PeerId, Integer> changes = new Bounded<>(MAX_OFFERS);
  private final PeerNetwork network;
  private final Loop loop;
  private final LedgerStore store;
  private final StoreTasks tasks;
  private final RandomGenerator random;
  private final FeedTable table;
  private final FeedCopies copies;
  private final FeedWitnessing witnessing;
  private Loop.Timer timer = () -> {};
  private Loop.Timer watch = () -> {};

  /**
   * An exchange that is not yet {@link #start started}, and is started once.
   *
   * @param witness cosigns what was copied whole; empty for a node that does not
   * @param others keys of witnesses that are no peers, whose cosignatures are kept too
   * @param wanted whose feeds are kept; called on the loop
   * @param background runs one task at a time, in order
   */
  public FeedExchange(
      PeerNetwork network,
      LedgerStore store,
      Optional<Witness> witness,
      Set<NoteKey> others,
      Predicate<PeerId> wanted,
      Executor background,
      RandomGenerator random) {
    this.network = network;
    this.store = store;
    this.random = random;
    loop = network.loop();
    tasks = new StoreTasks(loop, background, network.self());
    table = new FeedTable(network, store, tasks, wanted, random);
    copies = new FeedCopies(table, this::complete, this::parted);
    witnessing = new FeedWitnessing(table, witness, others);
  }

  /** Begins. On the loop. */
  public void start() {
    network.listen(this);
    tasks.run(
        network.self(),
        store::feeds,
        all -> {
          all.forEach(table::put);
          network.connected().forEach(this::connected);
        });
    later();
    watch();
  }

  /** Ends. On the loop. */
  public void stop() {
    tasks.stop();
    timer.cancel();
    watch.cancel();
    network.ignore(this);
  }

  /** What is here of each feed. On the loop. */
  public Collection<Feed> feeds() {
    return Collections.unmodifiableCollection(table.all().values());
  }

  /** Our own feed has grown. From any thread. */
  public void grown() {
    loop.execute(() ->
        tasks.run(
            network.self(),
            () -> store.feed(network.self()),
            own ->
                own.filter(feed -> !table.find(feed.peer()).equals(Optional.of(feed)))
                    .ifPresent(table::changed)));
  }

  private void later() {
    long nanos = ROUND.toNanos();
    timer = loop.after(nanos / 2 + random.nextLong(nanos), this::round);
  }

  private void watch() {
    watch =
        loop.after(
            WATCH.toNanos(),
            () -> {
              grown();
              watch();
            });
  }

  private void round() {
    witnessing.cosignSome();
    table.tellSome(table.digest());
    later();
  }

  @Override
  public void connected(PeerId peer) {
    network.send(peer, table.digest());
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    copies.lost(peer);
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case Message.FeedHeads heads -> heads(from, heads);
      case Message.FeedWant want ->
          table.find(want.feed()).ifPresent(feed -> table.sendNote(from, feed));
      case Message.FeedNote note -> note(from, note);
      case Message.EntriesWant want -> copies.give(from, want);
      case Message.EntriesPart part -> copies.take(from, part);
      case Message.CosignedWant want -> witnessing.give(from, want);
      case Message.CosignedPart part -> witnessing.take(from, part);
      case Message.Forked forked -> forked(from, forked);
      default -> {
        // Of other parts of the node.
      }
    }
  }

  // ---- comparing

  private void heads(PeerId from, Message.FeedHeads heads) {
    Set<PeerId> missing = new LinkedHashSet<>();
    if (heads.whole()) {
      missing.addAll(table.all().keySet());
    }
    int answers = 0;
    for (FeedHead head : heads.heads()) {
      missing.remove(head.feed());
      if (answers < MAX_ANSWERS && compare(from, head)) {
        answers++;
      }
    }
    missing.stream()
        .flatMap(feed -> table.find(feed).stream())
        .limit(MAX_ANSWERS - answers)
        .toList()
        .forEach(feed -> table.sendNote(from, feed));
  }

  /** Compares one feed; whether there was something to do. */
  private boolean compare(PeerId from, FeedHead theirs) {
    Optional<Feed> found = table.find(theirs.feed());
    if (found.isEmpty()) {
      if (table.wanted.test(theirs.feed())) {
        network.send(from, new Message.FeedWant(theirs.feed()));
        return true;
      }
      return false;
    }
    Feed ours = found.get();
    Head head = ours.head();
    boolean known = ours.fork().isPresent() == theirs.forked();
    if ((!known && !theirs.forked()) || (known && head.size() > theirs.size())) {
      table.sendNote(from, ours);
    } else if (!known || head.size() < theirs.size() || !head.root().equals(theirs.root())) {
      network.send(from, new Message.FeedWant(theirs.feed()));
    } else if (!ours.isWhole()) {
      copies.fetch(from, head);
    } else {
      witnessing.compare(from, ours, theirs);
      return theirs.mark() != ours.mark();
    }
    return true;
  }

  private void note(PeerId from, Message.FeedNote message) {
    if (table.isShunned(from)) {
      return;
    }
    tasks.run(
        from,
        () -> {
          FeedWitnessing.Checked checked = witnessing.check(message.note());
          return new Seen(checked, store.contradiction(checked.head()));
        },
        seen -> note(from, seen.note, seen.fork),
        _ -> table.shun(from));
  }

  private record Seen(FeedWitnessing.Checked note, Optional<ForkProof> fork) {}

  private void note(PeerId from, FeedWitnessing.Checked note, Optional<ForkProof> fork) {
    Head head = note.head().bare();
    Optional<Feed> ours = table.find(head.peer());
    if (ours.isEmpty()) {
      if (table.wanted.test(head.peer())) {
        copies.fetch(from, head);
      }
    } else if (fork.isPresent()) {
      convict(fork.get());
      weigh(new Offer(from, note));
    } else {
      witnessing.merge(note);
      if (head.size() > ours.get().head().size() || !ours.get().isWhole()) {
        offers.put(head.note().text(), new Offer(from, note));
        copies.fetch(from, head);
      }
    }
  }

  /** A feed is here whole. */
  private void complete(PeerId from, Feed feed) {
    table.changed(feed);
    witnessing.cosign(feed);
    witnessing.ask(from, feed.peer(), Long.MAX_VALUE);
  }

  // ---- forks

  /** What was fetched is of another history. */
  private void parted(ForkProof fork) {
    convict(fork);
    Offer offer = offers.remove(fork.larger().note().text());
    if (offer != null) {
      weigh(offer);
    }
  }

  /** Takes another history of a forked feed if it has more for it; else tells what ours has. */
  private void weigh(Offer offer) {
    Head theirs = offer.note.head().bare();
    PeerId feed = theirs.peer();
    if (feed.equals(network.self()) || changes.getOrDefault(feed, 0) >= MAX_CHANGES) {
      return;
    }
    List<SignedNote.Line> words =
        offer.note.words().stream().map(FeedWitnessing.Word::line).toList();
    tasks.run(
        network.self(),
        () -> store.weigh(theirs, words),
        weighed -> {
          weighed
              .taken()
              .ifPresent(now -> {
                changes.merge(feed, 1, Integer::sum);
                table.put(now);
                copies.drop(feed);
                copies.fetch(offer.from, theirs);
              });
          weighed
              .ours()
              .filter(ours -> told.put(offer.from + theirs.note().text(), true) == null)
              .ifPresent(
                  ours -> network.send(offer.from, new Message.FeedNote(ours.note().toBytes())));
        });
  }

  /** There is proof that a feed has two histories. From any thread. */
  public void accuse(ForkProof fork) {
    loop.execute(() -> convict(fork));
  }

  private void forked(PeerId from, Message.Forked message) {
    if (!table.isShunned(from)) {
      tasks.run(from, () -> ForkProof.parse(message.proof()), this::convict, _ -> table.shun(from));
    }
  }

  /** Keeps a proof, and then passes it on, once. */
  private void convict(ForkProof fork) {
    Optional<Feed> ours = table.find(fork.peer());
    if (ours.isEmpty() || ours.get().fork().isPresent()) {
      return;
    }
    tasks.run(
        network.self(),
        () -> store.keep(fork),
        kept ->
            kept.filter(_ -> table.find(fork.peer()).flatMap(Feed::fork).isEmpty())
                .ifPresent(feed -> {
                  table.put(feed);
                  Message told = new Message.Forked(fork.toBytes());
                  network.connected().forEach(peer -> network.send(peer, told));
                }));
  }
}
