package org.folkmoot.peer.relay;

/** When bytes may pass so that they are no more than so many a second (GCRA, ITU-T I.371). */
final class Pace {
  private final double nanosPerByte;
  private long nextNanos;

  Pace(long bytesPerSecond, long nowNanos) {
    nanosPerByte = 1e9 / bytesPerSecond;
    nextNanos = nowNanos;
  }

  /** Books some bytes; gives how long they have to wait. */
  long book(int bytes, long nowNanos) {
    if (nextNanos - nowNanos < 0) {
      nextNanos = nowNanos;
    }
    long wait = nextNanos - nowNanos;
    nextNanos += (long) (bytes * nanosPerByte);
    return wait;
  }
}
