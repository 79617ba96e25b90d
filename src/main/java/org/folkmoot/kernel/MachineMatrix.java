package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;

/** A quantised matrix in a {@link PackedLayout} whose products machine code computes. */
public final class MachineMatrix implements Matrix {
  private static final int ROWS = PackedLayout.ROWS;

  /**
   * Products that one call computes at most: a fraction of a millisecond, for a garbage collection
   * waits for the end of a call.
   */
  private static final long PRODUCTS_OF_A_CALL = 1L << 25;

  private final TensorType type;
  private final PackedLayout layout;
  private final int rows;
  private final int columns;
  private final MemorySegment memory;
  private final MachineKernels.Products products;

  private MachineMatrix(
      TensorType type,
      int rows,
      int columns,
      MemorySegment memory,
      MachineKernels.Products products) {
    this.type = type;
    this.layout = PackedLayout.of(type);
    this.rows = rows;
    this.columns = columns;
    this.memory = memory;
    this.products = products;
  }

  /** Whether machine code computes this format here. */
  static boolean serves(TensorType type) {
    return type.isQuantised() && products(type).isPresent();
  }

  private static Optional<MachineKernels.Products> products(TensorType type) {
    return MachineKernels.get().flatMap(kernels -> kernels.products(type));
  }

  /** Bytes that a matrix of this format and shape takes once repacked. */
  static long bytes(TensorType type, int rows, int columns) {
    return PackedMatrix.bytes(type, rows, columns);
  }

  /**
   * A matrix whose tiles are still to be filled by {@link #repack}.
   *
   * @param memory {@link #bytes(TensorType, int, int)} zero bytes, aligned to 64
   */
  static MachineMatrix in(TensorType type, int rows, int columns, MemorySegment memory) {
    return in(type, rows, columns, memory, products(type).orElseThrow());
  }

  /** The same with kernels that are still to be checked. */
  static MachineMatrix in(
      TensorType type,
      int rows,
      int columns,
      MemorySegment memory,
      MachineKernels.Products products) {
    if (columns % type.blockSize() != 0 || memory.byteSize() != bytes(type, rows, columns)) {
      throw new IllegalArgumentException(type + " " + rows + " × " + columns);
    }
    return new MachineMatrix(type, rows, columns, memory, products);
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
    return Activations.Form.RECORDS;
  }

  private long tileBytes() {
    return (long) (columns / type.blockSize()) * layout.superBytes();
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
    long rowBytes = type.rowBytes(columns);
    MemorySegment from = MemorySegment.ofArray(in).asSlice(0, count * rowBytes);
    MemorySegment to = memory.asSlice(tile * tileBytes(), tileBytes());
    int bad =
        products
            .repack()
            .call(from, to, to, columns / type.blockSize(), rowBytes, -1 >>> (ROWS - count));
    if (bad != 0) {
      throw Faults.stored("a weight's scale");
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
    long work = (long) columns * ROWS * x.tokens();
    int together = Math.toIntExact(Math.max(1, PRODUCTS_OF_A_CALL / work));
    int whole = Math.min(toTile, rows / ROWS);
    for (int tile = fromTile; tile < whole; tile += together) {
      tiles(x, tile, Math.min(together, whole - tile), -1, out, stride, offset);
    }
    if (whole < toTile && fromTile < toTile) {
      tiles(x, whole, 1, (1 << (rows % ROWS)) - 1, out, stride, offset);
    }
  }

  /**
   * Some tiles.
   *
   * @param mask which rows of each count
   */
  private void tiles(
      Activations x, int tile, int count, int mask, float[] out, int stride, int offset) {
    int full = x.tokens() / Activations.PANEL;
    int rest = x.tokens() % Activations.PANEL;
    long at = offset + (long) tile * ROWS;
    if (full > 0) {
      panels(x, 0, full, Activations.PANEL, tile, count, mask, out, at, stride);
    }
    if (rest > 0) {
      long later = at + (long) full * Activations.PANEL * stride;
      panels(x, full, 1, rest, tile, count, mask, out, later, stride);
    }
  }

  private void panels(
      Activations x,
      int panel,
      int panels,
      int tokens,
      int tile,
      int count,
      int mask,
      float[] out,
      long outAt,
      int stride) {
    try {
      // Slices check that the code stays inside what it was given.
      products
          .forTokens()
          .get(tokens - 1)
          .call(
              memory.asSlice(tile * tileBytes(), count * tileBytes()),
              MemorySegment.ofArray(x.records()).asSlice(x.recordsAt(panel)),
              MemorySegment.ofArray(out).asSlice(outAt * Float.BYTES),
              count | ((long) mask << 32),
              panels | (((long) stride * Float.BYTES) << 32),
              columns / type.blockSize());
    } finally {
      Reference.reachabilityFence(this);
    }
  }
}
