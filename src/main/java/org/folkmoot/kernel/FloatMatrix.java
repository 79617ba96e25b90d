package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.folkmoot.base.FolkmootException;

/** A matrix of F32, F16 or BF16 in tiles of 16 rows, {@code [column][row]}. */
public final class FloatMatrix implements Matrix {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final TensorType type;
  private final int rows;
  private final int columns;
  private final MemorySegment memory;

  private FloatMatrix(TensorType type, int rows, int columns, MemorySegment memory) {
    this.type = type;
    this.rows = rows;
    this.columns = columns;
    this.memory = memory;
  }

  /** Bytes that a matrix of this format and shape takes once repacked. */
  public static long bytes(TensorType type, int rows, int columns) {
    long tiles = (rows + FloatKernel.TILE_ROWS - 1L) / FloatKernel.TILE_ROWS;
    return tiles * FloatKernel.TILE_ROWS * columns * type.blockBytes();
  }

  /**
   * A matrix whose tiles are still to be filled by {@link #repack}.
   *
   * @param memory {@link #bytes(TensorType, int, int)} bytes
   */
  public static FloatMatrix in(TensorType type, int rows, int columns, MemorySegment memory) {
    if (type.isQuantised() || memory.byteSize() != bytes(type, rows, columns)) {
      throw new IllegalArgumentException(type + " " + rows + " × " + columns);
    }
    return new FloatMatrix(type, rows, columns, memory);
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
    return FloatKernel.TILE_ROWS;
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  @Override
  public Activations.Form form(int tokens) {
    return Activations.Form.FLOATS;
  }

  /**
   * Fills one tile from its rows as GGML stores them. Tiles may be filled by different threads.
   *
   * @param in the rows of this tile, from the array's start
   * @throws FolkmootException BAD_FILE if a weight is NaN or infinite
   */
  @Override
  public void repack(byte[] in, int tile) {
    int first = tile * FloatKernel.TILE_ROWS;
    int count = Math.min(FloatKernel.TILE_ROWS, rows - first);
    MemorySegment source = MemorySegment.ofArray(in);
    long to = (long) first * columns;
    for (int row = 0; row < count; row++) {
      for (int c = 0; c < columns; c++) {
        long from = (long) row * columns + c;
        long target = to + (long) c * FloatKernel.TILE_ROWS + row;
        if (type == TensorType.F32) {
          float weight = source.get(FLOAT, from * 4);
          requireFinite(Float.isFinite(weight));
          memory.set(FLOAT, target * 4, weight);
        } else {
          short weight = source.get(SHORT, from * 2);
          int exponent = type == TensorType.F16 ? 0x7c00 : 0x7f80;
          requireFinite((weight & exponent) != exponent);
          memory.set(SHORT, target * 2, weight);
        }
      }
    }
  }

  private static void requireFinite(boolean finite) {
    if (!finite) {
      throw Faults.stored("a weight");
    }
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
    float[] tile = scratch.tile(columns * FloatKernel.TILE_ROWS);
    for (int index = fromTile; index < toTile; index++) {
      long first = (long) index * FloatKernel.TILE_ROWS * columns * type.blockBytes();
      widen(memory, first, columns * FloatKernel.TILE_ROWS, type, tile);
      int row = index * FloatKernel.TILE_ROWS;
      int count = Math.min(FloatKernel.TILE_ROWS, rows - row);
      for (int t = 0; t < x.tokens(); t++) {
        FloatKernel.dots(tile, 0, columns, x.raw(), t * columns, scratch.lanes, scratch.sums, 0);
        System.arraycopy(scratch.sums, 0, out, t * stride + offset + row, count);
      }
    }
  }

  private static void widen(MemorySegment from, long at, int length, TensorType type, float[] to) {
    switch (type) {
      case F32 -> MemorySegment.copy(from, FLOAT, at, to, 0, length);
      case F16 -> HalfFloats.widen(from, at, length, to, 0);
      case BF16 -> HalfFloats.widenBrain(from, at, length, to, 0);
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
          throw new IllegalStateException(type.name());
    }
  }
}
