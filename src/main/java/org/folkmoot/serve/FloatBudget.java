package org.folkmoot.serve;

import java.util.LinkedHashSet;
import java.util.Set;

/** Memory for numbers that seats keep, all together. On the loop only. */
final class FloatBudget {
  private final long limit;
  private final Set<Runnable> lenders = new LinkedHashSet<>();
  private long taken;

  FloatBudget(long limit) {
    this.limit = limit;
  }

  /**
   * Adds somebody who keeps what it could do without.
   *
   * @param gives has it give that back
   */
  void lend(Runnable gives) {
    lenders.add(gives);
  }

  /** Undoes {@link #lend}. */
  void lendNoMore(Runnable gives) {
    lenders.remove(gives);
  }

  /**
   * Takes room for some numbers; where there is not so much left, from those who could do without,
   * the oldest first. False, and nothing is taken, if that is not enough.
   */
  boolean take(long floats) {
    for (Runnable gives : lenders) {
      if (taken + floats <= limit) {
        break;
      }
      gives.run();
    }
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
