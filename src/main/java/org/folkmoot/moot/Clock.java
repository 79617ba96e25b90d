package org.folkmoot.moot;

/** A moot's clock ticks in seconds, as cosignatures and chains do. */
final class Clock {
  private Clock() {}

  /** A span of the charter, or a date: whole seconds, rounded down. */
  static long seconds(long millis) {
    return Math.floorDiv(millis, 1000L);
  }
}
