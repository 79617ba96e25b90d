package org.folkmoot.engine.model;

import java.util.Arrays;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.folkmoot.kernel.Elementwise;
import org.folkmoot.kernel.Oracle;

/**
 * The operators of a mixture of experts at one position, by the {@link Oracle}. Of the experts only
 * those that the router's logits choose are read.
 *
 * @param experts of the model
 * @param biased whether router and experts have biases
 * @param multiply some rows of a tensor times a vector
 * @param numbers some rows of a tensor as numbers
 */
record LoneExperts(
    Experts experts,
    boolean biased,
    BiFunction<LayerTensors.Slice, float[], float[]> multiply,
    Function<LayerTensors.Slice, float[]> numbers) {
  /** The router's logits: rule 3 on its weights as numbers, whatever their format. */
  float[] router(LayerTensors at, float[] x) {
    float[] logits = new float[experts.routes()];
    int route = 0;
    for (LayerTensors.Slice slice : at.router()) {
      float[] weights = numbers.apply(slice);
      for (int row = 0; row < slice.rows(); row++) {
        float[] own = Arrays.copyOfRange(weights, row * x.length, (row + 1) * x.length);
        logits[route++] = Oracle.dot(own, x);
      }
    }
    if (biased) {
      LayerTensors.Slice bias =
          LayerTensors.Slice.whole(at.name("ffn_gate_inp.bias"), 1, experts.count());
      logits = Oracle.add(logits, numbers.apply(bias));
    }
    Elementwise.requireFinite(logits, 0, logits.length);
    return logits;
  }

  /**
   * What one matrix of each chosen expert makes of the same input, in the order of choice.
   *
   * @param matrix {@code gate} or {@code up}
   */
  float[] each(LayerTensors at, String matrix, float[] x, float[] logits) {
    int[] chosen = chosen(logits);
    float[] all = new float[experts.used() * experts.ffn()];
    for (int rank = 0; rank < chosen.length; rank++) {
      int expert = chosen[rank];
      LayerTensors.Slice rows = matrix.equals("gate") ? at.expertGate(expert) : at.expertUp(expert);
      float[] one = biased(at, matrix, expert, multiply.apply(rows, x));
      System.arraycopy(one, 0, all, rank * experts.ffn(), one.length);
    }
    return all;
  }

  /** What the chosen experts give, each from its own inner state. */
  float[] down(LayerTensors at, float[] inner, float[] logits) {
    int[] chosen = chosen(logits);
    int dim = at.expertDown(0).rows();
    float[] all = new float[experts.used() * dim];
    for (int rank = 0; rank < chosen.length; rank++) {
      float[] own = Arrays.copyOfRange(inner, rank * experts.ffn(), (rank + 1) * experts.ffn());
      float[] product = multiply.apply(at.expertDown(chosen[rank]), own);
      float[] one = biased(at, "down", chosen[rank], product);
      System.arraycopy(one, 0, all, rank * dim, dim);
    }
    return all;
  }

  /**
   * What they give together.
   *
   * @param outputs of those chosen, in their order
   * @param shared of the shared expert, or empty
   */
  float[] mixture(float[] outputs, float[] logits, float[] shared) {
    int dim = outputs.length / experts.used();
    float[] own = Arrays.copyOf(logits, experts.count());
    float[] weights = Oracle.weights(own, chosen(logits), experts.normalised());
    float[] sum = new float[dim];
    for (int rank = 0; rank < weights.length; rank++) {
      float[] output = Arrays.copyOfRange(outputs, rank * dim, (rank + 1) * dim);
      sum = Oracle.addWeighted(sum, weights[rank], output);
    }
    return shared.length == 0
        ? sum
        : Oracle.addWeighted(sum, Oracle.sharedWeight(logits[experts.count()]), shared);
  }

  private float[] biased(LayerTensors at, String matrix, int expert, float[] y) {
    return biased ? Oracle.add(y, numbers.apply(at.expertBias(matrix, expert, y.length))) : y;
  }

  private int[] chosen(float[] logits) {
    Elementwise.requireFinite(logits, 0, logits.length);
    return Oracle.chosen(Arrays.copyOf(logits, experts.count()), experts.used());
  }
}
