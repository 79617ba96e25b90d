package org.folkmoot.testing;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;

/**
 * A layer's feed-forward in binary64, as {@link ReferenceModel}: one gated network, or a mixture of
 * some (Shazeer et al. 2017; Jiang et al. 2024), position by position.
 */
final class ReferenceFeedForward {
  private final GgufFile file;
  private final String family;

  ReferenceFeedForward(GgufFile file, String family) {
    this.file = file;
    this.family = family;
  }

  /** Of {@code x[feature][position]}. */
  double[][] of(String block, double[][] x) {
    if (file.tensor(block + "ffn_gate_inp.weight").isPresent()) {
      return mixture(block, x);
    }
    if (file.tensor(block + "ffn_gate.weight").isEmpty()) {
      double[][] both = ReferenceModel.linear(file, x, block + "ffn_up");
      int half = both.length / 2;
      return ReferenceModel.linear(
          file,
          gated(Arrays.copyOf(both, half), Arrays.copyOfRange(both, half, both.length)),
          block + "ffn_down");
    }
    return network(block + "ffn_gate", block + "ffn_up", block + "ffn_down", x);
  }

  private double[][] network(String gate, String up, String down, double[][] x) {
    double[][] inner =
        gated(ReferenceModel.linear(file, x, gate), ReferenceModel.linear(file, x, up));
    return ReferenceModel.linear(file, inner, down);
  }

  private double[][] gated(double[][] gate, double[][] up) {
    double[][] inner = new double[gate.length][];
    for (int i = 0; i < gate.length; i++) {
      double[] g = gate[i];
      double[] u = up[i];
      inner[i] = new double[g.length];
      Arrays.setAll(
          inner[i],
          t ->
              family.equals("gpt-oss")
                  ? clamped(g[t], u[t])
                  : (family.startsWith("gemma") ? gelu(g[t]) : silu(g[t])) * u[t]);
    }
    return inner;
  }

  /** OpenAI 2025, gpt-oss: Hendrycks and Gimpel's other approximation, of clamped numbers. */
  private static double clamped(double gate, double up) {
    double g = Math.min(gate, 7);
    return g / (1 + Math.exp(-1.702f * g)) * (Math.clamp(up, -7, 7) + 1);
  }

  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  /** Hendrycks and Gimpel 2016, their approximation by a hyperbolic tangent. */
  private static double gelu(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  private double[][] mixture(String block, double[][] x) {
    int used =
        Math.toIntExact(file.metadata().integer(family + ".expert_used_count").orElseThrow());
    double[][] logits = ReferenceModel.linear(file, x, block + "ffn_gate_inp");
    double[][] sum = new double[x.length][x[0].length];
    for (int t = 0; t < x[0].length; t++) {
      int position = t;
      double[] scores = Arrays.stream(logits).mapToDouble(row -> row[position]).toArray();
      int[] chosen =
          IntStream.range(0, scores.length)
              .boxed()
              .sorted(Comparator.comparingDouble(e -> -scores[e]))
              .limit(used)
              .mapToInt(Integer::intValue)
              .toArray();
      double[] weights = weights(scores, chosen);
      double[][] alone = new double[x.length][];
      Arrays.setAll(alone, i -> new double[] {x[i][position]});
      for (int i = 0; i < used; i++) {
        double[][] given = expert(block, chosen[i], scores.length, alone);
        for (int row = 0; row < sum.length; row++) {
          sum[row][t] += weights[i] * given[row][0];
        }
      }
    }
    if (file.tensor(block + "ffn_gate_inp_shexp.weight").isPresent()) {
      double[] gate = ReferenceModel.linear(file, x, block + "ffn_gate_inp_shexp")[0];
      double[][] given =
          network(block + "ffn_gate_shexp", block + "ffn_up_shexp", block + "ffn_down_shexp", x);
      for (int row = 0; row < sum.length; row++) {
        for (int t = 0; t < gate.length; t++) {
          sum[row][t] += given[row][t] / (1 + Math.exp(-gate[t]));
        }
      }
    }
    return sum;
  }

  /**
   * Qwen2-MoE takes those of a softmax over all experts as they are, others make them add up, if
   * the file does not say it otherwise.
   */
  private double[] weights(double[] scores, int[] chosen) {
    double[] all = scores.clone();
    ReferenceModel.softmax(all);
    double[] weights = Arrays.stream(chosen).mapToDouble(e -> all[e]).toArray();
    boolean addUp =
        file.metadata().bool(family + ".expert_weights_norm").orElse(!family.equals("qwen2moe"));
    double total = addUp ? Arrays.stream(weights).sum() : 1;
    return Arrays.stream(weights).map(weight -> weight / total).toArray();
  }

  private double[][] expert(String block, int expert, int count, double[][] x) {
    if (file.tensor(block + "ffn_gate_exps.weight").isEmpty()) {
      String end = "." + expert;
      return network(block + "ffn_gate" + end, block + "ffn_up" + end, block + "ffn_down" + end, x);
    }
    double[][] gate = stacked(block + "ffn_gate_exps.weight", expert, count, x);
    double[][] up = stacked(block + "ffn_up_exps.weight", expert, count, x);
    return stacked(block + "ffn_down_exps.weight", expert, count, gated(gate, up));
  }

  private double[][] stacked(String name, int expert, int count, double[][] x) {
    GgufTensor tensor = file.tensor(name).orElseThrow();
    ReferenceModel.demandShape(tensor, x.length);
    int rows = Math.toIntExact(tensor.rows() / count);
    double[][] y = new double[rows][x[0].length];
    file.tensor(name.replace(".weight", ".bias"))
        .ifPresent(bias -> {
          double[] own = new double[rows];
          Dequantiser.row(file, bias, expert, own);
          for (int r = 0; r < rows; r++) {
            Arrays.fill(y[r], own[r]);
          }
        });
    double[] row = new double[x.length];
    for (int r = 0; r < rows; r++) {
      Dequantiser.row(file, tensor, expert * rows + r, row);
      for (int i = 0; i < row.length; i++) {
        ReferenceModel.addScaled(y[r], row[i], x[i]);
      }
    }
    return y;
  }
}
