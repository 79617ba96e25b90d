package org.folkmoot.serve;

import java.time.Duration;
import org.folkmoot.wire.Limits;

/**
 * What a block server gives to strangers.
 *
 * @param seats the most sessions at a time
 * @param seatsPerClient of these, for one client
 * @param retainedFloats the most numbers of outputs kept for replay, all sessions together
 * @param stepWindow numbers that may be on their way to the next hop, see {@link
 *     Limits#STEP_WINDOW}
 * @param lease how long a seat is kept of which nothing is heard
 * @param orphanLease how long after its client's link broke
 * @param retryAfter what a client is told when there is no room
 */
public record ServerLimits(
    int seats,
    int seatsPerClient,
    long retainedFloats,
    int stepWindow,
    Duration lease,
    Duration orphanLease,
    Duration retryAfter) {
  /** Half a GiB for replay: 8,000 positions of each of eight sessions of a model of 2,048. */
  public static final ServerLimits USUAL =
      new ServerLimits(
          256,
          64,
          1L << 27,
          Limits.STEP_WINDOW,
          Duration.ofSeconds(30),
          Duration.ofSeconds(8),
          Duration.ofMillis(500));

  /**
   * Steps that wait for a seat: a long prompt in parts, sent as fast as the hop before computes.
   */
  static final int MAX_QUEUED_STEPS = 1024;

  /**
   * Statements signed for one session: one for its answer, and some for repairs and audits. Each
   * takes some microseconds of the loop for each position.
   */
  static final int MAX_STATEMENTS = 16;

  /**
   * Numbers that wait for a seat: some times the window of the hop before, whose frame may be
   * larger than what is left of it.
   */
  static final int MAX_QUEUED_FLOATS = 4 * Limits.STEP_WINDOW;
}
