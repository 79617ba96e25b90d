package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.folkmoot.base.FolkmootException;

/**
 * A quantised matrix whose integers stay packed: IQ4_NL, MXFP4, and the formats with blocks of 256
 * columns and integer scales inside them. See {@link PackedLayout}.
 */
public final class PackedMatrix implements Matrix {
  private static final int ROWS = PackedLayout.ROWS;

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
    int count = Math.min(ROWS, rows - tile * ROWS);
    byte[] out = new Packing(type, columns).tile(in, count);
    MemorySegment.copy(out, 0, memory, ValueLayout.JAVA_BYTE, (long) tile * out.length, out.length);
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
      if (type.hasTable()) {
        PackedKernel.lookUp(tile, at, type, scratch.indices, scratch.weights);
      } else {
        PackedKernel.unpack(tile, at, layout, scratch.weights);
      }
      if (width == 1) {
        PackedKernel.one(scratch.weights, x.whole(), qAt, scratch.blockSums);
      } else {
        PackedKernel.eight(scratch.weights, x.whole(), qAt, scratch.blockSums);
      }
      step(tile, head, x, scaleAt, scratch);
      if (layout.minimums()) {
        for (int t = 0; t < width; t++) {
          int first = x.halves()[scaleAt + t];
          PackedKernel.minimums(
              tile, at, layout, first, x.sums()[scaleAt + t] - first, scratch.blockSums, t * ROWS);
        }
        step(tile, head + 2 * ROWS, x, scaleAt, scratch);
      }
    }
  }

  /** Takes a block's sums into account, with the rows' scales or minimums. */
  private void step(MemorySegment tile, long at, Activations x, int scaleAt, Scratch scratch) {
    if (type.hasPowerOfTwo()) {
      BlockScales.powerSteps(
          tile, at, x.width(), scratch.blockSums, x.scales(), scaleAt, scratch.sums);
    } else if (x.width() == 1) {
      PackedKernel.step(tile, at, scratch.blockSums, x.scales()[scaleAt], scratch.sums);
    } else {
      BlockScales.eightSteps(tile, at, scratch.blockSums, x.scales(), scaleAt, scratch.sums);
    }
  }
}
