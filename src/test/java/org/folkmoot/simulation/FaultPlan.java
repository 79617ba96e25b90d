package org.folkmoot.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/** What will go wrong, drawn before it begins. */
record FaultPlan(List<Fault> faults) {
  private static final long SECOND = 1_000_000_000L;

  /**
   * How often things go wrong: events a minute in the whole swarm.
   *
   * @param crashes processes that die, a third of them with their machines
   * @param freezes processes that stop for up to 10 s
   * @param leaves nodes that go
   * @param joins nodes that come
   * @param slows nodes that compute 2 to 20 times slower for up to 30 s
   * @param cuts nodes of which all links break
   * @param partitions groups of up to a quarter of the swarm, cut off for up to 15 s
   * @param losses times of up to 20 s in which 1 to 10 % is lost
   */
  record Rates(
      double crashes,
      double freezes,
      double leaves,
      double joins,
      double slows,
      double cuts,
      double partitions,
      double losses) {
    /** Nothing but going and coming: a share of so many nodes each minute. */
    static Rates churn(int nodes, double share) {
      double each = nodes * share;
      return new Rates(each / 2, 0, each / 2, each, 0, 0, 0, 0);
    }
  }

  FaultPlan {
    faults = List.copyOf(faults);
  }

  /** Draws a plan for a time and a swarm of so many nodes. */
  static FaultPlan draw(SplittableRandom random, Rates rates, int nodes, long nanos) {
    List<Fault> faults = new ArrayList<>();
    for (long at : times(random, rates.crashes, nanos)) {
      faults.add(new Fault.Crash(at, any(random), random.nextInt(3) == 0));
    }
    for (long at : times(random, rates.freezes, nanos)) {
      faults.add(new Fault.Freeze(at, any(random), random.nextLong(10 * SECOND)));
    }
    for (long at : times(random, rates.leaves, nanos)) {
      faults.add(new Fault.Leave(at, any(random)));
    }
    for (long at : times(random, rates.joins, nanos)) {
      faults.add(new Fault.Join(at));
    }
    for (long at : times(random, rates.slows, nanos)) {
      double factor = random.nextDouble(2, 20);
      faults.add(new Fault.Slow(at, any(random), factor, random.nextLong(30 * SECOND)));
    }
    for (long at : times(random, rates.cuts, nanos)) {
      faults.add(new Fault.Cut(at, any(random)));
    }
    for (long at : times(random, rates.partitions, nanos)) {
      int apart = 1 + random.nextInt(Math.max(1, nodes / 4));
      faults.add(new Fault.Partition(at, any(random), apart, random.nextLong(15 * SECOND)));
    }
    for (long at : times(random, rates.losses, nanos)) {
      double share = random.nextDouble(0.01, 0.1);
      faults.add(new Fault.Loss(at, share, random.nextLong(20 * SECOND)));
    }
    faults.sort(Comparator.comparingLong(Fault::at));
    return new FaultPlan(faults);
  }

  private static int any(SplittableRandom random) {
    return random.nextInt(Integer.MAX_VALUE);
  }

  /** A Poisson process: exponentially distributed times between events. */
  private static List<Long> times(SplittableRandom random, double aMinute, long nanos) {
    List<Long> times = new ArrayList<>();
    if (aMinute > 0) {
      double mean = 60 * SECOND / aMinute;
      for (double at = random.nextExponential() * mean;
          at < nanos;
          at += random.nextExponential() * mean) {
        times.add((long) at);
      }
    }
    return times;
  }

  /** Lets it all happen, from now on. */
  void begin(Simulation simulation, Fault.Target target) {
    for (Fault fault : faults) {
      simulation.schedule(
          fault.at(),
          () -> {
            simulation.trace(null, fault.toString());
            target.strike(fault);
          });
    }
  }
}
