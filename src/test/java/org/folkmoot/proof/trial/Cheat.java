package org.folkmoot.proof.trial;

import java.util.List;
import java.util.Set;
import org.folkmoot.engine.sampling.SamplerSettings;

/** Where a cheat can lay hands on a session; what is not overridden is honest. */
abstract class Cheat {
  /** Nothing is tampered with. */
  static final Cheat NONE = new Cheat() {};

  /** Which hops cheat, so that evidence against them is right. */
  Set<Integer> guilty() {
    return Set.of();
  }

  /** Whose weights a hop computes with. */
  TrialModels.Weights weights(int hop) {
    return TrialModels.Weights.TRUE;
  }

  /** Put before the prompt. */
  int[] slippedIn() {
    return new int[0];
  }

  /** Positions for which a hop uses what an old session left in its cache. */
  int stale(int hop) {
    return 0;
  }

  /** May change what a hop computed, before it takes the digest. */
  void computed(int hop, int position, float[] states) {}

  /** May change what a hop hands on, after it took the digest. */
  void handedOn(int hop, int position, float[] states) {}

  /** The settings that are really used. */
  SamplerSettings sampler(SamplerSettings declared) {
    return declared;
  }

  /** The token that is really given. */
  int chosen(int index, int id) {
    return id;
  }

  /** May change what the hops remember before they sign. */
  void before(List<SimulatedHop> signing) {}
}
