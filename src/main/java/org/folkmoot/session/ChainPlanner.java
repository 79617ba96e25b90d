package org.folkmoot.session;

import java.util.List;
import java.util.Set;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/** Chooses peers for a chain, and learns from what becomes of them. Called on the loop. */
public interface ChainPlanner {
  /**
   * The best hops that together hold a range, in order.
   *
   * @param positions the session's greatest length
   * @param without peers not to use
   * @return empty if no peers hold it now
   */
  List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without);

  /** A peer failed: it could not be reached, fell silent, refused, or computed wrongly. */
  void failed(PeerId peer, Message.Reason reason);

  /** A peer is busy and asks to be left alone for so long. */
  void busy(PeerId peer, long retryAfterMillis);

  /**
   * A peer did its part.
   *
   * @param single tokens that were steps of their own; 0 for a longer step
   * @param nanos what these took, by the peer's word as far as it is credible
   */
  void computed(PeerId peer, int layers, int single, long nanos);
}
