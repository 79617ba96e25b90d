package org.folkmoot.kernel;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.folkmoot.base.FolkmootException;

/**
 * sem/1 in plain Java, one number at a time, on tensors as GGML stores them: the rules of {@code
 * docs/arithmetic.md} in their own order and nothing for speed. Vector kernels must equal it bit
 * for bit; a dispute over one operator can be settled by it.
 *
 * <p>It shares no code with the kernels but {@link Exp#exp(float)}, which is rule 6 itself.
 */
public final class Oracle {
  /** Columns of a block. */
  private static final int BLOCK = 32;

  /** Logical lanes of rule 3. */
  private static final int LANES = 16;

  /** Positions of a chunk of rule 7. */
  private static final int CHUNK = 256;

  private static final float NEGLIGIBLE = 0x1p-100f;

  /** What the sixteen integers of IQ4_NL and IQ4_XS stand for. */
  private static final int[] IQ4_NL = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** What those of MXFP4 stand for: twice the numbers of E2M1. */
  private static final int[] TWICE_E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  private Oracle() {}

  /**
   * A vector in rule 2's form.
   *
   * @param q integers of magnitude at most 127
   * @param dx for each block of 32 what they count
   * @param qsum for each block their sum
   */
  public record Quantised(int[] q, float[] dx, int[] qsum) {}

  /**
   * Rule 2: quantises whole blocks of 32.
   *
   * @throws FolkmootException ARITHMETIC if a number is NaN or infinite
   */
  public static Quantised quantise(float[] x) {
    int blocks = x.length / BLOCK;
    Quantised quantised =
        new Quantised(new int[blocks * BLOCK], new float[blocks], new int[blocks]);
    for (int block = 0; block < blocks; block++) {
      float amax = 0;
      for (int i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
        requireFinite(x[i]);
        amax = Math.max(amax, Math.abs(x[i]));
      }
      if (amax < NEGLIGIBLE) {
        continue; // dx, q and qsum are zero
      }
      float dx = amax / 127;
      float inverse = 1 / dx;
      for (int i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
        int q = Math.clamp((long) Math.rint(x[i] * inverse), -127, 127);
        quantised.q[i] = q;
        quantised.qsum[block] += q;
      }
      quantised.dx[block] = dx;
    }
    return quantised;
  }

  /**
   * {@code y = W x} by rule 2 or rule 3, as the format demands.
   *
   * @param matrix rows one after the other, each as long as {@code x}
   */
  public static float[] multiply(TensorType type, byte[] matrix, int rows, float[] x) {
    float[] y = new float[rows];
    int rowBytes = Math.toIntExact(type.rowBytes(x.length));
    if (type.isQuantised()) {
      Quantised quantised = quantise(x);
      for (int row = 0; row < rows; row++) {
        y[row] = quantisedDot(type, matrix, row * rowBytes, quantised);
      }
    } else {
      for (int row = 0; row < rows; row++) {
        y[row] = dot(row(type, matrix, row * rowBytes, x.length), x);
      }
    }
    return y;
  }

  private static float quantisedDot(TensorType type, byte[] matrix, int rowAt, Quantised x) {
    float acc = 0;
    for (int block = 0; block < x.dx.length; block++) {
      int first = block * BLOCK;
      int at = rowAt + first / type.blockSize() * type.blockBytes();
      int isum = 0;
      int msum = 0;
      for (int i = first; i < first + BLOCK; i++) {
        int c = i % type.blockSize();
        isum += subScale(type, matrix, at, c) * integer(type, matrix, at, c) * x.q[i];
        msum += subMinimum(type, matrix, at, c) * x.q[i];
      }
      acc = Math.fma((float) isum, scale(type, matrix, at) * x.dx[block], acc);
      if (type.hasSubBlocks() && type.hasMinimum()) {
        acc = Math.fma(-(float) msum, minimum(type, matrix, at) * x.dx[block], acc);
      } else if (type.hasMinimum()) {
        acc = Math.fma((float) msum, minimum(type, matrix, at) * x.dx[block], acc);
      }
    }
    return acc;
  }

  /**
   * Rule 2's embedding row, and the exact widening of F16 and BF16.
   *
   * @param at where the row begins
   */
  public static float[] row(TensorType type, byte[] matrix, int at, int columns) {
    float[] weights = new float[columns];
    for (int i = 0; i < columns; i++) {
      int block = at + i / type.blockSize() * type.blockBytes();
      int c = i % type.blockSize();
      weights[i] =
          switch (type) {
            case F32 -> Float.intBitsToFloat(int32(matrix, block));
            case F16 -> Float.float16ToFloat(int16(matrix, block));
            case BF16 -> Float.intBitsToFloat(int16(matrix, block) << 16);
            case Q8_0, Q4_0, Q5_0, IQ4_NL, MXFP4 ->
                (float) integer(type, matrix, block, c) * scale(type, matrix, block);
            case Q4_1, Q5_1 ->
                Math.fma(
                    (float) integer(type, matrix, block, c),
                    scale(type, matrix, block),
                    minimum(type, matrix, block));
            case Q3_K, Q6_K, IQ4_XS ->
                (float) (subScale(type, matrix, block, c) * integer(type, matrix, block, c))
                    * scale(type, matrix, block);
            case Q2_K, Q4_K, Q5_K ->
                Math.fma(
                    (float) (subScale(type, matrix, block, c) * integer(type, matrix, block, c)),
                    scale(type, matrix, block),
                    -((float) subMinimum(type, matrix, block, c) * minimum(type, matrix, block)));
          };
    }
    return weights;
  }

  /** The integer weight in column {@code c} of the block at {@code at}. */
  private static int integer(TensorType type, byte[] in, int at, int c) {
    return switch (type) {
      case Q8_0 -> in[at + 2 + c];
      case Q4_0 -> nibble(in, at + 2, c) - 8;
      case Q4_1 -> nibble(in, at + 4, c);
      case Q5_0 -> (nibble(in, at + 6, c) | fifthBit(in, at + 2, c)) - 16;
      case Q5_1 -> nibble(in, at + 8, c) | fifthBit(in, at + 4, c);
      case IQ4_NL -> IQ4_NL[nibble(in, at + 2, c)];
      case MXFP4 -> TWICE_E2M1[nibble(in, at + 1, c)];
      case IQ4_XS -> IQ4_NL[nibble(in, at + 8 + 16 * (c / 32), c % 32)];
      case Q4_K -> bits(in, at + 16 + 32 * (c / 64) + c % 32, 4 * (c / 32 % 2), 4);
      case Q5_K ->
          bits(in, at + 48 + 32 * (c / 64) + c % 32, 4 * (c / 32 % 2), 4)
              + 16 * bits(in, at + 16 + c % 32, c / 32, 1);
      case Q6_K ->
          bits(in, at + 64 * (c / 128) + c % 64, 4 * (c / 64 % 2), 4)
              + 16 * bits(in, at + 128 + 32 * (c / 128) + c % 32, 2 * (c / 32 % 4), 2)
              - 32;
      case Q2_K -> bits(in, at + 16 + 32 * (c / 128) + c % 32, 2 * (c / 32 % 4), 2);
      case Q3_K ->
          bits(in, at + 32 + 32 * (c / 128) + c % 32, 2 * (c / 32 % 4), 2)
              + 4 * bits(in, at + c % 32, c / 32, 1)
              - 4;
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no integers");
    };
  }

  /** The integer that the scale of column {@code c} is multiplied by. */
  private static int subScale(TensorType type, byte[] in, int at, int c) {
    int j = c / 32;
    int part = c / 16;
    return switch (type) {
      case Q4_K, Q5_K ->
          j < 4
              ? bits(in, at + 4 + j, 0, 6)
              : bits(in, at + 12 + j - 4, 0, 4) + 16 * bits(in, at + 4 + j - 4, 6, 2);
      case Q6_K -> in[at + 192 + part];
      case Q2_K -> bits(in, at + part, 0, 4);
      case Q3_K ->
          bits(in, at + 96 + part % 8, 4 * (part / 8), 4)
              + 16 * bits(in, at + 104 + part % 4, 2 * (part / 4), 2)
              - 32;
      case IQ4_XS ->
          bits(in, at + 4 + j / 2, 4 * (j % 2), 4)
              + 16 * bits(in, at + 2 + j / 4, 2 * (j % 4), 2)
              - 32;
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4 -> 1;
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no scales");
    };
  }

  /** The integer that the minimum of column {@code c} is multiplied by. */
  private static int subMinimum(TensorType type, byte[] in, int at, int c) {
    int j = c / 32;
    return switch (type) {
      case Q4_K, Q5_K ->
          j < 4
              ? bits(in, at + 8 + j, 0, 6)
              : bits(in, at + 12 + j - 4, 4, 4) + 16 * bits(in, at + 8 + j - 4, 6, 2);
      case Q2_K -> bits(in, at + c / 16, 4, 4);
      case Q4_1, Q5_1 -> 1;
      case Q8_0, Q4_0, Q5_0, IQ4_NL, MXFP4, IQ4_XS, Q3_K, Q6_K -> 0;
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no minimums");
    };
  }

  private static int bits(byte[] in, int at, int shift, int count) {
    return (in[at] >> shift) & ((1 << count) - 1);
  }

  /** Columns 0–15 lie in the low halves of 16 bytes, columns 16–31 in the high ones. */
  private static int nibble(byte[] in, int at, int i) {
    return i < 16 ? in[at + i] & 15 : (in[at + i - 16] >> 4) & 15;
  }

  private static int fifthBit(byte[] in, int at, int i) {
    return ((int32(in, at) >>> i) & 1) << 4;
  }

  private static float scale(TensorType type, byte[] in, int block) {
    if (type == TensorType.MXFP4) {
      return (float) StrictMath.pow(2, (in[block] & 0xff) - 128);
    }
    return Float.float16ToFloat(int16(in, block + type.scaleOffset()));
  }

  private static float minimum(TensorType type, byte[] in, int block) {
    return Float.float16ToFloat(int16(in, block + type.scaleOffset() + 2));
  }

  private static short int16(byte[] in, int at) {
    return (short) ((in[at] & 0xff) | (in[at + 1] << 8));
  }

  private static int int32(byte[] in, int at) {
    return (int16(in, at) & 0xffff) | (int16(in, at + 2) << 16);
  }

  /** Rule 3: a dot product of two vectors of the same length in 16 logical lanes. */
  public static float dot(float[] a, float[] b) {
    float[] lanes = new float[LANES];
    for (int i = 0; i < a.length; i++) {
      lanes[i % LANES] = Math.fma(a[i], b[i], lanes[i % LANES]);
    }
    for (int half = LANES / 2; half >= 1; half /= 2) {
      for (int j = 0; j < half; j++) {
        lanes[j] = lanes[j] + lanes[j + half];
      }
    }
    return lanes[0];
  }

  /**
   * Rule 4: RMSNorm.
   *
   * @throws FolkmootException ARITHMETIC if the sum of squares is NaN or infinite
   */
  public static float[] rmsNorm(float[] x, float[] weight, float epsilon) {
    float sum = dot(x, x);
    requireFinite(sum);
    float s = 1 / (float) Math.sqrt(sum / (float) x.length + epsilon);
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = (x[i] * s) * weight[i];
    }
    return y;
  }

  /**
   * Rule 5: cosine and sine of each pair's angle at a position, {@code cos, sin, cos, sin, …}.
   *
   * @param dims rotated dimensions of a head
   * @param factors what each pair's frequency is divided by, or empty
   * @param stretch what positions are divided by (linear scaling), or 1
   */
  public static float[] cosinesAndSines(
      int position, int dims, double base, float[] factors, double stretch) {
    double[] frequencies = new double[dims / 2];
    for (int i = 0; i < dims / 2; i++) {
      frequencies[i] = StrictMath.pow(base, -2.0 * i / dims);
      if (factors.length > 0) {
        frequencies[i] = frequencies[i] / factors[i];
      }
    }
    return cosinesAndSines(position, frequencies, stretch, 1);
  }

  /**
   * Rule 5: the same for frequencies that are scaled in other ways.
   *
   * @param magnitude what cosines and sines are multiplied by, or 1
   */
  public static float[] cosinesAndSines(
      int position, double[] frequencies, double stretch, double magnitude) {
    float[] table = new float[2 * frequencies.length];
    for (int i = 0; i < frequencies.length; i++) {
      double angle = position * (1 / stretch) * frequencies[i];
      table[2 * i] = (float) (StrictMath.cos(angle) * magnitude);
      table[2 * i + 1] = (float) (StrictMath.sin(angle) * magnitude);
    }
    return table;
  }

  /**
   * Rule 5: turns the first dimensions of a head, as many as the table has numbers.
   *
   * @param halves pairs are {@code (i, i + n/2)}, else {@code (2i, 2i + 1)}
   */
  public static float[] rotate(float[] head, float[] cosinesAndSines, boolean halves) {
    float[] turned = head.clone();
    int n = cosinesAndSines.length;
    for (int i = 0; i < n / 2; i++) {
      int first = halves ? i : 2 * i;
      int second = halves ? i + n / 2 : 2 * i + 1;
      float cos = cosinesAndSines[2 * i];
      float sin = cosinesAndSines[2 * i + 1];
      turned[first] = (head[first] * cos) - (head[second] * sin);
      turned[second] = (head[first] * sin) + (head[second] * cos);
    }
    return turned;
  }

  /** Rule 6: SwiGLU, {@code silu(gate) · up}. */
  public static float[] siluTimes(float[] gate, float[] up) {
    float[] y = new float[gate.length];
    for (int i = 0; i < gate.length; i++) {
      y[i] = (gate[i] / (Exp.exp(-gate[i]) + 1)) * up[i];
    }
    return y;
  }

  /** Rule 6: the clamped SwiGLU of gpt-oss. */
  public static float[] clampedSiluTimes(float[] gate, float[] up) {
    float[] y = new float[gate.length];
    for (int i = 0; i < gate.length; i++) {
      float g = Math.min(gate[i], Elementwise.LIMIT);
      float u = Math.max(Math.min(up[i], Elementwise.LIMIT), -Elementwise.LIMIT);
      y[i] = (g / (Exp.exp(-(g * Elementwise.ALPHA)) + 1)) * (u + 1);
    }
    return y;
  }

  /** Rule 6: GeGLU, {@code gelu(gate) · up}. */
  public static float[] geluTimes(float[] gate, float[] up) {
    float[] y = new float[gate.length];
    for (int i = 0; i < gate.length; i++) {
      float g = gate[i];
      float z = Math.fma(g * g, Elementwise.GELU_3, Elementwise.GELU_1) * g;
      y[i] = (g / (Exp.exp(-z) + 1)) * up[i];
    }
    return y;
  }

  /** Rule 6: numbers bounded softly. */
  public static float[] cap(float[] x, float cap) {
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = Tanh.tanh(x[i] / cap) * cap;
    }
    return y;
  }

  /** Each number times another. */
  public static float[] scale(float[] x, float by) {
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * by;
    }
    return y;
  }

  /**
   * Rule 10: the experts that a token is sent to.
   *
   * @param logits one for each expert
   * @return their numbers, by logit descending, then by number
   */
  public static int[] chosen(float[] logits, int count) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer e) -> -(logits[e] + 0f)).thenComparing(e -> e))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * Rule 10: what the outputs of those chosen count.
   *
   * @param normalised whether their weights add up to one, else those of all experts do
   */
  public static float[] weights(float[] logits, int[] chosen, boolean normalised) {
    float max = logits[chosen[0]];
    float sum = 0;
    for (int i = 0; i < (normalised ? chosen.length : logits.length); i++) {
      sum += Exp.exp(logits[normalised ? chosen[i] : i] - max);
    }
    float[] weights = new float[chosen.length];
    for (int i = 0; i < chosen.length; i++) {
      weights[i] = Exp.exp(logits[chosen[i]] - max) / sum;
    }
    return weights;
  }

  /** Rule 10: what the shared expert's output counts. */
  public static float sharedWeight(float logit) {
    return 1 / (Exp.exp(-logit) + 1);
  }

  /** Each number and another. */
  public static float[] add(float[] x, float[] y) {
    float[] sum = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      sum[i] = x[i] + y[i];
    }
    return sum;
  }

  /** {@code fma(weight, y, x)}, element by element. */
  public static float[] addWeighted(float[] x, float weight, float[] y) {
    float[] sum = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      sum[i] = Math.fma(weight, y[i], x[i]);
    }
    return sum;
  }

  /** Rule 7 for a query that sees everything, with scores that know no bound. */
  public static float[] attention(
      float[] query, float[][] keys, float[][] values, KvLayout.Precision precision, float scale) {
    return attention(
        query, keys, values, precision, scale, 0, Integer.MAX_VALUE, Float.NEGATIVE_INFINITY);
  }

  /**
   * Rule 7: what one query head reads from the positions that it sees.
   *
   * @param keys {@code [position][dimension]} of all positions up to the query's own, before they
   *     are stored
   * @param values the same
   * @param precision what they are stored in
   * @param scale what scores are multiplied by
   * @param cap what scores are then bounded by; 0 for no bound
   * @param window how many positions the query sees at most, its own included
   * @param sink a score beside theirs, of no value; minus infinity for none
   * @throws FolkmootException ARITHMETIC if a number is not finite once it is stored
   */
  public static float[] attention(
      float[] query,
      float[][] keys,
      float[][] values,
      KvLayout.Precision precision,
      float scale,
      float cap,
      int window,
      float sink) {
    int positions = keys.length;
    int first = Math.max(0, positions - window);
    float[] terms = new float[positions];
    float max = sink;
    for (int t = first; t < positions; t++) {
      terms[t] = dot(stored(keys[t], precision), query) * scale;
      if (cap > 0) {
        terms[t] = Tanh.tanh(terms[t] / cap) * cap;
      }
      max = Math.max(max, terms[t]);
    }
    for (int t = first; t < positions; t++) {
      terms[t] = Exp.exp(terms[t] - max);
    }
    float denominator = Exp.exp(sink - max);
    float[] out = new float[query.length];
    for (int chunk = 0; chunk < positions; chunk += CHUNK) {
      float chunkDenominator = 0;
      float[] chunkOut = new float[query.length];
      for (int t = Math.max(first, chunk); t < Math.min(positions, chunk + CHUNK); t++) {
        float[] value = stored(values[t], precision);
        chunkDenominator += terms[t];
        for (int d = 0; d < out.length; d++) {
          chunkOut[d] = Math.fma(terms[t], value[d], chunkOut[d]);
        }
      }
      denominator += chunkDenominator;
      for (int d = 0; d < out.length; d++) {
        out[d] += chunkOut[d];
      }
    }
    for (int d = 0; d < out.length; d++) {
      out[d] = out[d] / denominator;
    }
    return out;
  }

  private static float[] stored(float[] x, KvLayout.Precision precision) {
    float[] kept = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      kept[i] =
          switch (precision) {
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(x[i]));
            case F32 -> x[i];
          };
      requireFinite(kept[i]);
    }
    return kept;
  }

  private static void requireFinite(float x) {
    if (!Float.isFinite(x)) {
      throw Faults.computed("a number is not finite");
    }
  }
}
