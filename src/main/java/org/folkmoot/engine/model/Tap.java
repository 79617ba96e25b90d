package org.folkmoot.engine.model;

import java.util.List;

/**
 * Where a pass shows what its operators gave, while the numbers are still there. A pass that nobody
 * watches has {@link #NONE}: then it costs a call that does nothing for each operator of a layer.
 */
interface Tap {
  /** Looks at nothing. */
  Tap NONE =
      new Tap() {
        @Override
        public boolean watches() {
          return false;
        }

        @Override
        public void rows(
            int layer, Operator op, int head, float[] values, int stride, int at, int length) {}

        @Override
        public void stored(int layer, int cacheLayer, List<Step> steps) {}
      };

  /** Whether it looks at anything; else a pass need not keep what it shows. */
  default boolean watches() {
    return true;
  }

  /**
   * The rows of one operator.
   *
   * @param values row of the pass's token {@code t} at {@code t * stride + at}; the pass goes on to
   *     use the array
   */
  void rows(int layer, Operator op, int head, float[] values, int stride, int at, int length);

  /**
   * Keys and values of the pass's tokens lie in the caches now.
   *
   * @param cacheLayer the layer's number in the caches
   */
  void stored(int layer, int cacheLayer, List<Step> steps);
}
