package org.folkmoot.cli.swarm;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.PublicWitnesses;
import org.folkmoot.ledger.WitnessKeys;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.wire.PeerId;

/**
 * Has our own feed cosigned by the public witnesses whose addresses a person has entered; without
 * any it does nothing.
 */
final class AskedWitnesses implements AutoCloseable {
  /** How often it is looked whether there is a new head: public witnesses serve many. */
  private static final Duration ROUND = Duration.ofMinutes(1);

  /** How long one that gave no cosignature is left alone. */
  private static final Duration REST = Duration.ofMinutes(10);

  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final Loop loop;
  private final PeerId self;
  private final List<WitnessKeys.Known> known;
  private final Runnable grown;
  private final PublicWitnesses witnesses;
  private final Map<NoteKey, Long> resting = new HashMap<>();
  private final ExecutorService asking =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-witnesses").factory());
  private boolean busy;

  /**
   * Asks nobody yet.
   *
   * @param known all witnesses that are no peers
   * @param grown told, from any thread, that our feed has a cosignature more
   */
  AskedWitnesses(
      Loop loop, LedgerStore store, PeerId self, List<WitnessKeys.Known> known, Runnable grown) {
    this.loop = loop;
    this.self = self;
    this.known = List.copyOf(known);
    this.grown = grown;
    witnesses = new PublicWitnesses(store, DEADLINE);
  }

  /** What they are called in notes. */
  Set<String> names() {
    return known.stream().map(one -> one.key().name()).collect(Collectors.toSet());
  }

  /** Begins. On the loop. */
  void start() {
    if (known.stream().anyMatch(one -> one.address().isPresent())) {
      round();
    }
  }

  private void round() {
    Loop.Timer _ = loop.after(ROUND.toNanos(), this::round);
    long now = loop.nanoTime();
    List<WitnessKeys.Known> due =
        known.stream()
            .filter(one -> one.address().isPresent())
            .filter(one -> now - resting.getOrDefault(one.key(), now) >= 0)
            .toList();
    if (busy || due.isEmpty()) {
      return;
    }
    busy = true;
    try {
      asking.execute(() -> {
        due.forEach(this::ask);
        loop.execute(() -> busy = false);
      });
    } catch (RejectedExecutionException ending) {
      // The node ends.
    }
  }

  private void ask(WitnessKeys.Known witness) {
    try {
      if (witnesses.cosign(self, witness)) {
        grown.run();
      }
    } catch (FolkmootException notNow) {
      // 'folkmoot ledger cosign' says why.
      loop.execute(() -> resting.put(witness.key(), loop.nanoTime() + REST.toNanos()));
    }
  }

  @Override
  public void close() {
    asking.shutdownNow();
    witnesses.close();
  }
}
