package org.folkmoot.proof;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.model.Operator;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.SpanTrace;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * What this machine states about the work of another, by its own weights: the accuser's side of a
 * dispute.
 *
 * @param signed the other's statement with our outputs
 * @param prover answers for it, as long as the weights are there
 */
public record OwnClaim(SignedStatement signed, Prover prover) {
  /**
   * Does the work again.
   *
   * @param whole all of the model
   * @param theirs what another stated
   * @param ids of all positions
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the statement is not about these
   *     tokens, or memory does not suffice
   */
  public static OwnClaim of(
      SpanModel whole, HopStatement theirs, TraceKey key, int[] ids, Signer signer) {
    LayerRange range = theirs.range();
    int[] tokens = Arrays.copyOf(ids, theirs.length());
    SpanInputs inputs =
        range.embeds() ? new SpanInputs.Ids(tokens) : before(whole, range.from(), tokens);
    SpanTrace trace = new SpanTrace(whole, Claims.span(range), inputs);
    TracePoint last = trace.order().stage(trace.order().stages() - 1).getLast();
    MerkleTree outputs = new MerkleTree();
    trace.run(
        trace.order().stages() - 1,
        tokens.length,
        last::equals,
        (_, position, row) -> outputs.add(key.hiddenLeaf(position, Hash32.sha256(row).bytes())));
    HopStatement ours =
        new HopStatement(
            theirs.session(),
            theirs.model(),
            theirs.adapters(),
            range,
            theirs.length(),
            theirs.traceKeyHash(),
            theirs.inputs(),
            outputs.root(),
            theirs.sampled(),
            theirs.policy());
    SignedStatement signed =
        new SignedStatement(signer.peerId(), ours, signer.sign(ours.signedBytes()));
    return new OwnClaim(
        signed, new TraceProver(signed, key, trace.order(), inputs, trace::run, signer));
  }

  /** The hidden states that the first layers give. */
  private static SpanInputs before(SpanModel whole, int layers, int[] ids) {
    Span part = new Span(true, 0, layers, false);
    TracePoint last =
        layers == 0
            ? TracePoint.of(0, Operator.EMBEDDING)
            : TracePoint.of(layers - 1, Operator.LAYER_OUTPUT);
    int dim = whole.config().dim();
    float[] states = new float[ids.length * dim];
    SpanTrace trace = new SpanTrace(whole, part, new SpanInputs.Ids(ids));
    trace.run(
        trace.order().stages() - 1,
        ids.length,
        last::equals,
        (_, position, row) ->
            ByteBuffer.wrap(row)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(states, position * dim, dim));
    return new SpanInputs.Hidden(states, dim);
  }
}
