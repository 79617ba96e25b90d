package org.folkmoot.serve;

/** Memory for numbers that seats keep, all together. On the loop only. */
final class FloatBudget {
  private final long limit;
  private long taken;

  FloatBudget(long limit) {
    this.limit = limit;
  }

  /** Takes room for some numbers; false, and nothing is taken, if there is not so much left. */
  boolean take(long floats) {
    if (taken + floats > limit) {
      return false;
    }
    taken += floats;
    return true;
  }

  /** Gives room back. */
  void give(long floats) {
    taken -= floats;
  }

  /** What is taken now. */
  long taken() {
    return taken;
  }
}
