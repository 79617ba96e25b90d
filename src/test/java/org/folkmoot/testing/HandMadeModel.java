package org.folkmoot.testing;

import java.io.IOException;
import java.nio.file.Path;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;

/**
 * A model of one layer, one head of two numbers, one feed-forward number and three tokens: small
 * enough to write out its forward pass number by number, as a check of the reference.
 */
final class HandMadeModel {
  private static final double EPSILON = 0.25;
  private static final float[][] EMBEDDING = {{1, -0.5f}, {0.25f, 2}, {-1, 1}};
  private static final float[][] QUERY = {{0.5f, 1}, {-1, 0.25f}};
  private static final float[][] KEY = {{1, 0.5f}, {0.75f, -1}};
  private static final float[][] VALUE = {{-0.5f, 1}, {1, 1}};
  private static final float[][] OUTPUT = {{1, 0.5f}, {-0.25f, 1}};
  private static final float[] GATE = {1, -0.5f};
  private static final float[] UP = {0.5f, 0.75f};
  private static final float[] DOWN = {2, -1};
  private static final float[] ATTENTION_NORM = {1, 2};
  private static final float[] FFN_NORM = {0.5f, 1};
  private static final float[] OUTPUT_NORM = {2, 1};
  private static final float[][] HEAD = {{1, 0}, {0.5f, -1}, {-1, 2}};

  private HandMadeModel() {}

  static void write(Path path) throws IOException {
    GgufWriter writer =
        new GgufWriter()
            .put("general.architecture", "llama")
            .put("llama.block_count", 1)
            .put("llama.embedding_length", 2)
            .put("llama.attention.head_count", 1)
            .put("llama.attention.layer_norm_rms_epsilon", (float) EPSILON);
    tensor(writer, "token_embd.weight", EMBEDDING);
    tensor(writer, "blk.0.attn_norm.weight", ATTENTION_NORM);
    tensor(writer, "blk.0.attn_q.weight", QUERY);
    tensor(writer, "blk.0.attn_k.weight", KEY);
    tensor(writer, "blk.0.attn_v.weight", VALUE);
    tensor(writer, "blk.0.attn_output.weight", OUTPUT);
    tensor(writer, "blk.0.ffn_norm.weight", FFN_NORM);
    tensor(writer, "blk.0.ffn_gate.weight", GATE);
    tensor(writer, "blk.0.ffn_up.weight", UP);
    tensor(writer, "blk.0.ffn_down.weight", new float[][] {{DOWN[0]}, {DOWN[1]}});
    tensor(writer, "output_norm.weight", OUTPUT_NORM);
    tensor(writer, "output.weight", HEAD);
    writer.write(path);
  }

  private static void tensor(GgufWriter writer, String name, float[]... rows) {
    boolean vector = name.contains("norm");
    long[] shape = vector ? new long[] {rows[0].length} : new long[] {rows[0].length, rows.length};
    writer.tensor(
        name,
        TensorType.F32,
        shape,
        out -> {
          for (float[] row : rows) {
            out.write(ReferenceQuantiser.quantise(TensorType.F32, row));
          }
        });
  }

  /** What follows token 0, or tokens 0 and 1. */
  static double[] logits(int position) {
    double[] n0 = norm(EMBEDDING[0][0], EMBEDDING[0][1], ATTENTION_NORM);
    double[] n1 = norm(EMBEDDING[1][0], EMBEDDING[1][1], ATTENTION_NORM);
    double[] value0 = times(VALUE, n0);
    double x0 = EMBEDDING[0][0];
    double x1 = EMBEDDING[0][1];
    double[] mixed = value0; // the first position sees only itself
    if (position == 1) {
      x0 = EMBEDDING[1][0];
      x1 = EMBEDDING[1][1];
      // The first key stands at angle 0, the second and its query at angle 1.
      double[] query = turnedByOne(times(QUERY, n1));
      double[] key0 = times(KEY, n0);
      double[] key1 = turnedByOne(times(KEY, n1));
      double score0 = (query[0] * key0[0] + query[1] * key0[1]) / Math.sqrt(2);
      double score1 = (query[0] * key1[0] + query[1] * key1[1]) / Math.sqrt(2);
      double share1 = 1 / (1 + Math.exp(score0 - score1));
      double[] value1 = times(VALUE, n1);
      mixed =
          new double[] {
            (1 - share1) * value0[0] + share1 * value1[0],
            (1 - share1) * value0[1] + share1 * value1[1]
          };
    }
    double[] attended = times(OUTPUT, mixed);
    x0 += attended[0];
    x1 += attended[1];
    double[] n = norm(x0, x1, FFN_NORM);
    double gate = GATE[0] * n[0] + GATE[1] * n[1];
    double up = UP[0] * n[0] + UP[1] * n[1];
    double hidden = gate / (1 + Math.exp(-gate)) * up;
    x0 += DOWN[0] * hidden;
    x1 += DOWN[1] * hidden;
    return times(HEAD, norm(x0, x1, OUTPUT_NORM));
  }

  private static double[] norm(double a, double b, float[] weight) {
    double rms = Math.sqrt((a * a + b * b) / 2 + EPSILON);
    return new double[] {a / rms * weight[0], b / rms * weight[1]};
  }

  private static double[] turnedByOne(double[] v) {
    double cos = Math.cos(1);
    double sin = Math.sin(1);
    return new double[] {v[0] * cos - v[1] * sin, v[0] * sin + v[1] * cos};
  }

  private static double[] times(float[][] rows, double[] v) {
    double[] product = new double[rows.length];
    for (int r = 0; r < rows.length; r++) {
      product[r] = rows[r][0] * v[0] + rows[r][1] * v[1];
    }
    return product;
  }
}
