package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.folkmoot.base.FolkmootException;

/**
 * A quantised matrix whose integers stay packed: IQ4_NL, and the formats with blocks of 256 columns
 * and integer scales inside them. See {@link PackedLayout}.
 */
public final class PackedMatrix implements Matrix {
  private static final int ROWS = PackedLayout.ROWS;
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final TensorType type;
  private final PackedLayout layout;
  private final int rows;
  private final int columns;
  private final MemorySegment memory;

  private PackedMatrix(TensorType type, int rows, int columns, MemorySegment memory) {
    this.type = type;
    this.layout = PackedLayout.of(type);
    this.rows = rows;
    this.columns = columns;
    this.memory = memory;
  }

  /** Bytes that a matrix of this format and shape takes once repacked. */
  public static long bytes(TensorType type, int rows, int columns) {
    long tiles = (rows + ROWS - 1L) / ROWS;
    return tiles * (columns / type.blockSize()) * PackedLayout.of(type).superBytes();
  }

  /**
   * A matrix whose tiles are still to be filled by {@link #repack}.
   *
   * @param memory {@link #bytes(TensorType, int, int)} zero bytes, aligned to 64
   */
  public static PackedMatrix in(TensorType type, int rows, int columns, MemorySegment memory) {
    if (columns % type.blockSize() != 0 || memory.byteSize() != bytes(type, rows, columns)) {
      throw new IllegalArgumentException(type + " " + rows + " × " + columns);
    }
    return new PackedMatrix(type, rows, columns, memory);
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  @Override
  public int tileRows() {
    return ROWS;
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  @Override
  public Activations.Form form(int tokens) {
    return Activations.Form.INTEGER_FLOATS;
  }

  private int tileBytes() {
    return columns / type.blockSize() * layout.superBytes();
  }

  /**
   * Fills one tile from its rows as GGML stores them. Tiles may be filled by different threads.
   *
   * @param in the rows of this tile, from the array's start
   * @throws FolkmootException BAD_FILE if a scale is NaN or infinite
   */
  @Override
  public void repack(byte[] in, int tile) {
    int rowBytes = Math.toIntExact(type.rowBytes(columns));
    int count = Math.min(ROWS, rows - tile * ROWS);
    byte[] out = new byte[tileBytes()];
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < columns / type.blockSize(); i++) {
        int at = row * rowBytes + i * type.blockBytes();
        repackHead(in, at + type.scaleOffset(), out, i * layout.superBytes() + 2 * row);
        int to = i * layout.superBytes() + layout.headBytes();
        for (int block = 0; block < layout.blocks(); block++) {
          repackBlock(in, at, block, out, to + block * layout.blockBytes(), row);
        }
      }
    }
    MemorySegment.copy(out, 0, memory, ValueLayout.JAVA_BYTE, (long) tile * out.length, out.length);
  }

  private void repackHead(byte[] in, int at, byte[] out, int to) {
    copyScale(in, at, out, to);
    if (layout.minimums()) {
      copyScale(in, at + 2, out, to + 2 * ROWS);
    }
  }

  private static void copyScale(byte[] in, int at, byte[] out, int to) {
    short scale = (short) SHORT.get(in, at);
    if ((scale & 0x7c00) == 0x7c00) {
      throw Faults.stored("a weight's scale");
    }
    SHORT.set(out, to, scale);
  }

  private void repackBlock(byte[] in, int at, int block, byte[] out, int to, int row) {
    for (int k = 0; k < 8; k++) {
      int low = SuperBlocks.low(type, in, at, block, k);
      place(low, layout.lowBits(), k, out, to + layout.lowAt() + 4 * row);
      if (layout.highBits() > 0) {
        int high = SuperBlocks.high(type, in, at, block, k);
        place(high, layout.highBits(), k, out, to + layout.highAt() + 4 * row);
      }
    }
    int scales = to + row;
    for (int half = 0; half < 2 && layout.scaleRows() > 0; half++) {
      int scale = SuperBlocks.scale(type, in, at, 2 * block + half);
      out[scales + (half == 0 ? 0 : layout.secondScale()) * ROWS] |= (byte) scale;
      if (layout.minimums()) {
        int minimum = SuperBlocks.minimum(type, in, at, 2 * block + half);
        int of = half == 0 ? layout.firstMinimum() : layout.secondMinimum();
        out[scales + of * ROWS] |= (byte) (layout.nibbles() ? minimum << 4 : minimum);
      }
    }
  }

  /** Puts four columns, number {@code k} of eight, into their word. */
  private static void place(int four, int bits, int k, byte[] out, int to) {
    int words = 8 / bits;
    int at = to + k / words * 4 * ROWS;
    INT.set(out, at, (int) INT.get(out, at) | (four << (bits * (k % words))));
  }

  @Override
  public void multiply(
      Activations x,
      int fromTile,
      int toTile,
      float[] out,
      int stride,
      int offset,
      Scratch scratch) {
    for (int tile = fromTile; tile < toTile; tile++) {
      MemorySegment weights = memory.asSlice((long) tile * tileBytes(), tileBytes());
      int row = tile * ROWS;
      int count = Math.min(ROWS, rows - row);
      for (int panel = 0; panel < x.panels(); panel++) {
        Arrays.fill(scratch.sums, 0);
        panel(weights, x, panel, scratch);
        int first = panel * x.width();
        for (int t = 0; t < Math.min(x.width(), x.tokens() - first); t++) {
          System.arraycopy(scratch.sums, t * ROWS, out, (first + t) * stride + offset + row, count);
        }
      }
    }
  }

  private void panel(MemorySegment tile, Activations x, int panel, Scratch scratch) {
    int width = x.width();
    int all = columns / 32;
    for (int b = 0; b < all; b++) {
      long head = (long) (b / layout.blocks()) * layout.superBytes();
      long at = head + layout.headBytes() + (long) (b % layout.blocks()) * layout.blockBytes();
      int qAt = (panel * columns + b * 32) * width;
      int scaleAt = (panel * all + b) * width;
      if (type == TensorType.IQ4_NL) {
        PackedKernel.lookUp(tile, at, scratch.indices, scratch.weights);
      } else {
        PackedKernel.unpack(tile, at, layout, scratch.weights);
      }
      if (width == 1) {
        PackedKernel.one(scratch.weights, x.whole(), qAt, scratch.blockSums);
        PackedKernel.step(tile, head, scratch.blockSums, x.scales()[scaleAt], scratch.sums);
      } else {
        PackedKernel.eight(scratch.weights, x.whole(), qAt, scratch.blockSums);
        BlockScales.eightSteps(tile, head, scratch.blockSums, x.scales(), scaleAt, scratch.sums);
      }
      if (layout.minimums()) {
        for (int t = 0; t < width; t++) {
          int first = x.halves()[scaleAt + t];
          PackedKernel.minimums(
              tile, at, layout, first, x.sums()[scaleAt + t] - first, scratch.blockSums, t * ROWS);
        }
        long least = head + 2 * ROWS;
        if (width == 1) {
          PackedKernel.step(tile, least, scratch.blockSums, x.scales()[scaleAt], scratch.sums);
        } else {
          BlockScales.eightSteps(tile, least, scratch.blockSums, x.scales(), scaleAt, scratch.sums);
        }
      }
    }
  }
}
