package org.folkmoot.testing;

import java.util.function.Function;

/** What a model is to a comparison: the logits that follow each prefix of a sequence of ids. */
@FunctionalInterface
public interface LogitsFunction {
  /** For each id the logits of what comes after it, given it and all ids before. */
  double[][] logits(int[] ids);

  /** One whose logits are binary32, as an engine's are. */
  static LogitsFunction ofFloats(Function<int[], float[][]> floats) {
    return ids -> {
      float[][] narrow = floats.apply(ids);
      double[][] wide = new double[narrow.length][];
      for (int t = 0; t < wide.length; t++) {
        wide[t] = new double[narrow[t].length];
        for (int id = 0; id < wide[t].length; id++) {
          wide[t][id] = narrow[t][id];
        }
      }
      return wide;
    };
  }
}
