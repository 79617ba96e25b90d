package org.folkmoot.store;

import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a store takes from the world.
 *
 * @param clock the time that manifests get
 * @param disk where models are written
 * @param pipCommands how pip may be called here, tried in turn
 * @param hub the address that {@code hf:} stands for
 * @param patience how long to wait for others
 * @param notes hears of damage that the store repaired or passed over
 */
public record StoreSettings(
    InstantSource clock,
    Disk disk,
    List<List<String>> pipCommands,
    URI hub,
    Patience patience,
    Consumer<String> notes) {
  /**
   * How long to wait.
   *
   * @param connect until a server takes the connection and answers
   * @param stall until the next byte of a download
   * @param retryPause before the first retry; it doubles with each further one
   * @param pip until pip moves on: it retries inside, and first resolves and builds indexes
   */
  public record Patience(Duration connect, Duration stall, Duration retryPause, Duration pip) {
    /** What suits people at home: long enough for a bad line, short enough to be told. */
    public static final Patience USUAL =
        new Patience(
            Duration.ofSeconds(20),
            Duration.ofSeconds(30),
            Duration.ofSeconds(1),
            Duration.ofMinutes(10));
  }

  /** Copies the lists. */
  public StoreSettings {
    pipCommands = pipCommands.stream().map(List::copyOf).toList();
  }

  /** The settings of a person's machine. */
  public static StoreSettings usual(InstantSource clock, Consumer<String> notes) {
    return new StoreSettings(
        clock,
        Disk.REAL,
        List.of(List.of("pip"), List.of("pip3"), List.of("python3", "-m", "pip")),
        URI.create("https://huggingface.co"),
        Patience.USUAL,
        notes);
  }
}
