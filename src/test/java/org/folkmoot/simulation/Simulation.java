package org.folkmoot.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.folkmoot.base.Loop;
import org.jspecify.annotations.Nullable;

/**
 * Discrete-event simulation: one queue of events in virtual time, one source of randomness. What
 * happens is a function of the seed alone; {@link #traceHash} holds that to account.
 *
 * <p>After each event all invariants are checked. Whatever fails comes out as an {@link
 * AssertionError} with the seed, the last events and the command that repeats it.
 */
final class Simulation {
  /** Something that holds after each event. */
  interface Invariant {
    /**
     * Throws an {@link AssertionError} if it does not hold.
     *
     * @param touched whose event it was; null for one of the world's
     */
    void check(@Nullable SimLoop touched);
  }

  /**
   * What of all that happens is printed: {@code -Dfolkmoot.sim.trace=TEXT} for the lines with that
   * text in it, such as a session's id or a node's name.
   */
  private static final @Nullable String PRINTED = System.getProperty("folkmoot.sim.trace");

  /** Events kept for the report of a failure. */
  private static final int REPORTED = 60;

  /** The date at which every simulation begins: 2030-01-01. */
  static final long EPOCH_MILLIS = 1_893_456_000_000L;

  private final long seed;
  private final String command;
  private final PriorityQueue<Event> queue = new PriorityQueue<>();
  private final List<Invariant> invariants = new ArrayList<>();
  private final @Nullable Note[] report = new @Nullable Note[REPORTED];
  private long reported;
  private long now;
  private long scheduled;
  private long executed;
  private long traceHash;

  /**
   * A simulation at time 0.
   *
   * @param test the test that a failure names for repeating it
   */
  Simulation(Class<?> test, long seed) {
    this.seed = seed;
    this.traceHash = mix(seed);
    this.command =
        "./check -Dtest=%s -Dfolkmoot.sim.seed=%d -Dtest.excluded.groups="
            .formatted(test.getSimpleName(), seed);
  }

  /** What all else follows from. */
  long seed() {
    return seed;
  }

  /** Nanoseconds since the beginning. */
  long now() {
    return now;
  }

  /** Events executed so far. */
  long executed() {
    return executed;
  }

  /** A hash over all events so far: equal for equal runs. */
  long traceHash() {
    return traceHash;
  }

  /**
   * A source of randomness of its own for each purpose, so that a new draw in one place leaves all
   * others as they are.
   */
  SplittableRandom random(String purpose) {
    return new SplittableRandom(mix(seed ^ mix(purpose.hashCode())));
  }

  /** Adds an invariant. */
  void invariant(Invariant invariant) {
    invariants.add(invariant);
  }

  /** Schedules an event of the world: it happens whatever state the nodes are in. */
  Event schedule(long delayNanos, Runnable task) {
    return schedule(delayNanos, null, task);
  }

  /** Schedules an event of a node, which that node's state may delay or drop. */
  Event schedule(long delayNanos, @Nullable SimLoop owner, Runnable task) {
    Event event = new Event(now + Math.max(0, delayNanos), scheduled++, owner, task);
    queue.add(event);
    return event;
  }

  /** Takes note of something that belongs to the course of things. */
  void trace(@Nullable SimLoop owner, String what) {
    note(owner, what.hashCode(), () -> what);
  }

  /** Takes note of a frame that came. */
  void trace(SimLoop owner, SimLoop from, byte[] frame) {
    note(owner, Arrays.hashCode(frame), () -> FrameText.of(frame) + " from " + from.name());
  }

  private void note(@Nullable SimLoop owner, long hash, Supplier<String> text) {
    traceHash = mix(traceHash ^ mix(now ^ mix(hash)) ^ (owner == null ? -1 : owner.number()));
    Note note = new Note(now, owner, text);
    report[(int) (reported++ % REPORTED)] = note;
    if (PRINTED != null) {
      String line = note.toString();
      if (line.contains(PRINTED)) {
        System.out.println(line);
      }
    }
  }

  /** Runs for a while. */
  void runFor(long nanos) {
    long end = now + nanos;
    runUntil(() -> false, nanos);
    now = end;
  }

  /**
   * Runs until something is the case, looking after each event.
   *
   * @return whether it came to be in that time
   */
  boolean runUntil(BooleanSupplier condition, long atMostNanos) {
    long end = now + atMostNanos;
    while (!condition.getAsBoolean()) {
      Event next = queue.peek();
      if (next == null || next.time > end) {
        return false;
      }
      queue.remove();
      now = next.time;
      execute(next);
    }
    return true;
  }

  private void execute(Event event) {
    SimLoop owner = event.owner;
    if (event.task == null || (owner != null && !owner.admits(event))) {
      return;
    }
    executed++;
    traceHash = mix(traceHash ^ mix(now) ^ (owner == null ? -1 : owner.number()));
    try {
      event.runOnce();
      for (Invariant invariant : invariants) {
        invariant.check(owner);
      }
    } catch (RuntimeException | AssertionError | StackOverflowError wrong) {
      throw failure(owner, wrong);
    }
  }

  /** Expects something now, with the same report of a failure as invariants have. */
  void require(Runnable expectation) {
    try {
      expectation.run();
    } catch (AssertionError wrong) {
      throw failure(null, wrong);
    }
  }

  /** What a broken expectation looks like: the seed, how to repeat it, the last events. */
  private AssertionError failure(@Nullable SimLoop owner, Throwable cause) {
    StringBuilder text = new StringBuilder();
    text.append("seed %d, after %.6f s and %d events".formatted(seed, now * 1e-9, executed));
    text.append(owner == null ? "" : " at " + owner.name()).append(": ").append(cause);
    text.append("\nRepeat it with: ").append(command).append("\nThe last events:\n");
    for (long i = Math.max(0, reported - REPORTED); i < reported; i++) {
      text.append("  ").append(report[(int) (i % REPORTED)]).append('\n');
    }
    return new AssertionError(text.toString(), cause);
  }

  /** The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
  static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** A line of the report, put into words only when needed. */
  private record Note(long time, @Nullable SimLoop owner, Supplier<String> text) {
    @Override
    public String toString() {
      String name = owner == null ? "" : owner.name();
      return "%10.6f s  %-12s %s".formatted(time * 1e-9, name, text.get());
    }
  }

  /** Something that will happen. Of two at the same time the one scheduled first comes first. */
  static final class Event implements Loop.Timer, Comparable<Event> {
    private final long time;
    private final long order;
    private final @Nullable SimLoop owner;
    private @Nullable Runnable task;

    private Event(long time, long order, @Nullable SimLoop owner, Runnable task) {
      this.time = time;
      this.order = order;
      this.owner = owner;
      this.task = task;
    }

    @Override
    public void cancel() {
      task = null;
    }

    /** Does it, unless it was cancelled in the meantime. */
    void runOnce() {
      Runnable now = task;
      task = null;
      if (now != null) {
        now.run();
      }
    }

    @Override
    public int compareTo(Event other) {
      return time != other.time ? Long.compare(time, other.time) : Long.compare(order, other.order);
    }
  }
}
