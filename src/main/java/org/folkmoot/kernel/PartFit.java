package org.folkmoot.kernel;

import java.util.Arrays;

/**
 * The scale, and the minimum, of a part of a block: several are tried, each with the integers that
 * follow from it, and least squares tell how good it is. The order of operations is GGML's; so are
 * the numbers that look arbitrary.
 */
final class PartFit {
  private static final int[] TABLE = SuperBlocks.TABLE;
  private static final int ROUNDS = 5;

  private final float[] weight = new float[32];
  private final int[] tried = new int[32];
  private float minimum;
  private float greatest;

  /** The minimum that the last fit found: what is subtracted, not negative. */
  float minimum() {
    return minimum;
  }

  /** How much each error counts: its weight's magnitude, and what all have on average. */
  void weigh(float[] x, int at, int size, boolean average) {
    float squares = 0;
    for (int i = 0; i < size; i++) {
      squares += x[at + i] * x[at + i];
    }
    float mean = average ? (float) Math.sqrt(squares / size) : 0;
    for (int i = 0; i < size; i++) {
      weight[i] = mean + Math.abs(x[at + i]);
    }
  }

  /**
   * Fits {@code x = scale * u - minimum}.
   *
   * @param absolute errors count by their magnitude, not their square
   * @param u gets the integers of the part
   */
  float withMinimum(
      float[] x,
      int at,
      int size,
      PackedQuantiser.Search search,
      boolean absolute,
      int[] u,
      int part) {
    int to = part * size;
    float low = x[at];
    float high = x[at];
    float sumW = weight[0];
    float sumX = sumW * x[at];
    for (int i = 1; i < size; i++) {
      low = x[at + i] < low ? x[at + i] : low;
      high = x[at + i] > high ? x[at + i] : high;
      sumW += weight[i];
      sumX += weight[i] * x[at + i];
    }
    low = low > 0 ? 0 : low;
    if (high == low) {
      Arrays.fill(u, to, to + size, 0);
      minimum = -low;
      return 0;
    }
    float least = low;
    float inverse = search.top() / (high - low);
    float scale = 1 / inverse;
    for (int i = 0; i < size; i++) {
      u[to + i] = Math.clamp(PackedQuantiser.nearest(inverse * (x[at + i] - low)), 0, search.top());
    }
    float best = error(x, at, size, scale, least, u, to, absolute);
    for (int is = 0; is <= search.tries(); is++) {
      // The minimum found so far is what the next try starts from.
      inverse = (search.from() + 0.1f * is + search.top()) / (high - least);
      float sumL = 0;
      float sumL2 = 0;
      float sumXl = 0;
      for (int i = 0; i < size; i++) {
        int l = Math.clamp(PackedQuantiser.nearest(inverse * (x[at + i] - least)), 0, search.top());
        tried[i] = l;
        float w = weight[i];
        sumL += w * l;
        sumL2 += w * l * l;
        sumXl += w * l * x[at + i];
      }
      float determinant = sumW * sumL2 - sumL * sumL;
      if (determinant > 0) {
        float newScale = (sumW * sumXl - sumX * sumL) / determinant;
        float newLeast = (sumL2 * sumX - sumL * sumXl) / determinant;
        if (newLeast > 0) {
          newLeast = 0;
          newScale = sumXl / sumL2;
        }
        float error = error(x, at, size, newScale, newLeast, tried, 0, absolute);
        if (error < best) {
          System.arraycopy(tried, 0, u, to, size);
          best = error;
          scale = newScale;
          least = newLeast;
        }
      }
    }
    minimum = -least;
    return scale;
  }

  private float error(
      float[] x, int at, int size, float scale, float least, int[] u, int uAt, boolean absolute) {
    float error = 0;
    for (int i = 0; i < size; i++) {
      float difference = scale * u[uAt + i] + least - x[at + i];
      error += weight[i] * (absolute ? Math.abs(difference) : difference * difference);
    }
    return error;
  }

  /**
   * Fits {@code x = scale * (u - zero)}, errors counted by the weight's square.
   *
   * @param u gets the integers of the part
   */
  float symmetric(float[] x, int at, int size, int zero, int[] u, int part) {
    int to = part * size;
    findGreatest(x, at, size);
    if (Math.abs(greatest) < PackedQuantiser.NOTHING) {
      Arrays.fill(u, to, to + size, 0);
      return 0;
    }
    float scale = 0;
    float best = 0;
    for (int n = 0; n <= 18; n++) {
      // First as it comes, then from -9 to 9.
      int is = n == 0 ? 0 : n <= 9 ? n - 10 : n - 9;
      float inverse = n == 0 ? -zero / greatest : -(zero + 0.1f * is) / greatest;
      float sumLx = 0;
      float sumL2 = 0;
      for (int i = 0; i < size; i++) {
        int l = Math.clamp(PackedQuantiser.nearest(inverse * x[at + i]), -zero, zero - 1);
        tried[i] = l + zero;
        float w = x[at + i] * x[at + i];
        sumLx += w * x[at + i] * l;
        sumL2 += w * l * l;
      }
      boolean better = n == 0 || (sumL2 > 0 && sumLx * sumLx > best * sumL2);
      if (better) {
        System.arraycopy(tried, 0, u, to, size);
        scale = sumL2 == 0 ? 0 : sumLx / sumL2;
        best = scale * sumLx;
      }
    }
    return scale;
  }

  /**
   * Fits {@code x = scale * (u - zero)} by changing one integer after the other while it helps.
   *
   * @param u gets the integers of the part
   */
  float oneByOne(float[] x, int at, int size, int zero, int[] u, int part) {
    int to = part * size;
    findGreatest(x, at, size);
    if (Math.abs(greatest) < PackedQuantiser.NOTHING) {
      Arrays.fill(u, to, to + size, 0);
      return 0;
    }
    float inverse = -zero / greatest;
    float sumLx = 0;
    float sumL2 = 0;
    for (int i = 0; i < size; i++) {
      int l = Math.clamp(PackedQuantiser.nearest(inverse * x[at + i]), -zero, zero - 1);
      tried[i] = l;
      float w = x[at + i] * x[at + i];
      sumLx += w * x[at + i] * l;
      sumL2 += w * l * l;
    }
    boolean changed = true;
    for (int round = 0; round < ROUNDS && changed; round++) {
      changed = false;
      for (int i = 0; i < size; i++) {
        float w = x[at + i] * x[at + i];
        float otherLx = sumLx - w * x[at + i] * tried[i];
        if (!(otherLx > 0)) {
          continue;
        }
        float otherL2 = sumL2 - w * tried[i] * tried[i];
        int l = Math.clamp(PackedQuantiser.nearest(x[at + i] * otherL2 / otherLx), -zero, zero - 1);
        if (l == tried[i]) {
          continue;
        }
        otherLx += w * x[at + i] * l;
        otherL2 += w * l * l;
        if (otherL2 > 0 && otherLx * otherLx * sumL2 > sumLx * sumLx * otherL2) {
          tried[i] = l;
          sumLx = otherLx;
          sumL2 = otherL2;
          changed = true;
        }
      }
    }
    for (int i = 0; i < size; i++) {
      u[to + i] = tried[i] + zero;
    }
    return sumL2 > 0 ? sumLx / sumL2 : 0;
  }

  /** Fits {@code x = scale * TABLE[u]} for 32 weights, errors counted by the weight's square. */
  float table(float[] x, int at) {
    findGreatest(x, at, 32);
    if (Math.abs(greatest) < PackedQuantiser.NOTHING) {
      return 0;
    }
    float scale = 0;
    float best = 0;
    for (int n = 0; n <= 15; n++) {
      float inverse = n == 0 ? 1 / (-greatest / TABLE[0]) : (n - 8 + TABLE[0]) / greatest;
      float sumQx = 0;
      float sumQ2 = 0;
      for (int i = 0; i < 32; i++) {
        float q = TABLE[place(inverse * x[at + i])];
        float w = x[at + i] * x[at + i];
        sumQx += w * q * x[at + i];
        sumQ2 += w * q * q;
      }
      if (n == 0 || (sumQ2 > 0 && sumQx * sumQx > best * sumQ2)) {
        scale = sumQx / sumQ2;
        best = scale * sumQx;
      }
    }
    return scale;
  }

  /** The place of the table's number that is nearest, the upper one of two. */
  static int place(float x) {
    int place = 0;
    while (place < TABLE.length - 1 && x - TABLE[place] >= TABLE[place + 1] - x) {
      place++;
    }
    return place;
  }

  private void findGreatest(float[] x, int at, int size) {
    greatest = 0;
    for (int i = 0; i < size; i++) {
      if (Math.abs(x[at + i]) > Math.abs(greatest)) {
        greatest = x[at + i];
      }
    }
  }
}
