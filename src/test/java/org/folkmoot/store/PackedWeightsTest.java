package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of repacked weights goes with its model, with its age, or when there is no room. */
class PackedWeightsTest {
  private static final long BIG = 40L << 20;
  private static final long GIB = 1L << 30;
  private static final byte[] MODEL = TestStore.model(3000, 1);
  private static final String SHA = TestStore.sha256(MODEL);

  @TempDir Path folder;
  private TestStore test;

  /** A disk with so much room, of which files in the folder take theirs. */
  private record Room(long bytes) implements Disk {
    @Override
    public long usableBytes(Path folder) throws IOException {
      long used = 0;
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          used += Files.size(file) << 20; // a byte stands for a MiB
        }
      }
      return bytes - used;
    }

    @Override
    public SeekableByteChannel open(Path file) throws IOException {
      return REAL.open(file);
    }
  }

  @BeforeEach
  void newStore() {
    test = new TestStore(folder.resolve("home"));
  }

  private Path put(String sha256, String layout, int megabytes, Duration unused)
      throws IOException {
    Path file = test.open().packed().place(sha256, layout, BIG).orElseThrow();
    Files.write(file, new byte[megabytes]);
    Files.setLastModifiedTime(file, FileTime.from(TestStore.NOW.minus(unused)));
    return file;
  }

  @Test
  void isFoundByModelAndLayout() throws IOException {
    PackedWeights packed = test.open().packed();
    assertThat(packed.find(SHA, "a")).isEmpty();
    Path file = put(SHA, "a", 40, Duration.ofDays(1));
    assertThat(packed.find(SHA, "a")).contains(file);
    assertThat(Files.getLastModifiedTime(file).toInstant()).isEqualTo(TestStore.NOW);
    assertThat(packed.find(SHA, "b")).isEmpty();
    assertThat(packed.find("0".repeat(64), "a")).isEmpty();
    packed.discard(file);
    packed.discard(file);
    assertThat(packed.find(SHA, "a")).isEmpty();
  }

  @Test
  void smallModelsAreNotKept() {
    assertThat(test.open().packed().place(SHA, "a", 1 << 20)).isEmpty();
  }

  @Test
  void goesWithItsModel() throws IOException {
    Path own = Files.write(folder.resolve("own.gguf"), MODEL);
    ModelStore store = test.open();
    String name = store.pull(own.toString(), ProgressListener.NONE).name();
    put(SHA, "a", 40, Duration.ZERO);
    put(SHA, "b", 30, Duration.ZERO);
    Path other = put("0".repeat(64), "a", 20, Duration.ZERO);
    assertThat(store.remove(name).freedBytes()).isEqualTo(MODEL.length + 70);
    assertThat(test.open().packed().find(SHA, "a")).isEmpty();
    assertThat(other).exists();
  }

  @Test
  void whatNobodyUsesGoes() throws IOException {
    Path old = put(SHA, "a", 40, Duration.ofDays(31));
    Path torn = old.resolveSibling("x.packed.1.part");
    Files.write(torn, new byte[5]);
    Files.setLastModifiedTime(torn, FileTime.from(TestStore.NOW.minus(Duration.ofHours(7))));
    Path underWay = Files.write(old.resolveSibling("y.packed.1.part"), new byte[5]);
    Files.setLastModifiedTime(underWay, FileTime.from(TestStore.NOW));
    Path young = put(SHA, "b", 40, Duration.ofDays(3));
    assertThat(old).doesNotExist();
    assertThat(torn).doesNotExist();
    assertThat(underWay).exists();
    assertThat(young).exists();
  }

  @Test
  void theLongestUnusedMakesRoom() throws IOException {
    test.disk = new Room(GIB + (100L << 20));
    Path first = put(SHA, "a", 40, Duration.ofDays(1));
    Path second = put(SHA, "b", 40, Duration.ofDays(2));
    Path third = put(SHA, "c", 20, Duration.ZERO);
    assertThat(second).doesNotExist();
    assertThat(first).exists();
    assertThat(third).exists();
    assertThat(test.open().packed().place(SHA, "d", 101L << 20)).isEmpty();
  }

  @Test
  void aHomeThatCannotBeWrittenIsNoError() throws IOException {
    Files.write(folder.resolve("home"), new byte[1]); // a file where the folder should be
    PackedWeights packed = test.open().packed();
    assertThat(packed.place(SHA, "a", BIG)).isEmpty();
    assertThat(packed.find(SHA, "a")).isEmpty();
  }
}
