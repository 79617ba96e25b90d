package org.folkmoot.route;

/**
 * What a client has measured of a peer itself. It outranks whatever the peer claims.
 *
 * @param rttNanos round trip; {@link #UNKNOWN} if there was none yet
 * @param layersPerSecond layers computed for one token in a second; {@link #UNKNOWN} if nothing was
 *     computed yet
 * @param bytesPerSecond what the way there carries; {@link #UNKNOWN} if not measured
 * @param queueNanos how long a step waited for its pass; {@link #UNKNOWN} if not measured
 * @param failures in a row: calls and connects alike; work that was done ends the row
 * @param banned whether it is to be left alone for now
 */
public record Measured(
    long rttNanos,
    double layersPerSecond,
    double bytesPerSecond,
    long queueNanos,
    int failures,
    boolean banned) {
  /** A number that was not measured. */
  public static final int UNKNOWN = -1;

  /** Of a peer of which nothing is known but its claims. */
  public static final Measured NOTHING = new Measured(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 0, false);

  /** The same with a round trip. */
  public Measured withRtt(long nanos) {
    return new Measured(nanos, layersPerSecond, bytesPerSecond, queueNanos, failures, banned);
  }
}
