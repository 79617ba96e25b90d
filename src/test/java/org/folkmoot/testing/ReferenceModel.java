package org.folkmoot.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;

/**
 * The Llama family's forward pass in binary64, written to be seen to be right: weights are the real
 * numbers that the file stands for, nothing is rounded on the way, nothing is shared with the
 * engine but the reading of GGUF. Follows Touvron et al., "LLaMA" (2023): RMSNorm (Zhang and
 * Sennrich 2019), RoPE (Su et al. 2021), SwiGLU (Shazeer 2020), grouped queries (Ainslie et al.
 * 2023).
 *
 * <p>Activations are matrices {@code x[feature][position]}, so that the inner loop of every product
 * runs over independent positions and the compiler may vectorise it without reordering a sum: the
 * logits are the same whether positions come together or one by one.
 */
public final class ReferenceModel implements LogitsFunction {
  private final GgufFile file;
  private final String family;
  private final int layers;
  private final int dim;
  private final int heads;
  private final int kvHeads;
  private final int headDim;
  private final double epsilon;
  private final ReferenceRope rope;

  /** The model in a file, with the rotation that its architecture uses. */
  public ReferenceModel(GgufFile file) {
    this(file, ReferenceRope.pairing(file));
  }

  /** The model in a file; the file must stay open. */
  public ReferenceModel(GgufFile file, ReferenceRope.Pairing pairing) {
    this.file = file;
    family = file.metadata().string("general.architecture").orElseThrow();
    layers = integer("block_count");
    dim = integer("embedding_length");
    heads = integer("attention.head_count");
    kvHeads = (int) number("attention.head_count_kv", heads);
    headDim = (int) number("attention.key_length", dim / (double) heads);
    epsilon = file.metadata().number(family + ".attention.layer_norm_rms_epsilon").orElseThrow();
    rope = new ReferenceRope(file, family, headDim, pairing);
  }

  @Override
  public double[][] logits(int[] ids) {
    return forward(ids, new Cache(layers));
  }

  /** The ids that follow a prompt when always the likeliest is taken, the least of equals. */
  public int[] greedy(int[] prompt, int count) {
    Cache cache = new Cache(layers);
    int[] chosen = new int[count];
    int[] next = prompt;
    for (int i = 0; i < count; i++) {
      double[][] logits = forward(next, cache);
      chosen[i] = argmax(logits[logits.length - 1]);
      next = new int[] {chosen[i]};
    }
    return chosen;
  }

  /** The index of the greatest, the least of equals. */
  static int argmax(double[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }

  /** Keys and values of the positions seen: {@code [layer][position][kvHead * headDim + i]}. */
  private record Cache(List<List<double[]>> keys, List<List<double[]>> values) {
    Cache(int layers) {
      this(new ArrayList<>(), new ArrayList<>());
      for (int layer = 0; layer < layers; layer++) {
        keys.add(new ArrayList<>());
        values.add(new ArrayList<>());
      }
    }
  }

  private double[][] forward(int[] ids, Cache cache) {
    double[][] x = embed(ids);
    for (int layer = 0; layer < layers; layer++) {
      String block = "blk." + layer + ".";
      add(x, attention(block, norm(x, block + "attn_norm"), cache, layer));
      add(x, feedForward(block, norm(x, block + "ffn_norm")));
    }
    String head = file.tensor("output.weight").isPresent() ? "output" : "token_embd";
    return transpose(linear(norm(x, "output_norm"), head));
  }

  private double[][] embed(int[] ids) {
    GgufTensor table = tensor("token_embd.weight");
    double[][] rows = new double[ids.length][dim];
    for (int t = 0; t < ids.length; t++) {
      Dequantiser.row(file, table, ids[t], rows[t]);
    }
    return transpose(rows);
  }

  private double[][] attention(String block, double[][] x, Cache cache, int layer) {
    List<double[]> keys = cache.keys.get(layer);
    List<double[]> values = cache.values.get(layer);
    int start = keys.size();
    double[][] queries = transpose(linear(x, block + "attn_q"));
    double[][] newKeys = transpose(linear(x, block + "attn_k"));
    for (int t = 0; t < queries.length; t++) {
      normHeads(queries[t], block + "attn_q_norm.weight");
      normHeads(newKeys[t], block + "attn_k_norm.weight");
      rope.rotate(queries[t], start + t);
      rope.rotate(newKeys[t], start + t);
    }
    keys.addAll(Arrays.asList(newKeys));
    values.addAll(Arrays.asList(transpose(linear(x, block + "attn_v"))));

    double[][] mixed = new double[queries.length][heads * headDim];
    for (int t = 0; t < queries.length; t++) {
      for (int head = 0; head < heads; head++) {
        attend(queries[t], keys, values, head, start + t, mixed[t]);
      }
    }
    return linear(transpose(mixed), block + "attn_output");
  }

  /** One head of one position, which sees itself and all before it. */
  private void attend(
      double[] query,
      List<double[]> keys,
      List<double[]> values,
      int head,
      int position,
      double[] into) {
    int at = head * headDim;
    int group = head / (heads / kvHeads) * headDim;
    double[] weights = new double[position + 1];
    for (int past = 0; past <= position; past++) {
      for (int i = 0; i < headDim; i++) {
        weights[past] += query[at + i] * keys.get(past)[group + i];
      }
      weights[past] /= Math.sqrt(headDim);
    }
    softmax(weights);
    for (int past = 0; past <= position; past++) {
      for (int i = 0; i < headDim; i++) {
        into[at + i] += weights[past] * values.get(past)[group + i];
      }
    }
  }

  private double[][] feedForward(String block, double[][] x) {
    double[][] gate = linear(x, block + "ffn_gate");
    double[][] up = linear(x, block + "ffn_up");
    for (int i = 0; i < gate.length; i++) {
      for (int t = 0; t < gate[i].length; t++) {
        double g = gate[i][t];
        gate[i][t] = g / (1 + Math.exp(-g)) * up[i][t];
      }
    }
    return linear(gate, block + "ffn_down");
  }

  /** {@code y[row][t] = bias[row] + Σ weight[row][i] x[i][t]}. */
  private double[][] linear(double[][] x, String name) {
    GgufTensor weight = tensor(name + ".weight");
    demandShape(weight, x.length);
    int rows = Math.toIntExact(weight.rows());
    double[][] y = new double[rows][x[0].length];
    double[] row = new double[x.length];
    for (int r = 0; r < rows; r++) {
      Dequantiser.row(file, weight, r, row);
      for (int i = 0; i < row.length; i++) {
        addScaled(y[r], row[i], x[i]);
      }
    }
    Optional<GgufTensor> bias = file.tensor(name + ".bias");
    if (bias.isPresent()) {
      double[] b = Dequantiser.all(file, bias.get());
      for (int r = 0; r < rows; r++) {
        for (int t = 0; t < y[r].length; t++) {
          y[r][t] += b[r];
        }
      }
    }
    return y;
  }

  private static void addScaled(double[] y, double scale, double[] x) {
    for (int t = 0; t < y.length; t++) {
      y[t] += scale * x[t];
    }
  }

  /** RMSNorm of every position. */
  private double[][] norm(double[][] x, String name) {
    double[] weight = Dequantiser.all(file, tensor(name + ".weight"));
    double[][] rows = transpose(x);
    for (double[] row : rows) {
      norm(row, 0, row.length, weight);
    }
    return transpose(rows);
  }

  /** RMSNorm of every head by itself, where the file has weights for it. */
  private void normHeads(double[] vector, String name) {
    Optional<GgufTensor> tensor = file.tensor(name);
    if (tensor.isPresent()) {
      double[] weight = Dequantiser.all(file, tensor.get());
      for (int at = 0; at < vector.length; at += headDim) {
        norm(vector, at, headDim, weight);
      }
    }
  }

  private void norm(double[] vector, int at, int length, double[] weight) {
    double squares = 0;
    for (int i = 0; i < length; i++) {
      squares += vector[at + i] * vector[at + i];
    }
    double scale = 1 / Math.sqrt(squares / length + epsilon);
    for (int i = 0; i < length; i++) {
      vector[at + i] *= scale * weight[i];
    }
  }

  private static void softmax(double[] scores) {
    double max = Arrays.stream(scores).max().orElseThrow();
    double sum = 0;
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.exp(scores[i] - max);
      sum += scores[i];
    }
    for (int i = 0; i < scores.length; i++) {
      scores[i] /= sum;
    }
  }

  private static void add(double[][] x, double[][] y) {
    for (int i = 0; i < x.length; i++) {
      addScaled(x[i], 1, y[i]);
    }
  }

  private static double[][] transpose(double[][] x) {
    double[][] y = new double[x[0].length][x.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y.length; j++) {
        y[j][i] = x[i][j];
      }
    }
    return y;
  }

  private GgufTensor tensor(String name) {
    return file.tensor(name).orElseThrow(() -> new IllegalStateException("no tensor " + name));
  }

  private static void demandShape(GgufTensor weight, int columns) {
    if (weight.columns() != columns) {
      throw new IllegalStateException(weight + " is given " + columns + " values");
    }
  }

  private int integer(String key) {
    return Math.toIntExact(file.metadata().integer(family + "." + key).orElseThrow());
  }

  private double number(String key, double otherwise) {
    return file.metadata().number(family + "." + key).orElse(otherwise);
  }
}
