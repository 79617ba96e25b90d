package org.folkmoot.simulation;

import java.util.stream.LongStream;

/**
 * Which seeds a test runs: {@code -Dfolkmoot.sim.seed=N} runs that one alone, {@code
 * -Dfolkmoot.sim.seeds=N} so many.
 */
final class Seeds {
  private Seeds() {}

  /** The seeds to run, so many if nobody says. */
  static LongStream of(int usual) {
    Long one = Long.getLong("folkmoot.sim.seed");
    return one == null
        ? LongStream.rangeClosed(1, Integer.getInteger("folkmoot.sim.seeds", usual))
        : LongStream.of(one);
  }
}
