package org.folkmoot.engine.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.folkmoot.base.Hash32;
import org.folkmoot.kernel.LargeMemory;
import org.folkmoot.kernel.MappedFile;
import org.folkmoot.kernel.WorkerPool;

/**
 * A file of repacked weights. First the matrices one after the other, each at a multiple of 64
 * bytes; then the end, little-endian: a CRC-32C of each block of 2 MiB of what is before it, how
 * many bytes that is (64 bits), and the SHA-256 of all of the end together with what the file is
 * of.
 *
 * <p>When it is opened every byte is read and compared with its sum, so one that was torn, altered
 * or is of something else is not used. Later changes are not seen, as little as those of the
 * model's own file: nobody but the owner may write to it, and nothing of ours ever changes it.
 */
final class PackedFile {
  /**
   * Written in pieces of a large page at multiples of one, so that the system keeps it in such
   * pages.
   */
  private static final int BLOCK = 2 << 20;

  private static final int ALIGNMENT = 64;
  private static final int TAIL = Long.BYTES + Hash32.BYTES;

  /** 4 GiB of sums would be 8 EiB of weights; this is 2 TiB. */
  private static final int MOST_BLOCKS = 1 << 20;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private PackedFile() {}

  /** Where the next piece begins. */
  static long aligned(long end) {
    return (end + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Length of the file with these pieces. */
  static long bytes(List<MemorySegment> pieces) {
    long data = dataBytes(pieces);
    return data + blocks(data) * Integer.BYTES + TAIL;
  }

  private static long dataBytes(List<MemorySegment> pieces) {
    return pieces.stream().mapToLong(piece -> aligned(piece.byteSize())).sum();
  }

  private static long blocks(long data) {
    return (data + BLOCK - 1) / BLOCK;
  }

  /**
   * Maps a file and compares it with its sums. Where the system has it in small pages only, with
   * which every pass would be slower, its bytes are copied instead of shared.
   *
   * @param identity what it must be of
   * @return the matrices' bytes
   * @throws IOException if it cannot be read or is something else
   */
  static WeightMemory.Kept open(Path file, String identity, Arena arena, WorkerPool pool)
      throws IOException {
    try (Arena briefly = Arena.ofShared()) {
      MappedFile small = MappedFile.map(file, briefly);
      if (!small.large()) {
        MemorySegment checked = checked(small.bytes(), identity, pool);
        MemorySegment own = new LargeMemory(arena).allocate(checked.byteSize());
        pool.run(
            Math.toIntExact(blocks(own.byteSize())),
            1,
            (from, to, _) -> {
              long at = (long) from * BLOCK;
              long bytes = Math.min((long) to * BLOCK, own.byteSize()) - at;
              MemorySegment.copy(checked, at, own, at, bytes);
            });
        return new WeightMemory.Kept(own);
      }
    }
    return new WeightMemory.Kept(checked(MappedFile.map(file, arena).bytes(), identity, pool));
  }

  /** The matrices' bytes of a whole file, compared with their sums. */
  private static MemorySegment checked(MemorySegment all, String identity, WorkerPool pool)
      throws IOException {
    if (all.byteSize() < TAIL) {
      throw new IOException("it is too short");
    }
    long data = all.get(LONG, all.byteSize() - TAIL);
    long blocks = blocks(data);
    if (data < 0
        || blocks > MOST_BLOCKS
        || data + blocks * Integer.BYTES + TAIL != all.byteSize()) {
      throw new IOException("its length is wrong");
    }
    byte[] end = all.asSlice(data).toArray(ValueLayout.JAVA_BYTE);
    byte[] hash = Arrays.copyOfRange(end, end.length - Hash32.BYTES, end.length);
    if (!MessageDigest.isEqual(hash, hashOfEnd(end, identity))) {
      throw new IOException("it is of something else");
    }
    AtomicBoolean same = new AtomicBoolean(true);
    pool.run(
        Math.toIntExact(blocks),
        1,
        (from, to, _) -> {
          for (long block = from; block < to; block++) {
            long at = block * BLOCK;
            MemorySegment bytes = all.asSlice(at, Math.min(BLOCK, data - at));
            if (sum(bytes.asByteBuffer()) != all.get(INT, data + block * Integer.BYTES)) {
              same.set(false);
            }
          }
        });
    if (!same.get()) {
      throw new IOException("it is damaged");
    }
    return all.asSlice(0, data);
  }

  private static int sum(ByteBuffer bytes) {
    CRC32C sum = new CRC32C();
    sum.update(bytes);
    return (int) sum.getValue();
  }

  /** SHA-256 of all but the hash itself, and of what the file is of. */
  private static byte[] hashOfEnd(byte[] end, String identity) {
    MessageDigest digest = Hash32.newSha256();
    digest.update(identity.getBytes(StandardCharsets.UTF_8));
    digest.update(end, 0, end.length - Hash32.BYTES);
    return digest.digest();
  }

  /**
   * Writes a file whole or not at all.
   *
   * @param pieces the matrices' bytes
   * @param stop asked now and then whether to leave it
   * @return whether it was written
   * @throws IOException if it cannot be written
   */
  static boolean write(Path file, String identity, List<MemorySegment> pieces, BooleanSupplier stop)
      throws IOException {
    Path fresh = Files.createTempFile(file.getParent(), file.getFileName() + ".", ".part");
    fresh.toFile().deleteOnExit();
    try {
      boolean whole;
      try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        whole = new Writer(channel, dataBytes(pieces)).run(pieces, identity, stop);
        if (whole) {
          channel.force(true);
        }
      }
      if (whole) {
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      }
      return whole;
    } catch (AtomicMoveNotSupportedException strange) {
      throw new IOException(strange);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /** Brings pieces into blocks. */
  private static final class Writer {
    private final FileChannel channel;
    private final long data;
    private final ByteBuffer end;
    private final ByteBuffer block =
        ByteBuffer.allocateDirect(BLOCK).order(ByteOrder.LITTLE_ENDIAN);

    Writer(FileChannel channel, long data) {
      this.channel = channel;
      this.data = data;
      this.end =
          ByteBuffer.allocate(Math.toIntExact(blocks(data) * Integer.BYTES + TAIL))
              .order(ByteOrder.LITTLE_ENDIAN);
    }

    boolean run(List<MemorySegment> pieces, String identity, BooleanSupplier stop)
        throws IOException {
      for (MemorySegment piece : pieces) {
        long at = 0;
        while (at < piece.byteSize()) {
          if (stop.getAsBoolean()) {
            return false;
          }
          int count = (int) Math.min(block.remaining(), piece.byteSize() - at);
          block.put(piece.asSlice(at, count).asByteBuffer());
          at += count;
          flushIfFull();
        }
        for (long gap = aligned(piece.byteSize()) - piece.byteSize(); gap > 0; gap--) {
          block.put((byte) 0); // blocks are multiples of the alignment, so it ends in this one
        }
        flushIfFull();
      }
      flush();
      end.putLong(data);
      end.put(hashOfEnd(end.array(), identity));
      end.flip();
      writeAll(end);
      return true;
    }

    private void flushIfFull() throws IOException {
      if (!block.hasRemaining()) {
        flush();
      }
    }

    private void flush() throws IOException {
      if (block.position() > 0) {
        block.flip();
        end.putInt(sum(block.duplicate()));
        writeAll(block);
        block.clear();
      }
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }
}
