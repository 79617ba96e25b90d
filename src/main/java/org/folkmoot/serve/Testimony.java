package org.folkmoot.serve;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.StepTrail;
import org.folkmoot.wire.TraceKey;

/** What a hop can say on its honour about a session: the digests of all that went in and out. */
final class Testimony {
  private final Message.Open open;
  private final StepTrail inputs = new StepTrail();
  private final StepTrail outputs = new StepTrail();
  private final KeptInputs kept;

  /**
   * Nothing yet.
   *
   * @param kept keeps the inputs, as long as there is room
   */
  Testimony(Message.Open open, KeptInputs kept) {
    this.open = open;
    this.kept = kept;
  }

  /** The inputs of the first positions, if they are kept. */
  Optional<SpanInputs> inputs(int positions) {
    return kept.first(positions);
  }

  /** Takes a step's inputs, which follow what was computed before the position. */
  void took(Message.Forward step) {
    kept.add(step);
    if (open.range().embeds()) {
      inputs.addIds(step.position(), step.ids());
    } else {
      inputs.addStates(step.position(), step.hidden(), step.tokens());
    }
  }

  /** Gives the memory for inputs back. */
  void close() {
    kept.close();
  }

  /** Takes a step's outputs; gives their digests. */
  byte[] gave(int position, float[] hidden, int tokens) {
    return outputs.addStates(position, hidden, tokens);
  }

  /**
   * The statement about the first positions.
   *
   * @param length how many; all computed
   * @param tail who chose the tokens, at the last hop; knows those up to {@code length}
   * @param policy hash of what the operator declares
   */
  HopStatement state(
      TraceKey key, int length, Optional<TailSampler> tail, Optional<Hash32> policy) {
    return new HopStatement(
        open.session(),
        open.model(),
        List.of(),
        open.range(),
        length,
        key.hash(),
        inputs.root(key, length),
        outputs.root(key, length),
        tail.map(chooser -> sampled(key, length, chooser)),
        policy);
  }

  private HopStatement.Sampled sampled(TraceKey key, int length, TailSampler tail) {
    Message.Sampling sampling = open.sampling().orElseThrow();
    int from = Math.min(sampling.history().length, length + 1);
    int[] ids = tail.ids();
    return new HopStatement.Sampled(
        SamplingHash.of(sampling),
        from,
        length + 1 - from,
        key.tokensRoot(ids, 0, from),
        key.tokensRoot(ids, from, length + 1));
  }
}
