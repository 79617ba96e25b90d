package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * The input of a matrix product for a batch of tokens, in the forms that kernels read. Tokens are
 * grouped in panels (of 8, or of 1 when there is a single token); inside a panel the tokens of one
 * column lie side by side, so that a kernel walks through memory once.
 *
 * <p>Quantisation is rule 2 of sem/1: per token and block of 32 columns, {@code dx = amax / 127}
 * and {@code q = roundHalfEven(x * (1 / dx))}. A buffer is reused from product to product.
 */
public final class Activations {
  /** How a kernel reads activations. */
  public enum Form {
    /** As they are. */
    FLOATS,
    /** Quantised, each value twice in an int: one broadcast fills a vector of shorts. */
    INTEGER_PAIRS,
    /** Quantised, as whole-numbered floats. */
    INTEGER_FLOATS,
    /** Quantised, as bytes, as machine code reads them ({@link TokenRecords}). */
    RECORDS
  }

  /**
   * Tokens of a panel: with eight accumulators, weights and broadcasts a kernel fits 16 registers.
   */
  public static final int PANEL = 8;

  /** Below this magnitude a block counts as zero, so that {@code 1 / dx} stays finite. */
  static final float NEGLIGIBLE = 0x1p-100f;

  private final @Nullable MachineKernels kernels;
  private int tokens;
  private int columns;
  private int width;
  private float[] raw = new float[0];
  private int[] pairs = new int[0];
  private float[] whole = new float[0];
  private float[] scales = new float[0];
  private int[] sums = new int[0];
  private int[] halves = new int[0];
  private byte[] records = new byte[0];

  /** Activations for the kernels that serve here. */
  public Activations() {
    this.kernels = null;
  }

  /** The same for certain kernels in machine code. */
  Activations(MachineKernels kernels) {
    this.kernels = kernels;
  }

  /** Starts a batch; {@link #fill} must then be called for every panel. */
  public void begin(int tokens, int columns, Set<Form> forms) {
    this.tokens = tokens;
    this.columns = columns;
    this.width = tokens == 1 ? 1 : PANEL;
    int size = panels() * width * columns;
    if (forms.contains(Form.FLOATS) && raw.length < size) {
      raw = new float[size];
    }
    if (forms.contains(Form.INTEGER_PAIRS) && pairs.length < size) {
      pairs = new int[size];
    }
    if (forms.contains(Form.INTEGER_FLOATS) && whole.length < size) {
      whole = new float[size];
    }
    if (forms.contains(Form.RECORDS)
        && records.length < tokens * (columns / 32) * TokenRecords.BYTES) {
      records = new byte[tokens * (columns / 32) * TokenRecords.BYTES];
    }
    if ((forms.contains(Form.INTEGER_PAIRS) || forms.contains(Form.INTEGER_FLOATS))
        && scales.length < size / 32) {
      scales = new float[size / 32];
      sums = new int[size / 32];
      halves = new int[size / 32];
    }
  }

  /**
   * Prepares one panel.
   *
   * @param x token {@code t}'s column {@code c} at {@code t * stride + c}
   * @throws FolkmootException ARITHMETIC if a value is NaN or infinite
   */
  public void fill(int panel, float[] x, int stride, Set<Form> forms) {
    int first = panel * PANEL;
    int count = Math.min(width, tokens - first);
    if (forms.contains(Form.FLOATS)) {
      for (int t = 0; t < count; t++) {
        System.arraycopy(x, (first + t) * stride, raw, (first + t) * columns, columns);
      }
    }
    if (forms.contains(Form.RECORDS)) {
      record(panel, x, stride, count);
    }
    boolean toPairs = forms.contains(Form.INTEGER_PAIRS);
    boolean toFloats = forms.contains(Form.INTEGER_FLOATS);
    if (toPairs || toFloats) {
      int[] q = new int[32];
      for (int t = 0; t < count; t++) {
        for (int block = 0; block < columns / 32; block++) {
          quantise(x, (first + t) * stride + block * 32, q, panel, block, t);
          place(q, panel * width * columns + block * 32 * width + t, toPairs, toFloats);
        }
      }
      clearRest(panel, count, toPairs, toFloats);
    }
  }

  private void record(int panel, float[] x, int stride, int count) {
    MachineKernels by = kernels == null ? MachineKernels.get().orElseThrow() : kernels;
    int blocks = columns / 32;
    MemorySegment to = MemorySegment.ofArray(records).asSlice(recordsAt(panel));
    for (int t = 0; t < count; t++) {
      MemorySegment row =
          MemorySegment.ofArray(x).asSlice((long) (panel * PANEL + t) * stride * Float.BYTES);
      if (by.quantise(row, to, blocks, count, t) >= 0x7f80_0000) {
        throw Faults.computed("a hidden state is not a finite number");
      }
    }
  }

  private void quantise(float[] x, int at, int[] q, int panel, int block, int t) {
    ActivationLanes.magnitudes(x, at, q);
    int most = 0;
    for (int i = 0; i < 32; i++) {
      most = Math.max(most, q[i]); // magnitudes order as their bits do
    }
    float amax = Float.intBitsToFloat(most);
    if (!(amax <= Float.MAX_VALUE)) {
      throw Faults.computed("a hidden state is not a finite number");
    }
    int index = (panel * (columns / 32) + block) * width + t;
    if (amax < NEGLIGIBLE) {
      java.util.Arrays.fill(q, 0);
      scales[index] = 0;
      sums[index] = 0;
      halves[index] = 0;
      return;
    }
    float dx = amax / 127;
    float inverse = 1 / dx;
    ActivationLanes.round(x, at, inverse, q);
    int half = 0;
    for (int i = 0; i < 16; i++) {
      half += q[i];
    }
    int sum = half;
    for (int i = 16; i < 32; i++) {
      sum += q[i];
    }
    scales[index] = dx;
    sums[index] = sum;
    halves[index] = half;
  }

  private void place(int[] q, int at, boolean toPairs, boolean toFloats) {
    if (toPairs) {
      for (int i = 0; i < 32; i++) {
        pairs[at + i * width] = (q[i] & 0xffff) * 0x10001;
      }
    }
    if (toFloats) {
      for (int i = 0; i < 32; i++) {
        whole[at + i * width] = q[i];
      }
    }
  }

  /** A last panel with fewer tokens computes zeros for the missing ones: they are never read. */
  private void clearRest(int panel, int count, boolean toPairs, boolean toFloats) {
    if (count == width) {
      return;
    }
    int blocks = columns / 32;
    for (int c = 0; c < columns; c++) {
      int at = (panel * columns + c) * width;
      for (int t = count; t < width; t++) {
        if (toPairs) {
          pairs[at + t] = 0;
        }
        if (toFloats) {
          whole[at + t] = 0;
        }
      }
    }
    for (int block = 0; block < blocks; block++) {
      for (int t = count; t < width; t++) {
        scales[(panel * blocks + block) * width + t] = 0;
        sums[(panel * blocks + block) * width + t] = 0;
        halves[(panel * blocks + block) * width + t] = 0;
      }
    }
  }

  /** Tokens of the batch. */
  public int tokens() {
    return tokens;
  }

  /** Length of a token's row. */
  public int columns() {
    return columns;
  }

  /** Number of panels. */
  public int panels() {
    return (tokens + width - 1) / width;
  }

  /** Tokens in a panel: 1 or {@link #PANEL}. */
  int width() {
    return width;
  }

  /** {@code [token][column]}. */
  float[] raw() {
    return raw;
  }

  /** {@code [panel][column][token of the panel]}. */
  int[] pairs() {
    return pairs;
  }

  /** {@code [panel][column][token of the panel]}. */
  float[] whole() {
    return whole;
  }

  /** What {@link TokenRecords} describes. */
  byte[] records() {
    return records;
  }

  /** Where in {@link #records} a panel's begin. */
  long recordsAt(int panel) {
    return (long) panel * PANEL * (columns / 32) * TokenRecords.BYTES;
  }

  /** {@code dx}: {@code [panel][block][token of the panel]}. */
  float[] scales() {
    return scales;
  }

  /** {@code qsum}: {@code [panel][block][token of the panel]}. */
  int[] sums() {
    return sums;
  }

  /** The part of {@link #sums} that a block's first 16 columns have. */
  int[] halves() {
    return halves;
  }
}
