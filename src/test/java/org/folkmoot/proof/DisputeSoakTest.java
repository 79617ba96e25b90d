package org.folkmoot.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.Operator;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.SpanTrace;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.testing.GoldenFiles;
import org.folkmoot.testing.Soak;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.junit.jupiter.api.Test;

/** A dispute over all of SmolLM2's 30 layers and 1,000 tokens. */
class DisputeSoakTest {
  private static final int LENGTH = 1000;
  private static final int LAYER = 17;
  private static final TraceKey KEY = TraceKey.ofSalt(Hash32.sha256(new byte[] {1}));
  private static final Identity HONEST = SeededRandom.identity(1);
  private static final Identity LIAR = SeededRandom.identity(2);

  /** Where the liar goes wrong. */
  private record Where(TracePoint point, int position) {
    /** One bit of the operator, and of all hidden states that come of it. */
    byte[] told(TracePoint at, int p, byte[] row) {
      boolean behind =
          at.operator() == Operator.LAYER_OUTPUT && at.layer() >= LAYER && p >= position;
      return behind || (at.equals(point) && p == position) ? Parties.flip(row, 21) : row;
    }
  }

  @Test
  @Soak
  void thirtyLayersAndAThousandTokens() {
    try (GgufFile file = GgufFile.open(GoldenFiles.smolLm2Model());
        WorkerPool pool = new WorkerPool(2)) {
      ModelAtHand model = ModelAtHand.of(new ModelId(Hash32.sha256(new byte[] {2})), file);
      Span span = new Span(true, 0, model.config().layers(), false);
      try (SpanModel loaded = SpanModel.load(file, model.config(), span, pool, _ -> {})) {
        int[] ids = new SplittableRandom(1).ints(LENGTH, 0, model.config().vocabulary()).toArray();
        SpanTrace trace = new SpanTrace(loaded, span, new SpanInputs.Ids(ids));
        for (Where where :
            List.of(
                // a matrix, and what reads the longest past
                new Where(TracePoint.of(LAYER, Operator.UP), 611),
                new Where(new TracePoint(LAYER, Operator.ATTENTION, 2), LENGTH - 1))) {
          settle(model, trace, where);
        }
      }
    }
  }

  private static void settle(ModelAtHand model, SpanTrace honest, Where where) {
    TraceProver.Computation lies =
        (lastStage, positions, wanted, listener) ->
            honest.run(
                lastStage,
                positions,
                wanted,
                (point, p, row) -> listener.row(point, p, where.told(point, p, row)));
    SignedStatement one = statement(model, honest, HONEST, honest::run);
    SignedStatement other = statement(model, honest, LIAR, lies);
    List<String> answers = new ArrayList<>();
    Prover accuser = listed(prover(one, honest, honest::run, HONEST), answers);
    Prover accused = listed(prover(other, honest, lies, LIAR), answers);
    Dispute dispute = new Dispute(one, other, KEY, model, Identity::verify);
    Outcome outcome = dispute.settle(accuser, accused);

    assertThat(outcome).isInstanceOf(Outcome.Settled.class);
    Outcome.Fault fault = ((Outcome.Settled) outcome).faults().getFirst();
    assertThat(fault.peer()).isEqualTo(LIAR.peerId());
    assertThat(((Outcome.Settled) outcome).faults()).hasSize(1);
    assertThat(dispute.messages()).isLessThanOrEqualTo(20);
    byte[] proof = fault.proof().toBytes();
    FraudProofCheck check = new FraudProofCheck(Identity::verify, _ -> Optional.of(model), 2);
    assertThat(check.check(FraudProof.parse(proof)).line())
        .isEqualTo("signed a wrong result: " + where.point + ", position " + where.position);
    System.out.printf(
        "dispute at %s: %d messages, answers %s, proof of %d bytes%n",
        where.point, dispute.messages(), answers, proof.length);
  }

  private static TraceProver prover(
      SignedStatement signed, SpanTrace trace, TraceProver.Computation told, Identity by) {
    return new TraceProver(signed, KEY, trace.order(), trace.inputs(), told, by);
  }

  /** Notes the size of each answer. */
  private static Prover listed(Prover prover, List<String> answers) {
    return question -> {
      Optional<SignedReply> reply = prover.answer(question);
      reply.ifPresent(signed ->
          answers.add(question.getClass().getSimpleName() + " " + signed.toBytes().length));
      return reply;
    };
  }

  private static SignedStatement statement(
      ModelAtHand model, SpanTrace trace, Identity by, TraceProver.Computation told) {
    MerkleTree in = new MerkleTree();
    for (int p = 0; p < LENGTH; p++) {
      in.add(KEY.hiddenLeaf(p, Hash32.sha256(trace.inputs().row(p)).bytes()));
    }
    MerkleTree out = new MerkleTree();
    TracePoint last = TracePoint.of(model.config().layers() - 1, Operator.LAYER_OUTPUT);
    told.run(
        trace.order().stages() - 1,
        LENGTH,
        last::equals,
        (_, p, row) -> out.add(KEY.hiddenLeaf(p, Hash32.sha256(row).bytes())));
    HopStatement statement =
        new HopStatement(
            new SessionId(1, 1),
            model.id(),
            List.of(),
            new LayerRange(true, 0, model.config().layers(), false),
            LENGTH,
            KEY.hash(),
            in.root(),
            out.root(),
            Optional.empty(),
            Optional.empty());
    return new SignedStatement(by.peerId(), statement, by.sign(statement.signedBytes()));
  }
}
