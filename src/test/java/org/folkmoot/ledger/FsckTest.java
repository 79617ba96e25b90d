package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.peer.Identity;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damage of every kind is found. */
class FsckTest {
  @TempDir Path folder;
  private final Identity self = Identities.of(1);

  /** A store with all that stores have: two feeds, one of them a part only, and a cosignature. */
  private void make() throws IOException {
    Random random = new Random(3);
    RandomEntries entries = new RandomEntries(random);
    Identity other = Identities.of(2);
    Path theirs = Files.createTempDirectory(folder, "other");
    try (LedgerStore store = LedgerStore.open(folder.resolve("l"), self);
        LedgerStore source = LedgerStore.open(theirs, other)) {
      for (Identity writer : List.of(self, other)) {
        List<Entry> some = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
          some.add(entries.any());
        }
        new OwnFeed(writer == self ? store : source, writer).append(some);
      }
      Head head = source.feed(other.peerId()).orElseThrow().head();
      store.appendCopy(
          head,
          0,
          source.entries(other.peerId(), 0, 256),
          source.consistency(other.peerId(), 256, 600));
      String witness = FeedName.witness(other.peerId());
      Head own = store.feed(self.peerId()).orElseThrow().head();
      assertThat(
              store.cosign(
                  own, List.of(Cosignature.sign(own.note().text(), witness, other, 1_700_000_000))))
          .isPresent();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("l"))) {
      return all.filter(file -> Files.isRegularFile(file) && file.toFile().length() > 0)
          .sorted()
          .toList();
    }
  }

  private void flips(int trials, long seed) throws IOException {
    make();
    Path copy = Files.createDirectory(folder.resolve("copy"));
    for (Path file : files()) {
      Files.copy(file, copy.resolve(file.getFileName()));
    }
    assertThat(Fsck.check(copy, self.peerId())).isEqualTo(new Fsck.Report(2, 856, true, List.of()));
    Random random = new Random(seed);
    List<Path> files = files();
    long total = files.stream().mapToLong(file -> file.toFile().length()).sum();
    for (int trial = 0; trial < trials; trial++) {
      long at = random.nextLong(total);
      // Every tenth hits the seal: it is small.
      Path hit = files.getLast();
      for (Path file : files) {
        if (at < file.toFile().length()) {
          hit = file;
          break;
        }
        at -= file.toFile().length();
      }
      if (trial % 10 == 0) {
        hit = folder.resolve("l").resolve(StoreSeal.FILE);
        at = random.nextLong(hit.toFile().length());
      }
      byte[] bytes = Files.readAllBytes(hit);
      bytes[(int) at] ^= (byte) (1 << random.nextInt(8));
      Path changed = copy.resolve(hit.getFileName());
      Files.write(changed, bytes);
      assertThat(Fsck.check(copy, self.peerId()).faults())
          .as("seed %d, trial %d: %s at %d", seed, trial, hit.getFileName(), at)
          .isNotEmpty();
      Files.copy(hit, changed, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Test
  void anyFlippedBitIsFound() throws IOException {
    flips(40, 20);
  }

  @Test
  @Soak
  void anyFlippedBitIsFoundAThousandTimes() throws IOException {
    flips(1000, 21);
  }

  /** Somebody who can write SQL, and takes the seal away, does not get past the hashes. */
  @Test
  void whatIsWrittenPastTheLedgerIsFound() throws Exception {
    make();
    for (String change :
        List.of(
            "UPDATE entry SET bytes = x'a2000701187b' WHERE feed = 1 AND position = 77",
            "DELETE FROM entry WHERE feed = 1 AND position = 599",
            "DELETE FROM entry WHERE feed = 2 AND position = 255",
            "UPDATE entry SET position = 10000 WHERE feed = 1 AND position = 599",
            "INSERT INTO entry VALUES (9, 0, x'00')",
            "INSERT INTO tile VALUES (1, 5, 0, x'00')",
            "DELETE FROM tile WHERE feed = 1 AND level = 1",
            "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE feed = 2",
            "UPDATE feed SET size = size - 1 WHERE id = 1",
            "UPDATE feed SET growth = x'' WHERE id = 2",
            "UPDATE feed SET head = replace(head, '600', '601')",
            "UPDATE feed SET head = (SELECT head FROM feed WHERE id = 1) WHERE id = 2",
            "UPDATE feed SET peer = randomblob(32) WHERE id = 1",
            "UPDATE feed SET fork = x'a0' WHERE id = 1",
            "INSERT INTO witnessed VALUES ('a', 'a')",
            "CREATE TABLE more (x)",
            "DROP TABLE witnessed")) {
      Path copy = Files.createTempDirectory(folder, "copy");
      Files.copy(folder.resolve("l").resolve(LedgerStore.FILE), copy.resolve(LedgerStore.FILE));
      try (Connection connection =
              DriverManager.getConnection("jdbc:sqlite:" + copy.resolve(LedgerStore.FILE));
          Statement statement = connection.createStatement()) {
        statement.execute(change);
      } catch (SQLException refused) {
        continue;
      }
      Fsck.Report report = Fsck.check(copy, self.peerId());
      assertThat(report.sealed()).isFalse();
      assertThat(report.faults()).as(change).isNotEmpty();
    }
  }
}
