package org.folkmoot.simulation;

/** Something that goes wrong at a time. {@code which} picks one of those that can be hit then. */
sealed interface Fault {
  /** When, in nanoseconds since the plan began. */
  long at();

  /** A process dies; {@code silently} with its machine, so that nobody is told. */
  record Crash(long at, int which, boolean silently) implements Fault {}

  /** A process stops for a while (SIGSTOP, a long pause). */
  record Freeze(long at, int which, long nanos) implements Fault {}

  /** A node says goodbye and goes. */
  record Leave(long at, int which) implements Fault {}

  /** A new node comes. */
  record Join(long at) implements Fault {}

  /** A node computes so many times slower for a while. */
  record Slow(long at, int which, double factor, long nanos) implements Fault {}

  /** All links of a node break at once; it can dial again. */
  record Cut(long at, int which) implements Fault {}

  /** So many nodes, from one on, are cut off from all others for a while. */
  record Partition(long at, int which, int nodes, long nanos) implements Fault {}

  /** The whole network loses more for a while. */
  record Loss(long at, double share, long nanos) implements Fault {}

  /** Whom faults hit. */
  interface Target {
    /** Makes it happen. */
    void strike(Fault fault);
  }
}
