package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls onto a disk that has no room, or loses it on the way. */
class FullDiskTest {
  private static final byte[] BYTES = TestStore.model(300_000, 1);

  @TempDir Path folder;
  private TestStore test;

  @BeforeEach
  void newStore() {
    test = new TestStore(folder.resolve("home"));
  }

  @Test
  void aFullDiskIsSeenBeforeTheFirstByte() throws IOException {
    test.disk = new SmallDisk(PartialFile.RESERVE + 299_999, Long.MAX_VALUE);
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(BYTES))) {
      // A second source would find the same disk, so it is not asked.
      test.knowing("m:1", BYTES, server.url("/a.gguf"), server.url("/b.gguf"));
      assertNoRoom("it takes 300 kB and 67.1 MB to spare");
      assertThat(server.ranges).hasSize(1);
      assertThat(test.files()).isEmpty();
      test.disk = new SmallDisk(PartialFile.RESERVE + 300_000, Long.MAX_VALUE);
      assertThat(test.open().pull("m:1", test.heard).path()).hasBinaryContent(BYTES);
    }
  }

  @Test
  void aDiskThatFillsUpKeepsADownloadThatCanGoOn() throws IOException {
    test.disk = new SmallDisk(1L << 40, 100_000);
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(BYTES))) {
      test.knowing("m:1", BYTES, server.url("/m.gguf"));
      assertNoRoom("No space left on device");
      assertThat(Files.size(test.partial(BYTES))).isEqualTo(100_000);
      test.disk = Disk.REAL;
      assertThat(test.open().pull("m:1", test.heard).path()).hasBinaryContent(BYTES);
      assertThat(server.ranges).containsExactly("", "bytes=100000-");
    }
  }

  @Test
  void aDiskThatFillsUpKeepsNothingOfACopy() throws IOException {
    test.disk = new SmallDisk(1L << 40, 100_000);
    Path file = folder.resolve("m.gguf");
    Files.write(file, BYTES);
    test.knowing("m:1", BYTES, file.toString());
    assertNoRoom("No space left on device");
    assertThat(test.files()).noneMatch(name -> name.startsWith("partial"));
  }

  @Test
  void pipIsNotEvenStartedWithoutRoomForTheWheelTwice() throws IOException {
    test.disk = new SmallDisk(PartialFile.RESERVE + 599_999, Long.MAX_VALUE);
    test.knowing("m:1", BYTES, "pip:p==1/m.gguf");
    test.pip = List.of(List.of("no-such-pip"));
    assertNoRoom("it takes 600 kB");
    assertThat(test.files()).isEmpty();
  }

  private void assertNoRoom(String message) {
    assertThatThrownBy(() -> test.open().pull("m:1", test.heard))
        .isInstanceOfSatisfying(
            FolkmootException.class, failure -> assertThat(failure.code()).isEqualTo(NO_ROOM))
        .hasMessageContaining(message)
        .hasMessageContaining("FOLKMOOT_HOME");
  }

  /** A disk that says how much it has, and takes so many bytes of a file. */
  private record SmallDisk(long usable, long taken) implements Disk {
    @Override
    public long usableBytes(Path folder) {
      return usable;
    }

    @Override
    public SeekableByteChannel open(Path file) throws IOException {
      return new SmallChannel(Disk.REAL.open(file), taken);
    }
  }

  private record SmallChannel(SeekableByteChannel real, long taken) implements SeekableByteChannel {
    @Override
    public int write(ByteBuffer bytes) throws IOException {
      long room = taken - real.position();
      if (room <= 0) {
        throw new IOException("No space left on device");
      }
      int count = (int) Math.min(room, bytes.remaining());
      real.write(bytes.slice(bytes.position(), count));
      bytes.position(bytes.position() + count);
      return count;
    }

    @Override
    public int read(ByteBuffer bytes) throws IOException {
      return real.read(bytes);
    }

    @Override
    public long position() throws IOException {
      return real.position();
    }

    @Override
    public SeekableByteChannel position(long position) throws IOException {
      real.position(position);
      return this;
    }

    @Override
    public long size() throws IOException {
      return real.size();
    }

    @Override
    public SeekableByteChannel truncate(long size) throws IOException {
      real.truncate(size);
      return this;
    }

    @Override
    public boolean isOpen() {
      return real.isOpen();
    }

    @Override
    public void close() throws IOException {
      real.close();
    }
  }
}
