package org.folkmoot.simulation;

import java.util.Arrays;
import java.util.List;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.StepTrail;
import org.folkmoot.wire.TraceKey;

/** What honest hops must have signed about an answer, by a model that computes it in one go. */
final class Statements {
  private Statements() {}

  /**
   * Fails unless statements are a whole chain, each signed by its peer and right.
   *
   * @param ids prompt and answer
   */
  static void check(FakeModel model, List<SignedStatement> statements, TraceKey key, int[] ids) {
    int positions = ids.length - 1;
    int layer = 0;
    float[] states = new float[0];
    StepTrail trail = new StepTrail();
    trail.addIds(0, Arrays.copyOf(ids, positions));
    for (SignedStatement signed : statements) {
      HopStatement said = signed.statement();
      require(said.range().from() == layer && said.range().embeds() == (layer == 0), "a gap");
      require(
          SimPeer.VERIFIER.verify(signed.hop(), said.signedBytes(), signed.signature()),
          "a signature that does not hold");
      require(said.length() == positions, "another length");
      require(said.inputs().equals(trail.root(key, positions)), "wrong inputs");
      states = model.new Sequence(said.range()).compute(positions, inputIds(said, ids), states);
      trail = new StepTrail();
      trail.addStates(0, states, positions);
      require(said.outputs().equals(trail.root(key, positions)), "wrong outputs");
      layer = said.range().to();
    }
    HopStatement last = statements.getLast().statement();
    require(layer == model.layers() && last.range().heads(), "no head");
    HopStatement.Sampled chosen = last.sampled().orElseThrow();
    require(
        chosen.historyRoot().equals(key.tokensRoot(ids, 0, chosen.from()))
            && chosen.tokensRoot().equals(key.tokensRoot(ids, chosen.from(), ids.length)),
        "wrong tokens");
  }

  private static int[] inputIds(HopStatement said, int[] ids) {
    return said.range().embeds() ? Arrays.copyOf(ids, ids.length - 1) : new int[0];
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("a statement has " + what);
    }
  }
}
