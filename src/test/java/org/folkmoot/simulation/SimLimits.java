package org.folkmoot.simulation;

import org.folkmoot.serve.ServerLimits;

/**
 * What simulated hops give: hidden states are small there, and so is what may be on its way; and
 * there is so little room for replays that many answers must be computed again from the start.
 */
final class SimLimits {
  /**
   * Sixteen tokens on their way to the next hop, for which most prompts and replays wait; 375 kept.
   */
  static final ServerLimits USUAL =
      new ServerLimits(
          ServerLimits.USUAL.seats(),
          ServerLimits.USUAL.seatsPerClient(),
          1500,
          16 * FakeModel.DIM,
          ServerLimits.USUAL.lease(),
          ServerLimits.USUAL.orphanLease(),
          ServerLimits.USUAL.retryAfter());

  private SimLimits() {}
}
