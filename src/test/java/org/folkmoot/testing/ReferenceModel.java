package org.folkmoot.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;

/**
 * A decoder's forward pass in binary64, written to be seen to be right: weights are the real
 * numbers that the file stands for, nothing is rounded on the way, nothing is shared with the
 * engine but the reading of GGUF. Follows Touvron et al., "LLaMA" (2023): RMSNorm (Zhang and
 * Sennrich 2019), RoPE (Su et al. 2021), SwiGLU (Shazeer 2020), grouped queries (Ainslie et al.
 * 2023); what other families add follows the reports on Gemma 2 (2024) and 3 (2025), Qwen2 (2024)
 * and Qwen3 (2025), Phi-3 (2024) and Mixtral (2024).
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
  private final ReferenceRope windowRope;
  private final int window;
  private final boolean[] seesAll;
  private final double scoreScale;
  private final double scoreCap;
  private final double logitCap;
  private final ReferenceFeedForward feedForward;

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
    boolean gemma3 = family.equals("gemma3");
    windowRope =
        gemma3 || family.equals("olmo2")
            ? new ReferenceRope(
                headDim,
                pairing,
                number("rope.freq_base_swa", gemma3 ? 10_000 : number("rope.freq_base", 10_000)))
            : rope;
    window = (int) number("attention.sliding_window", 0);
    boolean everySecond = family.equals("gemma2") || family.equals("gpt-oss");
    seesAll = seesAll(gemma3 ? 6 : everySecond ? 2 : family.equals("olmo2") ? 4 : 0);
    boolean is27B = (gemma3 && layers == 62) || (family.equals("gemma2") && layers == 46);
    scoreScale = number("attention.scale", 1 / Math.sqrt(is27B ? dim / (double) heads : headDim));
    scoreCap = number("attn_logit_softcapping", 0);
    logitCap = number("final_logit_softcapping", 0);
    feedForward = new ReferenceFeedForward(file, family);
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
      double[][] read = attention(block, normIfThere(x, block + "attn_norm"), cache, layer);
      // What gpt-oss calls a norm behind attention is the one before the feed-forward.
      boolean behind = !family.equals("gpt-oss");
      String post = block + "post_attention_norm";
      add(x, times(number("residual_scale", 1), behind ? normIfThere(read, post) : read));
      double[][] fed = feedForward.of(block, normIfThere(x, behind ? block + "ffn_norm" : post));
      add(x, times(number("residual_scale", 1), normIfThere(fed, block + "post_ffw_norm")));
    }
    String head = file.tensor("output.weight").isPresent() ? "output" : "token_embd";
    double[][] logits = transpose(linear(file, norm(x, "output_norm"), head));
    logits = times(1 / number("logit_scale", 1), logits);
    if (logitCap > 0) {
      for (double[] row : logits) {
        Arrays.setAll(row, i -> logitCap * Math.tanh(row[i] / logitCap));
      }
    }
    return logits;
  }

  private double[][] embed(int[] ids) {
    GgufTensor table = tensor("token_embd.weight");
    double[][] rows = new double[ids.length][dim];
    for (int t = 0; t < ids.length; t++) {
      Dequantiser.row(file, table, ids[t], rows[t]);
    }
    boolean gemma = family.startsWith("gemma");
    double scale = gemma ? Math.sqrt(dim) : number("embedding_scale", 1);
    return transpose(times(scale, rows));
  }

  private double[][] attention(String block, double[][] x, Cache cache, int layer) {
    List<double[]> keys = cache.keys.get(layer);
    List<double[]> values = cache.values.get(layer);
    int start = keys.size();
    int q = heads * headDim;
    int kv = kvHeads * headDim;
    double[][] queries = transpose(rows(x, block, "attn_q", 0, q));
    double[][] newKeys = transpose(rows(x, block, "attn_k", q, kv));
    ReferenceRope turn = hasWindow(layer) ? windowRope : rope;
    for (int t = 0; t < queries.length; t++) {
      normHeads(queries[t], block + "attn_q_norm.weight");
      normHeads(newKeys[t], block + "attn_k_norm.weight");
      if (family.equals("smollm3") && layer % 4 == 3) {
        continue; // Yang et al. 2025, "Rope to Nope and Back Again"
      }
      turn.rotate(queries[t], start + t);
      turn.rotate(newKeys[t], start + t);
    }
    keys.addAll(Arrays.asList(newKeys));
    values.addAll(Arrays.asList(transpose(rows(x, block, "attn_v", q + kv, kv))));

    Optional<GgufTensor> sinks = file.tensor(block + "attn_sinks.weight");
    double[] sink = sinks.isPresent() ? Dequantiser.all(file, sinks.get()) : new double[0];
    double[][] mixed = new double[queries.length][heads * headDim];
    for (int t = 0; t < queries.length; t++) {
      for (int head = 0; head < heads; head++) {
        int from = hasWindow(layer) ? Math.max(0, start + t - window + 1) : 0;
        double[] own = sinks.isPresent() ? new double[] {sink[head]} : sink;
        attend(queries[t], keys, values, head, from, start + t, own, mixed[t]);
      }
    }
    return linear(file, transpose(mixed), block + "attn_output");
  }

  private boolean hasWindow(int layer) {
    return window > 0 && !seesAll[layer];
  }

  /**
   * Which layers see everything though there is a window: as the file lists them, or the last of so
   * many, of as many as the file says or as are usual; with 0 none.
   */
  private boolean[] seesAll(int usualPeriod) {
    String key = "attention.sliding_window_pattern";
    boolean[] all = new boolean[layers];
    if (file.metadata().value(family + "." + key).orElse("") instanceof boolean[] windowed) {
      for (int layer = 0; layer < layers; layer++) {
        all[layer] = !windowed[layer];
      }
      return all;
    }
    int period = (int) number(key, usualPeriod);
    for (int layer = period - 1; period > 0 && layer < layers; layer += period) {
      all[layer] = true;
    }
    return all;
  }

  /** One of three projections, which some files have in one tensor, one below the other. */
  private double[][] rows(double[][] x, String block, String name, int first, int count) {
    return file.tensor(block + "attn_qkv.weight").isPresent()
        ? Arrays.copyOfRange(linear(file, x, block + "attn_qkv"), first, first + count)
        : linear(file, x, block + name);
  }

  /** One head of one position, which sees itself and those before it from some one on. */
  private void attend(
      double[] query,
      List<double[]> keys,
      List<double[]> values,
      int head,
      int from,
      int position,
      double[] sink,
      double[] into) {
    int at = head * headDim;
    int group = head / (heads / kvHeads) * headDim;
    double[] weights = new double[position + 1 - from];
    for (int past = from; past <= position; past++) {
      double score = 0;
      for (int i = 0; i < headDim; i++) {
        score += query[at + i] * keys.get(past)[group + i];
      }
      score *= scoreScale;
      weights[past - from] = scoreCap > 0 ? scoreCap * Math.tanh(score / scoreCap) : score;
    }
    if (sink.length > 0) { // Xiao et al. 2023: a place beside the others that has no value
      weights = Arrays.copyOf(weights, weights.length + 1);
      weights[weights.length - 1] = sink[0];
    }
    softmax(weights);
    for (int past = from; past <= position; past++) {
      for (int i = 0; i < headDim; i++) {
        into[at + i] += weights[past - from] * values.get(past)[group + i];
      }
    }
  }

  /** {@code y[row][t] = bias[row] + Σ weight[row][i] x[i][t]}. */
  static double[][] linear(GgufFile file, double[][] x, String name) {
    GgufTensor weight = file.tensor(name + ".weight").orElseThrow();
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

  static void addScaled(double[] y, double scale, double[] x) {
    for (int t = 0; t < y.length; t++) {
      y[t] += scale * x[t];
    }
  }

  private double[][] normIfThere(double[][] x, String name) {
    return file.tensor(name + ".weight").isPresent() ? norm(x, name) : x;
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

  /** RMSNorm of every head by itself, or of all if there are as many weights. */
  private void normHeads(double[] vector, String name) {
    Optional<GgufTensor> tensor = file.tensor(name);
    if (tensor.isPresent()) {
      double[] weight = Dequantiser.all(file, tensor.get());
      for (int at = 0; at < vector.length; at += weight.length) {
        norm(vector, at, weight.length, weight);
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

  static void softmax(double[] scores) {
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

  private static double[][] times(double scale, double[][] x) {
    double[][] y = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      double[] row = x[i];
      y[i] = new double[row.length];
      Arrays.setAll(y[i], t -> scale * row[t]);
    }
    return y;
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

  static void demandShape(GgufTensor weight, int columns) {
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
