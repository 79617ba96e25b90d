package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * Rule 3: dot products with 16 logical lanes. Here a SIMD lane is a row (or, for attention scores,
 * a position) and the 16 logical lanes are 16 accumulators, so that the pairwise addition at the
 * end is plain vector addition.
 */
final class FloatKernel {
  /** Rows of a tile, {@code [column][row]}. */
  static final int TILE_ROWS = 16;

  private FloatKernel() {}

  /**
   * Dot products of 16 rows with one vector.
   *
   * @param tile {@code tile[at + column * 16 + row]}
   * @param x {@code x[xAt + column]}
   * @param lanes working memory of 256 floats
   * @param out gets 16 sums at {@code outAt}
   */
  static void dots(
      float[] tile,
      int at,
      int columns,
      float[] x,
      int xAt,
      float[] lanes,
      float[] out,
      int outAt) {
    if (columns % 16 == 0) {
      wholeDots(tile, at, columns, x, xAt, out, outAt);
    } else {
      raggedDots(tile, at, columns, x, xAt, lanes, out, outAt);
    }
  }

  private static void wholeDots(
      float[] tile, int at, int columns, float[] x, int xAt, float[] out, int outAt) {
    for (int row = 0; row < TILE_ROWS; row += FLOATS) {
      FloatVector a0 = FloatVector.zero(F);
      FloatVector a1 = FloatVector.zero(F);
      FloatVector a2 = FloatVector.zero(F);
      FloatVector a3 = FloatVector.zero(F);
      FloatVector a4 = FloatVector.zero(F);
      FloatVector a5 = FloatVector.zero(F);
      FloatVector a6 = FloatVector.zero(F);
      FloatVector a7 = FloatVector.zero(F);
      FloatVector a8 = FloatVector.zero(F);
      FloatVector a9 = FloatVector.zero(F);
      FloatVector a10 = FloatVector.zero(F);
      FloatVector a11 = FloatVector.zero(F);
      FloatVector a12 = FloatVector.zero(F);
      FloatVector a13 = FloatVector.zero(F);
      FloatVector a14 = FloatVector.zero(F);
      FloatVector a15 = FloatVector.zero(F);
      for (int c = 0; c < columns; c += 16) {
        int t = at + c * 16 + row;
        int k = xAt + c;
        a0 = FloatVector.fromArray(F, tile, t).fma(FloatVector.broadcast(F, x[k]), a0);
        a1 = FloatVector.fromArray(F, tile, t + 16).fma(FloatVector.broadcast(F, x[k + 1]), a1);
        a2 = FloatVector.fromArray(F, tile, t + 32).fma(FloatVector.broadcast(F, x[k + 2]), a2);
        a3 = FloatVector.fromArray(F, tile, t + 48).fma(FloatVector.broadcast(F, x[k + 3]), a3);
        a4 = FloatVector.fromArray(F, tile, t + 64).fma(FloatVector.broadcast(F, x[k + 4]), a4);
        a5 = FloatVector.fromArray(F, tile, t + 80).fma(FloatVector.broadcast(F, x[k + 5]), a5);
        a6 = FloatVector.fromArray(F, tile, t + 96).fma(FloatVector.broadcast(F, x[k + 6]), a6);
        a7 = FloatVector.fromArray(F, tile, t + 112).fma(FloatVector.broadcast(F, x[k + 7]), a7);
        a8 = FloatVector.fromArray(F, tile, t + 128).fma(FloatVector.broadcast(F, x[k + 8]), a8);
        a9 = FloatVector.fromArray(F, tile, t + 144).fma(FloatVector.broadcast(F, x[k + 9]), a9);
        a10 = FloatVector.fromArray(F, tile, t + 160).fma(FloatVector.broadcast(F, x[k + 10]), a10);
        a11 = FloatVector.fromArray(F, tile, t + 176).fma(FloatVector.broadcast(F, x[k + 11]), a11);
        a12 = FloatVector.fromArray(F, tile, t + 192).fma(FloatVector.broadcast(F, x[k + 12]), a12);
        a13 = FloatVector.fromArray(F, tile, t + 208).fma(FloatVector.broadcast(F, x[k + 13]), a13);
        a14 = FloatVector.fromArray(F, tile, t + 224).fma(FloatVector.broadcast(F, x[k + 14]), a14);
        a15 = FloatVector.fromArray(F, tile, t + 240).fma(FloatVector.broadcast(F, x[k + 15]), a15);
      }
      FloatVector b0 = a0.add(a8).add(a4.add(a12));
      FloatVector b1 = a1.add(a9).add(a5.add(a13));
      FloatVector b2 = a2.add(a10).add(a6.add(a14));
      FloatVector b3 = a3.add(a11).add(a7.add(a15));
      b0.add(b2).add(b1.add(b3)).intoArray(out, outAt + row);
    }
  }

  /**
   * Dot products of the keys of 16 positions, as {@link KvLayout} orders their dimensions, with one
   * query.
   *
   * @param tile {@code tile[at + layout.row(dimension) * 16 + position]}
   * @param x {@code x[xAt + dimension]}
   * @param lanes working memory of 256 floats
   * @param out gets 16 sums at {@code outAt}
   */
  static void keyDots(
      float[] tile,
      int at,
      int headDim,
      float[] x,
      int xAt,
      float[] lanes,
      float[] out,
      int outAt) {
    if (headDim % 16 != 0) {
      raggedDots(tile, at, headDim, x, xAt, lanes, out, outAt);
      return;
    }
    for (int row = 0; row < TILE_ROWS; row += FLOATS) {
      for (int odd = 0; odd < 2; odd++) {
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a8 = FloatVector.zero(F);
        FloatVector a4 = FloatVector.zero(F);
        FloatVector a12 = FloatVector.zero(F);
        FloatVector a2 = FloatVector.zero(F);
        FloatVector a10 = FloatVector.zero(F);
        FloatVector a6 = FloatVector.zero(F);
        FloatVector a14 = FloatVector.zero(F);
        for (int c = 0; c < headDim; c += 16) {
          int t = at + 8 * odd * headDim + c + row;
          int k = xAt + c + odd;
          a0 = FloatVector.fromArray(F, tile, t).fma(FloatVector.broadcast(F, x[k]), a0);
          a8 =
              FloatVector.fromArray(F, tile, t + headDim)
                  .fma(FloatVector.broadcast(F, x[k + 8]), a8);
          a4 =
              FloatVector.fromArray(F, tile, t + 2 * headDim)
                  .fma(FloatVector.broadcast(F, x[k + 4]), a4);
          a12 =
              FloatVector.fromArray(F, tile, t + 3 * headDim)
                  .fma(FloatVector.broadcast(F, x[k + 12]), a12);
          a2 =
              FloatVector.fromArray(F, tile, t + 4 * headDim)
                  .fma(FloatVector.broadcast(F, x[k + 2]), a2);
          a10 =
              FloatVector.fromArray(F, tile, t + 5 * headDim)
                  .fma(FloatVector.broadcast(F, x[k + 10]), a10);
          a6 =
              FloatVector.fromArray(F, tile, t + 6 * headDim)
                  .fma(FloatVector.broadcast(F, x[k + 6]), a6);
          a14 =
              FloatVector.fromArray(F, tile, t + 7 * headDim)
                  .fma(FloatVector.broadcast(F, x[k + 14]), a14);
        }
        FloatVector four = a0.add(a8).add(a4.add(a12));
        four.add(a2.add(a10).add(a6.add(a14))).intoArray(lanes, odd * FLOATS);
      }
      FloatVector.fromArray(F, lanes, 0)
          .add(FloatVector.fromArray(F, lanes, FLOATS))
          .intoArray(out, outAt + row);
    }
  }

  private static void raggedDots(
      float[] tile,
      int at,
      int columns,
      float[] x,
      int xAt,
      float[] lanes,
      float[] out,
      int outAt) {
    java.util.Arrays.fill(lanes, 0, 16 * TILE_ROWS, 0f);
    for (int c = 0; c < columns; c++) {
      int lane = c % 16 * TILE_ROWS;
      for (int row = 0; row < TILE_ROWS; row += FLOATS) {
        FloatVector.fromArray(F, tile, at + c * 16 + row)
            .fma(FloatVector.broadcast(F, x[xAt + c]), FloatVector.fromArray(F, lanes, lane + row))
            .intoArray(lanes, lane + row);
      }
    }
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half * TILE_ROWS; i += FLOATS) {
        FloatVector.fromArray(F, lanes, i)
            .add(FloatVector.fromArray(F, lanes, i + half * TILE_ROWS))
            .intoArray(lanes, i);
      }
    }
    System.arraycopy(lanes, 0, out, outAt, TILE_ROWS);
  }

  /**
   * The sum of squares of a vector in the 16-lane form.
   *
   * @param lanes working memory of 16 floats
   */
  static float sumOfSquares(float[] x, int at, int length, float[] lanes) {
    java.util.Arrays.fill(lanes, 0, 16, 0f);
    int whole = length & -16;
    for (int lane = 0; lane < 16; lane += FLOATS) {
      FloatVector sum = FloatVector.zero(F);
      for (int i = lane; i < whole; i += 16) {
        FloatVector v = FloatVector.fromArray(F, x, at + i);
        sum = v.fma(v, sum);
      }
      sum.intoArray(lanes, lane);
    }
    for (int i = whole; i < length; i++) {
      lanes[i - whole] = Math.fma(x[at + i], x[at + i], lanes[i - whole]);
    }
    for (int half = 8; half > 0; half /= 2) {
      for (int j = 0; j < half; j++) {
        lanes[j] += lanes[j + half];
      }
    }
    return lanes[0];
  }
}
