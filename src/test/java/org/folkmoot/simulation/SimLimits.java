package org.folkmoot.simulation;

import org.folkmoot.serve.ServerLimits;

/** What simulated hops give: hidden states are small there, and so is what may be on its way. */
final class SimLimits {
  /** Sixteen tokens on their way to the next hop: most prompts and replays wait for it. */
  static final ServerLimits USUAL =
      new ServerLimits(
          ServerLimits.USUAL.seats(),
          ServerLimits.USUAL.seatsPerClient(),
          ServerLimits.USUAL.retainedFloats(),
          16 * FakeModel.DIM,
          ServerLimits.USUAL.lease(),
          ServerLimits.USUAL.orphanLease(),
          ServerLimits.USUAL.retryAfter());

  private SimLimits() {}
}
