package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.folkmoot.api.LedgerPages;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.FeedExchange;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.Witness;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;

/**
 * A node's part in the ledger: copies the feeds of the peers of its swarm, gives what it has to
 * others, and cosigns what it copied.
 */
public final class NodeLedger implements LedgerPages, AutoCloseable {
  /** What waits for the disk at the end has this long; then it is asked for again another time. */
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  /** How often it is looked whether a command of this home has written. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final SwarmNode node;
  private final LedgerStore store;
  private final FeedExchange exchange;
  private final Witness witness;
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-ledger").factory());

  private final ScheduledExecutorService looking =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-ledger-look").factory());

  private NodeLedger(SwarmNode node, Path folder, Identity identity, RandomGenerator random) {
    this.node = node;
    store = LedgerStore.open(folder, identity);
    witness =
        new Witness(
            store,
            identity,
            node.settings().clock(),
            origin -> FeedName.peer(origin).filter(node::knowsPeer).map(FeedName::key));
    exchange =
        new FeedExchange(
            node.links(),
            store,
            Optional.of(witness),
            Set.of(),
            // Our own too: whoever lost a home gets its feed back from others.
            peer -> peer.equals(node.self()) || node.knows(peer),
            background,
            random);
  }

  /**
   * Takes part.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if the ledger is damaged
   */
  public static NodeLedger start(
      SwarmNode node, Path folder, Identity identity, RandomGenerator random) {
    NodeLedger ledger = new NodeLedger(node, folder, identity, random);
    node.run(ledger.exchange::start);
    var _ =
        ledger.looking.scheduleWithFixedDelay(
            ledger.exchange::grown, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    return ledger;
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
    looking.shutdownNow();
    node.run(exchange::stop);
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
