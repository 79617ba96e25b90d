package org.folkmoot.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.folkmoot.base.FolkmootException;

/** Brings rows as GGML stores them into a {@link PackedLayout}. */
final class Packing {
  private static final int ROWS = PackedLayout.ROWS;
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final TensorType type;
  private final PackedLayout layout;
  private final int columns;

  Packing(TensorType type, int columns) {
    this.type = type;
    this.layout = PackedLayout.of(type);
    this.columns = columns;
  }

  /**
   * A tile.
   *
   * @param in its rows, from the array's start
   * @param count how many there are
   * @throws FolkmootException BAD_FILE if a scale is NaN or infinite
   */
  byte[] tile(byte[] in, int count) {
    int rowBytes = Math.toIntExact(type.rowBytes(columns));
    byte[] out = new byte[columns / type.blockSize() * layout.superBytes()];
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
    return out;
  }

  private void repackHead(byte[] in, int at, byte[] out, int to) {
    if (type.hasPowerOfTwo()) { // always finite
      SHORT.set(out, to, (short) SuperBlocks.upperHalf(in[at] & 0xff));
      return;
    }
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
}
