package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.InputStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.folkmoot.base.FolkmootException;

/**
 * What a command gets from the world; tests give their own.
 *
 * @param console where it speaks
 * @param in standard input
 * @param environment the environment variables
 * @param clock the time
 * @param inIsTerminal whether a person types standard input
 * @param nanoTime a clock for durations, whose zero means nothing
 * @param seeds where a seed comes from when nobody gave one
 * @param interrupts Ctrl-C
 */
public record Surroundings(
    Console console,
    InputStream in,
    Map<String, String> environment,
    InstantSource clock,
    boolean inIsTerminal,
    LongSupplier nanoTime,
    LongSupplier seeds,
    Interrupts interrupts) {
  /**
   * Seeds have at most six digits: a million different answers are enough, and a person who wants
   * one again can type its seed.
   */
  private static final long SEEDS = 1_000_000;

  /** Surroundings without a person at the keyboard, where nobody gives a seed or interrupts. */
  public Surroundings(
      Console console, InputStream in, Map<String, String> environment, InstantSource clock) {
    this(console, in, environment, clock, false, System::nanoTime, () -> 0, Interrupts.NEVER);
  }

  /** The surroundings of this process. */
  static Surroundings ofProcess() {
    Map<String, String> environment = System.getenv();
    return new Surroundings(
        Console.ofProcess(environment),
        System.in,
        environment,
        InstantSource.system(),
        Console.terminals().contains("0"),
        System::nanoTime,
        () -> ThreadLocalRandom.current().nextLong(SEEDS),
        Interrupts.ofProcess());
  }

  /** The same with another way to be interrupted. */
  Surroundings withInterrupts(Interrupts others) {
    return new Surroundings(console, in, environment, clock, inIsTerminal, nanoTime, seeds, others);
  }

  /**
   * The folder with everything a node keeps: {@code FOLKMOOT_HOME}, else {@code ~/.folkmoot}. It
   * need not exist.
   */
  public Path home() {
    String wished = environment.getOrDefault("FOLKMOOT_HOME", "");
    try {
      return wished.isEmpty()
          ? Path.of(System.getProperty("user.home"), ".folkmoot").toAbsolutePath()
          : Path.of(wished).toAbsolutePath().normalize();
    } catch (InvalidPathException invalid) {
      throw new FolkmootException(BAD_REQUEST, "FOLKMOOT_HOME is not a path: " + wished, invalid);
    }
  }

  /** Whether a person wants stack traces. */
  public boolean debug() {
    return !environment.getOrDefault("FOLKMOOT_DEBUG", "").isEmpty();
  }
}
