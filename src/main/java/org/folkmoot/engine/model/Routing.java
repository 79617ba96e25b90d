package org.folkmoot.engine.model;

import org.folkmoot.kernel.Exp;

/**
 * Rule 10: where the router sends one token.
 *
 * @param chosen the experts by logit descending, then by number
 * @param weights what their outputs count
 * @param sharedWeight what the shared expert's output counts
 */
record Routing(int[] chosen, float[] weights, float sharedWeight) {
  /**
   * By the router's logits.
   *
   * @param routes a logit for each expert from {@code at} on, then that of the shared one's gate
   */
  static Routing of(Experts experts, float[] routes, int at) {
    int used = experts.used();
    int[] chosen = new int[used];
    for (int expert = 0; expert < experts.count(); expert++) {
      // Insertion among the best so far; of equals the one with the lesser number stays before.
      int rank = Math.min(expert, used);
      while (rank > 0 && routes[at + chosen[rank - 1]] < routes[at + expert]) {
        if (rank < used) {
          chosen[rank] = chosen[rank - 1];
        }
        rank--;
      }
      if (rank < used) {
        chosen[rank] = expert;
      }
    }
    float max = routes[at + chosen[0]];
    float[] terms = new float[used];
    float sum = 0;
    for (int i = 0; i < used; i++) {
      terms[i] = Exp.exp(routes[at + chosen[i]] - max);
      sum += terms[i];
    }
    if (!experts.normalised()) {
      sum = 0;
      for (int expert = 0; expert < experts.count(); expert++) {
        sum += Exp.exp(routes[at + expert] - max);
      }
    }
    for (int i = 0; i < used; i++) {
      terms[i] = terms[i] / sum;
    }
    float gate = experts.sharedFfn() > 0 ? routes[at + experts.count()] : 0;
    return new Routing(chosen, terms, 1 / (Exp.exp(-gate) + 1));
  }

  /** Which choice of the token an expert is, from 0; -1 if it was not chosen. */
  int rank(int expert) {
    for (int rank = 0; rank < chosen.length; rank++) {
      if (chosen[rank] == expert) {
        return rank;
      }
    }
    return -1;
  }

  float weight(int rank) {
    return weights[rank];
  }
}
