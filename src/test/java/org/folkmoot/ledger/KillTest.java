package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.peer.Identity;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process is killed (SIGKILL) while it appends, again and again on one store. */
class KillTest {
  @TempDir Path folder;
  private final Identity self = Identities.of(1);

  private void kills(int count) throws IOException, InterruptedException {
    Random random = new Random(4);
    long before = 0;
    for (int kill = 0; kill < count; kill++) {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  KilledWriter.class.getName(),
                  folder.toString(),
                  Integer.toString(kill))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      String last = "";
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
        // It is killed at any moment of the appends after these.
        for (int i = 1 + random.nextInt(40); i > 0; i--) {
          last = out.readLine();
          assertThat(last).as("the writer ended by itself").isNotNull();
        }
        process.toHandle().destroyForcibly();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
          last = line.length() > Hash32.BYTES * 2 ? line : last;
        }
      }
      process.waitFor();
      Fsck.Report report = Fsck.check(folder, self.peerId());
      assertThat(report.faults()).as("kill %d", kill).isEmpty();
      String[] acknowledged = last.split(" ");
      long position = Long.parseLong(acknowledged[0]);
      try (LedgerStore store = LedgerStore.open(folder, self)) {
        Feed feed = store.feed(self.peerId()).orElseThrow();
        assertThat(feed.size()).isGreaterThan(position).isGreaterThan(before);
        List<byte[]> entry = store.entries(self.peerId(), position, 1);
        assertThat(EntryId.of(self.peerId(), entry.getFirst()).hex()).isEqualTo(acknowledged[1]);
        before = feed.size();
      }
    }
  }

  @Test
  void nothingAcknowledgedIsLost() throws Exception {
    kills(3);
  }

  @Test
  @Soak
  void nothingAcknowledgedIsLostInTwoHundredKills() throws Exception {
    kills(200);
  }
}
