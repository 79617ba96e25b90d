package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.folkmoot.api.LedgerPages;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.FeedExchange;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.ForkProof;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.Witness;
import org.folkmoot.ledger.WitnessKeys;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.PeerId;

/**
 * A node's part in the ledger: copies the feeds of the peers of its swarm, gives what it has to
 * others, and cosigns what it copied.
 */
public final class NodeLedger implements LedgerPages, AutoCloseable {
  /** What waits for the disk at the end has this long; then it is asked for again another time. */
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  private final SwarmNode node;
  private final LedgerStore store;
  private final FeedExchange exchange;
  private final Witness witness;
  private final OwnFeed feed;
  private final AuditedReceipts audited;
  private final FeedCredits credits;
  private final AskedWitnesses witnesses;
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-ledger").factory());

  private NodeLedger(
      SwarmNode node,
      Path folder,
      List<WitnessKeys.Known> others,
      Identity identity,
      RandomGenerator random,
      boolean tellsCredits) {
    this.node = node;
    store = LedgerStore.open(folder, identity);
    feed = new OwnFeed(store, identity);
    audited = new AuditedReceipts(folder.resolve("receipts"), this::write);
    witness =
        new Witness(
            store,
            identity,
            node.settings().clock(),
            origin -> FeedName.peer(origin).filter(node::knowsPeer).map(FeedName::key),
            this::convict);
    exchange =
        new FeedExchange(
            node.links(),
            store,
            Optional.of(witness),
            others.stream().map(WitnessKeys.Known::key).collect(Collectors.toSet()),
            // Our own too: whoever lost a home gets its feed back from others.
            peer -> peer.equals(node.self()) || node.knows(peer),
            background,
            random);
    credits =
        new FeedCredits(
            node.loop(),
            node.credits(),
            store,
            exchange::feeds,
            this::later,
            tellsCredits ? this::write : _ -> {});
    witnesses = new AskedWitnesses(node.loop(), store, feed.self(), others, exchange::grown);
    store.prefer(Set.of(), witnesses.names());
  }

  /**
   * Takes part.
   *
   * @param tellsCredits whether it writes down for all to see who worked for whom
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if the ledger, or the file of witnesses'
   *     keys, is damaged
   */
  public static NodeLedger start(
      SwarmNode node,
      Path folder,
      Identity identity,
      RandomGenerator random,
      boolean tellsCredits) {
    NodeLedger ledger =
        new NodeLedger(node, folder, WitnessKeys.read(folder), identity, random, tellsCredits);
    node.run(() -> {
      node.credits().keep();
      ledger.exchange.start();
      ledger.credits.start();
      ledger.witnesses.start();
    });
    node.whenProven(ledger::proven);
    return ledger;
  }

  private void convict(ForkProof fork) {
    exchange.accuse(fork);
  }

  /** Says whose word counts for this home: the members of its moot. */
  public void prefer(Set<PeerId> peers) {
    store.prefer(peers, witnesses.names());
  }

  /** The store; it is closed with this. */
  public LedgerStore store() {
    return store;
  }

  /** Differs where feeds, or what witnesses said of them, differ. */
  public int state() {
    return node.call(() ->
        exchange.feeds().stream()
            .mapToInt(feed ->
                Objects.hash(feed.peer(), feed.size(), feed.mark(), feed.fork().isPresent()))
            .sum());
  }

  /** Whose node this is. */
  public PeerId self() {
    return node.self();
  }

  /** Writes into this node's own feed, and tells of it. From any thread but the loop. */
  public void add(Entry entry) {
    write(entry);
  }

  /** What carries credits to the ledger and back, on the loop. */
  FeedCredits credits() {
    return credits;
  }

  private void write(Entry entry) {
    write(List.of(entry));
  }

  private void write(List<Entry> entries) {
    var _ = feed.append(entries);
    exchange.grown();
  }

  /**
   * Does what writes into our own feed. What cannot be written now is not lost where it comes from:
   * a proof has a file of its own, and receipts are their owner's.
   */
  private void later(Runnable task) {
    try {
      background.execute(() -> {
        try {
          task.run();
        } catch (FolkmootException fullOrBehind) {
          // 'folkmoot ledger add' writes it once there is room.
        }
      });
    } catch (RejectedExecutionException ending) {
      // The node ends.
    }
  }

  /** This node has proven that a peer computed wrongly. */
  private void proven(FraudProof proof) {
    later(() -> write(NodeEntries.proof(proof, node.settings().clock().millis())));
  }

  /** This node has audited an answer. From any thread. */
  public void audited(Receipt receipt) {
    later(() -> {
      var _ = audited.add(receipt, node.settings().clock().millis());
    });
  }

  @Override
  public Optional<FeedPages.Page> page(String path) {
    int slash = path.indexOf('/');
    if (slash < 0) {
      return Optional.empty();
    }
    try {
      PeerId peer = PeerId.parse(path.substring(0, slash));
      return FeedPages.find(store, peer, path.substring(slash + 1));
    } catch (FolkmootException noPeerOrNoTile) {
      return Optional.empty();
    }
  }

  @Override
  public Witness.Answer addCheckpoint(byte[] request) {
    return witness.addCheckpoint(request);
  }

  @Override
  public void close() {
    witnesses.close();
    node.run(() -> {
      exchange.stop();
      credits.stop();
    });
    later(() -> {
      var _ = audited.flush(node.settings().clock().millis());
    });
    background.shutdown();
    try {
      if (!background.awaitTermination(FAREWELL.toMillis(), TimeUnit.MILLISECONDS)) {
        background.shutdownNow();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    store.close();
  }
}
