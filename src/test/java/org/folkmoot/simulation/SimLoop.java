package org.folkmoot.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.folkmoot.base.Loop;

/**
 * The loop of one simulated process. Its tasks are events: those of one instant in the order in
 * which they came. A frozen process (SIGSTOP) keeps all that comes until it thaws; a dead one drops
 * it for good.
 */
final class SimLoop implements Loop {
  /** What a process is up to. */
  enum State {
    /** It works. */
    RUNNING,
    /** It is stopped and may go on. */
    FROZEN,
    /** It is gone. */
    DEAD
  }

  private final Simulation simulation;
  private final int number;
  private final String name;
  private final long skewMillis;
  private final Deque<Simulation.Event> held = new ArrayDeque<>();
  private State state = State.RUNNING;

  /**
   * A running process.
   *
   * @param number unlike those of all others
   * @param skewMillis how far its date is off
   */
  SimLoop(Simulation simulation, int number, String name, long skewMillis) {
    this.simulation = simulation;
    this.number = number;
    this.name = name;
    this.skewMillis = skewMillis;
  }

  int number() {
    return number;
  }

  String name() {
    return name;
  }

  State state() {
    return state;
  }

  Simulation simulation() {
    return simulation;
  }

  /** Whether an event of this process may happen now; else it is kept or dropped. */
  boolean admits(Simulation.Event event) {
    if (state == State.FROZEN) {
      held.add(event);
    }
    return state == State.RUNNING;
  }

  /** Stops the process for now. */
  void freeze() {
    if (state == State.RUNNING) {
      state = State.FROZEN;
      simulation.trace(this, "freezes");
    }
  }

  /** Lets a stopped process go on: what it missed happens now, in order. */
  void thaw() {
    if (state == State.FROZEN) {
      state = State.RUNNING;
      simulation.trace(this, "thaws");
      List<Simulation.Event> missed = List.copyOf(held);
      held.clear();
      for (Simulation.Event event : missed) {
        // Through the event, for a task that happens before may still cancel it.
        simulation.schedule(0, this, event::runOnce);
      }
    }
  }

  /** Ends the process. */
  void kill() {
    if (state != State.DEAD) {
      state = State.DEAD;
      held.clear();
      simulation.trace(this, "dies");
    }
  }

  @Override
  public void execute(Runnable task) {
    if (state != State.DEAD) {
      simulation.schedule(0, this, task);
    }
  }

  @Override
  public Timer after(long nanos, Runnable task) {
    return simulation.schedule(nanos, this, task);
  }

  /** Each process counts from another origin, as on real machines. */
  @Override
  public long nanoTime() {
    return simulation.now() + Simulation.mix(number) / 4;
  }

  @Override
  public long clockMillis() {
    return Simulation.EPOCH_MILLIS + skewMillis + simulation.now() / 1_000_000;
  }

  @Override
  public String toString() {
    return name;
  }
}
