package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.Head;
import org.folkmoot.ledger.InclusionProof;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.peer.Identity;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How fast the ledger is on this machine's disk. */
@Command(
    name = "bench-ledger",
    description = {
      "Measure the ledger on this machine's disk: appending, opening, proving, verifying;",
      "and what it takes to read the record of a moot of 100 members.",
      "It writes a ledger of its own beside the home's, and removes it."
    })
final class BenchLedgerCommand implements Callable<Integer> {
  private static final int BATCH = 1000;
  private static final int SINGLES = 300;
  private static final int PROOFS = 2000;
  private static final int MOST = 10_000_000;

  private final Surroundings surroundings;

  @Option(
      names = "--entries",
      paramLabel = "N",
      defaultValue = "100000",
      description = "Entries of the feed (default: ${DEFAULT-VALUE}).")
  private int entries;

  @Mixin private JsonOption json;

  BenchLedgerCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    if (entries < BATCH || entries > MOST) {
      throw new FolkmootException(
          BAD_REQUEST, "--entries is from %d to %,d".formatted(BATCH, MOST));
    }
    Path folder;
    try {
      Files.createDirectories(surroundings.home());
      folder = Files.createTempDirectory(surroundings.home(), "bench-ledger");
    } catch (IOException failed) {
      throw new FolkmootException(NO_ROOM, "the home cannot be written", failed);
    }
    try {
      Map<String, Object> figures = measure(folder);
      new MootBench(surroundings.nanoTime(), figures).measure(folder.resolve("moot"));
      Console console = surroundings.console();
      if (json.isWished()) {
        JsonOutput.print(console, figures);
      } else {
        figures.forEach((name, value) -> console.out().printf("%-28s %s%n", name, value));
      }
      return ExitStatus.OK;
    } finally {
      delete(folder);
    }
  }

  private long now() {
    return surroundings.nanoTime().getAsLong();
  }

  private static Entry entry(long number) {
    return new Entry.ReceiptRoot(
        1_800_000_000_000L + number,
        Hash32.sha256(Long.toString(number).getBytes(StandardCharsets.US_ASCII)),
        number,
        0,
        number);
  }

  private Map<String, Object> measure(Path folder) {
    Identity self = Identity.random(new SecureRandom());
    Map<String, Object> figures = new LinkedHashMap<>();
    try (LedgerStore store = LedgerStore.open(folder, self)) {
      OwnFeed feed = new OwnFeed(store, self);
      long start = now();
      long written = 0;
      while (written < entries) {
        List<Entry> batch = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
          batch.add(entry(written + i));
        }
        var _ = feed.append(batch);
        written += BATCH;
      }
      figures.put("entries", written);
      figures.put("batchEntriesPerSecond", perSecond(written, now() - start));
      start = now();
      for (int i = 0; i < SINGLES; i++) {
        var _ = feed.append(entry(i));
      }
      figures.put("singleEntriesPerSecond", perSecond(SINGLES, now() - start));
    }
    long start = now();
    try (LedgerStore store = LedgerStore.open(folder, self)) {
      OwnFeed feed = new OwnFeed(store, self);
      Head head = feed.head().orElseThrow();
      figures.put("openMillis", (now() - start) / 1e6);
      proofs(store, feed, head, figures);
    }
    return figures;
  }

  private void proofs(LedgerStore store, OwnFeed feed, Head head, Map<String, Object> figures) {
    InclusionProof.TrustRoot trust =
        new InclusionProof.TrustRoot(FeedName.key(feed.self()), List.of(), 0);
    int most = 0;
    long proving = 0;
    long verifying = 0;
    for (int i = 0; i < PROOFS; i++) {
      long position = (i * 7_368_787L) % head.size();
      byte[] bytes = store.entries(feed.self(), position, 1).getFirst();
      long start = now();
      InclusionProof proof = OwnFeed.prove(store, feed.self(), position, head);
      proving += now() - start;
      start = now();
      Optional<Ledger.Finality> finality = proof.verify(bytes, trust);
      verifying += now() - start;
      if (finality.isEmpty() || bytes.length > EntryCodec.MAX_BYTES) {
        throw new IllegalStateException("a proof of ours does not hold");
      }
      most = Math.max(most, proof.hashes().size());
    }
    figures.put("proofHashes", most);
    figures.put("proveMicros", proving / 1000 / PROOFS);
    figures.put("verifyMicros", verifying / 1000 / PROOFS);
  }

  private static long perSecond(long count, long nanos) {
    return Math.round(count * 1e9 / nanos);
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.toList().reversed()) {
        Files.delete(file);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
