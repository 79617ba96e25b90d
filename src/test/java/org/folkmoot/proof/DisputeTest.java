package org.folkmoot.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.Operator;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.proof.Outcome.Fault;
import org.folkmoot.proof.Outcome.Side;
import org.folkmoot.proof.Parties.Party;
import org.folkmoot.proof.Parties.Table;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.SignedStatement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever is wrong is found, in a bounded number of messages, and never the one who is right. */
class DisputeTest {
  private static final int LENGTH = 20;
  private static final int TRIALS = 60;

  @TempDir Path folder;

  private Path tiny(int layers) {
    TinyModel model = TinyModel.of(TensorType.Q4_0).withLayers(layers).withContext(4096);
    return TinyModels.write(folder, model);
  }

  private Parties whole() {
    return new Parties(tiny(3), new LayerRange(true, 0, 3, false), LENGTH);
  }

  /** Flipped bits at seeded places, in the first span of a chain and in one behind it. */
  @Test
  void findsEveryFlippedBit() {
    for (LayerRange range :
        List.of(new LayerRange(true, 0, 3, false), new LayerRange(false, 1, 3, true))) {
      try (Parties parties = new Parties(tiny(3), range, LENGTH)) {
        Party honest = parties.party(parties.truth);
        SplittableRandom random = new SplittableRandom(11);
        int convicted = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
          int stage = random.nextInt(parties.order.stages());
          List<TracePoint> points = parties.order.stage(stage);
          TracePoint at = points.get(random.nextInt(points.size()));
          int position = random.nextInt(LENGTH);
          int bit = lowBit(random, at);
          Table lies =
              parties.lie(
                  stage,
                  position,
                  (point, p, right) ->
                      point.equals(at) && p == position ? Parties.flip(right, bit) : right);
          Party liar = parties.party(lies);
          if (liar.signed().statement().outputs().equals(honest.signed().statement().outputs())) {
            continue; // the bit was rounded away: no output differs, nothing is claimed
          }
          FraudProof proof = convictedBothWays(parties, honest, liar);
          assertThat(parties.withModel().check(proof).line())
              .isEqualTo("signed a wrong result: " + at + ", position " + position);
          convicted++;
        }
        assertThat(convicted).isGreaterThan(TRIALS / 2);
      }
    }
  }

  /** One that leaves numbers finite: never in an exponent. */
  private static int lowBit(SplittableRandom random, TracePoint at) {
    boolean half = Set.of(Operator.STORED_KEY, Operator.STORED_VALUE).contains(at.operator());
    return 8 * (half ? 2 : 4) * random.nextInt(8) + random.nextInt(half ? 10 : 22);
  }

  @Test
  void findsSkippedLayers() {
    try (Parties parties = whole()) {
      for (int layer = 0; layer < 3; layer++) {
        int skipped = layer;
        TracePoint before =
            layer == 0
                ? TracePoint.of(0, Operator.EMBEDDING)
                : TracePoint.of(layer - 1, Operator.LAYER_OUTPUT);
        Table lies =
            parties.lie(
                layer + 1,
                0,
                (point, p, right) ->
                    point.equals(TracePoint.of(skipped, Operator.LAYER_OUTPUT))
                        ? parties.truth.of(before)[p]
                        : right);
        FraudProof proof =
            convictedBothWays(parties, parties.party(parties.truth), parties.party(lies));
        assertThat(parties.withModel().check(proof).line())
            .isEqualTo("signed a wrong result: layer " + layer + ", layer output, position 0");
      }
    }
  }

  /** A hop that goes on with keys and values of another position. */
  @Test
  void findsStaleKeysAndValues() {
    try (Parties parties = whole()) {
      for (Operator operator : List.of(Operator.STORED_KEY, Operator.STORED_VALUE)) {
        TracePoint stale = new TracePoint(1, operator, 1);
        Table lies =
            parties.lie(
                2,
                0,
                (point, p, right) ->
                    point.equals(stale) && p >= 10 ? parties.truth.of(stale)[p - 1] : right);
        FraudProof proof =
            convictedBothWays(parties, parties.party(parties.truth), parties.party(lies));
        assertThat(parties.withModel().check(proof).line())
            .isEqualTo("signed a wrong result: " + stale + ", position 10");
      }
    }
  }

  @Test
  void findsAnotherModel() {
    TinyModel other = TinyModel.of(TensorType.Q4_0).withLayers(3).withContext(4096).withSeed(2);
    try (Parties parties = whole();
        Parties others = new Parties(TinyModels.write(folder, other), parties.range, LENGTH)) {
      convictedBothWays(parties, parties.party(parties.truth), parties.party(others.truth));
    }
  }

  /** A liar whose numbers are no numbers at all, and one that tells of nothing but the end. */
  @Test
  void findsNonsense() {
    try (Parties parties = whole()) {
      Party honest = parties.party(parties.truth);
      byte[] nan = new byte[parties.order.rowBytes(TracePoint.of(0, Operator.LAYER_OUTPUT))];
      Arrays.fill(nan, (byte) 0xff);
      for (TracePoint told :
          List.of(
              TracePoint.of(2, Operator.LAYER_OUTPUT), TracePoint.of(0, Operator.LAYER_OUTPUT))) {
        Table lies = parties.truth.copy();
        lies.of(told)[3] = nan;
        lies.of(TracePoint.of(2, Operator.LAYER_OUTPUT))[3] = nan;
        convictedBothWays(parties, honest, parties.party(lies));
      }
    }
  }

  @Test
  void bothAreWrong() {
    try (Parties parties = whole()) {
      TracePoint at = TracePoint.of(1, Operator.DOWN);
      List<Party> liars = new ArrayList<>();
      for (int bit : new int[] {21, 22}) {
        Table lies =
            parties.lie(
                2,
                5,
                (point, p, right) -> point.equals(at) && p == 5 ? Parties.flip(right, bit) : right);
        liars.add(parties.party(lies));
      }
      Dispute dispute = parties.dispute(liars.getFirst(), liars.getLast());
      Outcome outcome = dispute.settle(liars.getFirst().prover(), liars.getLast().prover());
      assertThat(faults(outcome))
          .extracting(Fault::side)
          .containsExactly(Side.ACCUSER, Side.ACCUSED);
      for (Fault fault : faults(outcome)) {
        assertThat(parties.withModel().check(fault.proof()))
            .isInstanceOf(FraudProofCheck.Result.Proven.class);
      }
    }
  }

  /** More positions than one answer holds: one more round, and rows of a long past. */
  @Test
  void longSequences() {
    int length = Question.GROUP + 60;
    try (Parties parties = new Parties(tiny(1), new LayerRange(true, 0, 1, false), length)) {
      for (TracePoint at :
          List.of(new TracePoint(0, Operator.ATTENTION, 1), TracePoint.of(0, Operator.DOWN))) {
        int position = length - 3;
        Table lies =
            parties.lie(
                1,
                position,
                (point, p, right) ->
                    point.equals(at) && p == position ? Parties.flip(right, 21) : right);
        Party honest = parties.party(parties.truth);
        Party liar = parties.party(lies);
        Dispute dispute = parties.dispute(honest, liar);
        Outcome outcome = dispute.settle(honest.prover(), liar.prover());
        assertThat(faults(outcome)).extracting(Fault::side).containsExactly(Side.ACCUSED);
        assertThat(dispute.messages()).isEqualTo(18);
        FraudProof proof = faults(outcome).getFirst().proof();
        assertThat(parties.withModel().check(FraudProof.parse(proof.toBytes())).line())
            .isEqualTo("signed a wrong result: " + at + ", position " + position);
      }
    }
  }

  @Test
  void nothingIsDisputedBetweenThoseWhoAgreeOrSpeakOfOtherWork() {
    try (Parties parties = whole()) {
      Party one = parties.party(parties.truth);
      Party other = parties.party(parties.truth);
      assertThat(parties.dispute(one, other).outcome().orElseThrow())
          .isInstanceOf(Outcome.NothingDisputed.class);
      Hash32 elsewhere = Hash32.sha256(new byte[1]);
      SignedStatement about = parties.sign(one.identity(), parties.statement(elsewhere, elsewhere));
      Dispute dispute =
          new Dispute(about, other.signed(), Parties.KEY, parties.model, Identity::verify);
      assertThat(dispute.outcome().orElseThrow())
          .isEqualTo(new Outcome.NothingDisputed("the statements are about different work"));
      assertThat(dispute.asks()).isEmpty();
    }
  }

  @Test
  void silenceProvesNothing() {
    try (Parties parties = whole()) {
      Party honest = parties.party(parties.truth);
      Party liar = parties.party(flippedAtTheEnd(parties));
      for (int answers = 0; answers < 3; answers++) {
        Dispute dispute = parties.dispute(honest, liar);
        assertThat(dispute.settle(honest.prover(), falls(liar.prover(), answers)))
            .isEqualTo(new Outcome.Unanswered(Set.of(Side.ACCUSED)));
        Dispute other = parties.dispute(honest, liar);
        assertThat(other.settle(falls(honest.prover(), answers), liar.prover()))
            .isEqualTo(new Outcome.Unanswered(Set.of(Side.ACCUSER)));
      }
      // The inputs both have signed: if the accuser has none, the accused's do.
      Dispute dispute = parties.dispute(honest, liar);
      Outcome outcome = dispute.settle(falls(honest.prover(), 3), liar.prover());
      assertThat(faults(outcome)).extracting(Fault::side).containsExactly(Side.ACCUSED);
      Dispute neither = parties.dispute(honest, liar);
      assertThat(neither.settle(falls(honest.prover(), 3), falls(liar.prover(), 3)))
          .isEqualTo(new Outcome.Unanswered(Set.of(Side.ACCUSER, Side.ACCUSED)));
    }
  }

  @Test
  void lateAndUnaskedAnswersChangeNothing() {
    try (Parties parties = whole()) {
      Party honest = parties.party(parties.truth);
      Party liar = parties.party(flippedAtTheEnd(parties));
      Dispute dispute = parties.dispute(honest, liar);
      SignedReply stages = liar.prover().answer(new Question.Stages()).orElseThrow();
      SignedReply unasked = liar.prover().answer(new Question.Operators(1)).orElseThrow();
      dispute.reply(Side.ACCUSED, unasked);
      assertThat(dispute.asks()).hasSize(2);
      dispute.noReply(Side.ACCUSED);
      dispute.reply(Side.ACCUSED, stages);
      dispute.reply(Side.ACCUSER, honest.prover().answer(new Question.Stages()).orElseThrow());
      assertThat(dispute.outcome().orElseThrow())
          .isEqualTo(new Outcome.Unanswered(Set.of(Side.ACCUSED)));
    }
  }

  /** What anyone could have made proves nothing. */
  @Test
  void anotherSignatureIsNoAnswer() {
    try (Parties parties = whole()) {
      Party honest = parties.party(parties.truth);
      Party liar = parties.party(flippedAtTheEnd(parties));
      Dispute dispute = parties.dispute(honest, liar);
      assertThat(dispute.settle(honest.prover(), honest.prover()))
          .isEqualTo(new Outcome.Unanswered(Set.of(Side.ACCUSED)));
    }
  }

  @Test
  void contradictingOneselfIsProof() {
    try (Parties parties = whole()) {
      Party honest = parties.party(parties.truth);
      Party liar = parties.party(flippedAtTheEnd(parties));
      for (Class<? extends Question> when :
          List.of(
              Question.Stages.class,
              Question.Operators.class,
              Question.Positions.class,
              Question.Inputs.class)) {
        Prover broken =
            question ->
                liar.prover()
                    .answer(question)
                    .map(reply -> when.isInstance(question) ? broken(liar, reply) : reply);
        Prover forgetful = falls(honest.prover(), 3);
        Dispute dispute = parties.dispute(honest, liar);
        Outcome outcome = dispute.settle(forgetful, broken);
        assertThat(faults(outcome)).extracting(Fault::side).containsExactly(Side.ACCUSED);
        FraudProof proof = FraudProof.parse(faults(outcome).getFirst().proof().toBytes());
        assertThat(proof).isInstanceOf(FraudProof.BrokenReplies.class);
        FraudProofCheck.Result result = parties.withModel().check(proof);
        assertThat(result).isInstanceOf(FraudProofCheck.Result.Proven.class);
        assertThat(result.line()).startsWith("contradicts itself");
        // Hashes need no model.
        assertThat(Parties.withoutModel().check(proof))
            .isInstanceOf(
                when == Question.Inputs.class
                    ? FraudProofCheck.Result.NeedsModel.class
                    : FraudProofCheck.Result.Proven.class);
      }
    }
  }

  private static SignedReply broken(Party liar, SignedReply reply) {
    Reply changed =
        switch (reply.reply()) {
          case Reply.Hashes(List<Hash32> hashes) -> {
            List<Hash32> others = new ArrayList<>(hashes);
            others.set(others.size() - 1, Hash32.sha256(new byte[] {1}));
            yield new Reply.Hashes(others);
          }
          case Reply.Opened(List<Reply.Source> sources) -> {
            List<Reply.Source> others = new ArrayList<>(sources);
            Reply.Source first = others.getFirst();
            others.set(0, new Reply.Source(Parties.flip(first.rows(), 0), first.beside()));
            yield new Reply.Opened(others);
          }
        };
    return SignedReply.sign(liar.identity(), liar.signed().statement(), reply.question(), changed);
  }

  @Test
  void oneWhoErredDoesNotContradictItself() {
    try (Parties parties = whole()) {
      Party liar = parties.party(flippedAtTheEnd(parties));
      // It computes rightly now: its statement is wrong, and it says nothing more.
      Party sorry = parties.party(liar.identity(), liar.signed(), parties.truth);
      assertThat(sorry.prover().standsByIt()).isFalse();
      assertThat(sorry.prover().answer(new Question.Stages())).isEmpty();
    }
  }

  @Test
  void answersOnlyForItsOwnStatements() {
    try (Parties parties = whole()) {
      Party one = parties.party(parties.truth);
      Party other = parties.party(parties.truth);
      assertThatThrownBy(() -> parties.party(one.identity(), other.signed(), parties.truth))
          .isInstanceOf(FolkmootException.class);
      for (Question beyond :
          List.of(
              new Question.Operators(9),
              new Question.Positions(0, 5, 0),
              new Question.Positions(0, 0, 1),
              new Question.Groups(1, 300),
              new Question.Inputs(1, 2, LENGTH))) {
        assertThat(one.prover().answer(beyond)).as("%s", beyond).isEmpty();
      }
    }
  }

  /** A span without layers can only pass on. */
  @Test
  void headAlone() {
    try (Parties parties = new Parties(tiny(2), new LayerRange(false, 2, 2, true), LENGTH)) {
      Hash32 in = Hash32.sha256(new byte[] {1});
      Hash32 out = Hash32.sha256(new byte[] {2});
      Identity identity = SeededRandom.identity(1);
      Identity other = SeededRandom.identity(2);
      Dispute dispute =
          new Dispute(
              parties.sign(identity, parties.statement(in, in)),
              parties.sign(other, parties.statement(in, out)),
              Parties.KEY,
              parties.model,
              Identity::verify);
      List<Fault> faults = faults(dispute.outcome().orElseThrow());
      assertThat(faults).extracting(Fault::side).containsExactly(Side.ACCUSED);
      assertThat(Parties.withoutModel().check(faults.getFirst().proof()))
          .isInstanceOf(FraudProofCheck.Result.Proven.class);
    }
  }

  private static Table flippedAtTheEnd(Parties parties) {
    Table lies = parties.truth.copy();
    TracePoint last = parties.order.stage(parties.order.stages() - 1).getLast();
    lies.of(last)[LENGTH - 1] = Parties.flip(lies.of(last)[LENGTH - 1], 9);
    return lies;
  }

  /** A prover that stops answering after some answers. */
  private static Prover falls(Prover prover, int after) {
    int[] left = {after};
    return question -> left[0]-- > 0 ? prover.answer(question) : Optional.empty();
  }

  private static List<Fault> faults(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Outcome.Settled.class);
    return ((Outcome.Settled) outcome).faults();
  }

  /** The liar loses as accused and as accuser, in 14 messages at most, and the proof is one. */
  private static FraudProof convictedBothWays(Parties parties, Party honest, Party liar) {
    Dispute accusation = parties.dispute(honest, liar);
    Outcome outcome = accusation.settle(honest.prover(), liar.prover());
    assertThat(faults(outcome)).extracting(Fault::side).containsExactly(Side.ACCUSED);
    assertThat(accusation.messages()).isLessThanOrEqualTo(14);

    Dispute falseAccusation = parties.dispute(liar, honest);
    Outcome reversed = falseAccusation.settle(liar.prover(), honest.prover());
    assertThat(faults(reversed)).extracting(Fault::side).containsExactly(Side.ACCUSER);

    FraudProof proof = faults(outcome).getFirst().proof();
    byte[] bytes = proof.toBytes();
    FraudProof parsed = FraudProof.parse(bytes);
    assertThat(parsed).isEqualTo(proof);
    FraudProofCheck.Result result = parties.withModel().check(parsed);
    assertThat(result).isInstanceOf(FraudProofCheck.Result.Proven.class);
    assertThat(((FraudProofCheck.Result.Proven) result).peer()).isEqualTo(liar.identity().peerId());
    assertThat(Parties.withoutModel().check(parsed))
        .isInstanceOf(FraudProofCheck.Result.NeedsModel.class);
    return proof;
  }
}
