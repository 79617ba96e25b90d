package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.folkmoot.base.FolkmootException;

/**
 * A quantised matrix in tiles of 32 rows: block after block of 32 columns, each with its weights,
 * scales and minimums as the kernels read them. Formats of four bits stay at four; all others are
 * held as bytes.
 */
public final class BlockMatrix implements Matrix {
  /** Rows of a tile: a 512-bit vector of shorts. */
  static final int TILE_ROWS = 32;

  private static final int SCALE_BYTES = 2 * TILE_ROWS;
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final TensorType type;
  private final int rows;
  private final int columns;
  private final boolean nibbles;
  private final int blockBytes;
  private final MemorySegment memory;

  private BlockMatrix(TensorType type, int rows, int columns, MemorySegment memory) {
    this.type = type;
    this.rows = rows;
    this.columns = columns;
    this.nibbles = isNibbles(type);
    this.blockBytes = blockBytes(type);
    this.memory = memory;
  }

  /** Bytes that a matrix of this format and shape takes once repacked. */
  public static long bytes(TensorType type, int rows, int columns) {
    long tiles = (rows + TILE_ROWS - 1L) / TILE_ROWS;
    return tiles * (columns / 32L) * blockBytes(type);
  }

  /**
   * A matrix whose tiles are still to be filled by {@link #repack}.
   *
   * @param memory {@link #bytes(TensorType, int, int)} bytes, aligned to 64
   */
  public static BlockMatrix in(TensorType type, int rows, int columns, MemorySegment memory) {
    if (!type.isQuantised()
        || columns % 32 != 0
        || memory.byteSize() != bytes(type, rows, columns)) {
      throw new IllegalArgumentException(type + " " + rows + " × " + columns);
    }
    return new BlockMatrix(type, rows, columns, memory);
  }

  private static boolean isNibbles(TensorType type) {
    return switch (type) {
      case Q4_0, Q4_1 -> true;
      case Q5_0, Q5_1, Q8_0 -> false;
      case F32, F16, BF16, IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
          throw new IllegalArgumentException(type + " has another layout");
    };
  }

  private static int blockBytes(TensorType type) {
    return (isNibbles(type) ? NibbleKernel.WEIGHT_BYTES : ByteKernel.WEIGHT_BYTES)
        + SCALE_BYTES * (type.hasMinimum() ? 2 : 1);
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
    return TILE_ROWS;
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  @Override
  public Activations.Form form(int tokens) {
    return nibbles || tokens == 1
        ? Activations.Form.INTEGER_PAIRS
        : Activations.Form.INTEGER_FLOATS;
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
    int count = Math.min(TILE_ROWS, rows - tile * TILE_ROWS);
    int blocks = columns / 32;
    byte[] out = new byte[blocks * blockBytes];
    for (int row = 0; row < count; row++) {
      for (int block = 0; block < blocks; block++) {
        repackBlock(in, row * rowBytes + block * type.blockBytes(), out, block * blockBytes, row);
      }
    }
    MemorySegment.copy(out, 0, memory, ValueLayout.JAVA_BYTE, (long) tile * out.length, out.length);
  }

  private void repackBlock(byte[] in, int at, byte[] out, int to, int row) {
    int scaleTo = to + (nibbles ? NibbleKernel.WEIGHT_BYTES : ByteKernel.WEIGHT_BYTES) + 2 * row;
    copyScale(in, at, out, scaleTo);
    if (type.hasMinimum()) {
      copyScale(in, at + 2, out, scaleTo + SCALE_BYTES);
    }
    switch (type) {
      case Q8_0 -> {
        for (int c = 0; c < 32; c++) {
          out[to + c * 32 + row] = in[at + 2 + c];
        }
      }
      case Q4_0 -> repackNibbles(in, at + 2, out, to + 2 * row);
      case Q4_1 -> repackNibbles(in, at + 4, out, to + 2 * row);
      case Q5_0 -> widenFive(in, at + 2, 16, out, to + row);
      case Q5_1 -> widenFive(in, at + 4, 0, out, to + row);
      case F32, F16, BF16, IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
          throw new IllegalStateException(type.name());
    }
  }

  /** GGML keeps columns 0–15 in low and 16–31 in high nibbles; a lane keeps four neighbours. */
  private static void repackNibbles(byte[] in, int at, byte[] out, int to) {
    for (int g = 0; g < 4; g++) {
      int four = (int) INT.get(in, at + 4 * g);
      SHORT.set(out, to + g * 64, squeeze(four & 0x0f0f_0f0f));
      SHORT.set(out, to + (g + 4) * 64, squeeze((four >>> 4) & 0x0f0f_0f0f));
    }
  }

  /** Four nibbles, each in a byte, side by side. */
  private static short squeeze(int spread) {
    int pairs = (spread | (spread >>> 4)) & 0x00ff_00ff;
    return (short) (pairs | (pairs >>> 8));
  }

  private static void widenFive(byte[] in, int at, int zero, byte[] out, int to) {
    int high = (int) INT.get(in, at);
    for (int c = 0; c < 16; c++) {
      int pair = in[at + 4 + c];
      out[to + c * 32] = (byte) (((pair & 15) | (((high >>> c) & 1) << 4)) - zero);
      out[to + (c + 16) * 32] =
          (byte) ((((pair >>> 4) & 15) | (((high >>> (c + 16)) & 1) << 4)) - zero);
    }
  }

  private static void copyScale(byte[] in, int at, byte[] out, int to) {
    short scale = (short) SHORT.get(in, at);
    if ((scale & 0x7c00) == 0x7c00) {
      throw Faults.stored("a weight's scale");
    }
    SHORT.set(out, to, scale);
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
    long tileBytes = (long) (columns / 32) * blockBytes;
    for (int tile = fromTile; tile < toTile; tile++) {
      MemorySegment weights = memory.asSlice(tile * tileBytes, tileBytes);
      int row = tile * TILE_ROWS;
      int count = Math.min(TILE_ROWS, rows - row);
      if (x.width() == 1) {
        one(weights, x, scratch);
        System.arraycopy(scratch.sums, 0, out, offset + row, count);
      } else {
        for (int panel = 0; panel < x.panels(); panel++) {
          eight(weights, x, panel, scratch);
          int first = panel * Activations.PANEL;
          for (int t = 0; t < Math.min(Activations.PANEL, x.tokens() - first); t++) {
            System.arraycopy(
                scratch.sums, t * TILE_ROWS, out, (first + t) * stride + offset + row, count);
          }
        }
      }
    }
  }

  private void one(MemorySegment tile, Activations x, Scratch scratch) {
    boolean minimums = type.hasMinimum();
    int blocks = columns / 32;
    if (nibbles) {
      NibbleKernel.one(
          tile, blocks, blockBytes, minimums, x.pairs(), x.scales(), x.sums(), scratch.sums);
      return;
    }
    float[] evenOdd = scratch.blockSums;
    ByteKernel.one(tile, blocks, blockBytes, minimums, x.pairs(), x.scales(), x.sums(), evenOdd);
    for (int i = 0; i < TILE_ROWS / 2; i++) {
      scratch.sums[2 * i] = evenOdd[i];
      scratch.sums[2 * i + 1] = evenOdd[16 + i];
    }
  }

  private void eight(MemorySegment tile, Activations x, int panel, Scratch scratch) {
    boolean minimums = type.hasMinimum();
    int blocks = columns / 32;
    java.util.Arrays.fill(scratch.sums, 0);
    for (int b = 0; b < blocks; b++) {
      long at = (long) b * blockBytes;
      int qAt = (panel * columns + b * 32) * Activations.PANEL;
      int scaleAt = (panel * blocks + b) * Activations.PANEL;
      long scalesAt;
      if (nibbles) {
        NibbleKernel.eightBlock(tile, at, x.pairs(), qAt, scratch.shortSums);
        NibbleKernel.eightWiden(minimums, scratch.shortSums, x.sums(), scaleAt, scratch.blockSums);
        scalesAt = at + NibbleKernel.WEIGHT_BYTES;
      } else {
        ByteKernel.eightBlock(tile, at, x.whole(), qAt, scratch.blockSums);
        scalesAt = at + ByteKernel.WEIGHT_BYTES;
      }
      BlockScales.eightSteps(tile, scalesAt, scratch.blockSums, x.scales(), scaleAt, scratch.sums);
      if (minimums) {
        BlockScales.eightMinimums(
            tile, scalesAt + SCALE_BYTES, x.sums(), x.scales(), scaleAt, scratch.sums);
      }
    }
  }
}
