package org.folkmoot.proof.trial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.proof.Finding.Outcome.FAILED;
import static org.folkmoot.proof.Finding.Outcome.HELD;
import static org.folkmoot.proof.Finding.Outcome.NOT_CHECKED;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Commitment;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Finding.Subject;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.proof.Recomputation;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whom and what a recomputation names. */
class RecomputationTest {
  @TempDir private Path folder;

  private static List<Finding> run(TrialModels models, Answer answer) {
    return models.recomputation().run(answer.receipt(), answer.known(), answer.told()).findings();
  }

  private static Finding only(List<Finding> findings, Finding.Outcome outcome, Subject subject) {
    List<Finding> found =
        findings.stream()
            .filter(one -> one.outcome() == outcome && one.subject() == subject)
            .toList();
    assertThat(found).as("%s", findings).hasSize(1);
    return found.getFirst();
  }

  @Test
  void chainsOfEveryKindHold() {
    for (List<Integer> cuts :
        List.of(List.<Integer>of(), List.of(3), List.of(0, 6), List.of(5, 6))) {
      try (TrialModels models = TrialModels.tiny(folder, cuts)) {
        TrialSession session = new TrialSession(models, new SplittableRandom(1), false);
        Answer answer = session.answer(session.run(Cheat.NONE));
        assertThat(run(models, answer)).as("%s", cuts).allMatch(one -> one.outcome() == HELD);
        assertThat(new ReceiptCheck(Identity::verify).check(answer.receipt(), answer.known()))
            .as("%s", cuts)
            .allMatch(one -> one.outcome() == HELD);
      }
    }
  }

  @Test
  void longAnswersAreComputedInParts() {
    try (TrialModels models = TrialModels.tiny(folder, List.of(2, 4))) {
      for (int promptLength : List.of(1, 100, 150)) {
        SplittableRandom random = new SplittableRandom(promptLength);
        TrialSession any = new TrialSession(models, random, true);
        TrialSession session = any.withPrompt(any.ids(random, promptLength));
        Answer answer = session.answer(session.run(Cheat.NONE, 100));
        assertThat(run(models, answer)).allMatch(one -> one.outcome() == HELD);
        Answer touched = session.answer(session.run(flipAt(1, promptLength + 5), 100));
        if (touched.known().outputIds().length > 7) {
          assertThat(only(run(models, touched), FAILED, Subject.COMPUTATION).line())
              .endsWith("from position %d on".formatted(promptLength + 5));
        }
      }
    }
  }

  private static Cheat flipAt(int cheat, int position) {
    return new Cheat() {
      @Override
      void computed(int hop, int step, float[] states) {
        if (hop == cheat && step == position) {
          states[3] = Math.nextUp(states[3]);
        }
      }
    };
  }

  @Test
  void theHopAndTheFirstPositionAreNamed() {
    try (TrialModels models = TrialModels.tiny(folder, List.of(2, 4))) {
      TrialSession session = new TrialSession(models, new SplittableRandom(2), false);
      int position = session.prompt.length + 1;
      Answer answer = session.answer(session.run(flipAt(1, position)));
      List<Finding> findings = run(models, answer);
      PeerId second = TrialSession.peers().get(1);
      Finding wrong = only(findings, FAILED, Subject.COMPUTATION);
      assertThat(wrong.evidenceAgainst()).contains(second);
      assertThat(wrong.line()).endsWith("from position " + position + " on");
      assertThat(only(findings, NOT_CHECKED, Subject.COMPUTATION).about())
          .contains(TrialSession.peers().get(2));
      List<Finding> withoutDigests =
          models.recomputation().run(answer.receipt(), answer.known()).findings();
      assertThat(only(withoutDigests, FAILED, Subject.COMPUTATION).evidenceAgainst())
          .contains(second);
    }
  }

  @Test
  void aWrongTokenIsTheLastHopsUnlessItWasToldOtherTokensBefore() {
    try (TrialModels models = TrialModels.tiny(folder, List.of(2, 4))) {
      for (int seed = 0; seed < 12; seed++) {
        TrialSession session = new TrialSession(models, new SplittableRandom(seed), false);
        Cheat cheat =
            new Cheat() {
              @Override
              int chosen(int index, int id) {
                return index == 2 ? (id + 1) % models.tokenizer().size() : id;
              }
            };
        Answer answer = session.answer(session.run(cheat));
        Finding wrong = only(run(models, answer), FAILED, Subject.SAMPLING);
        assertThat(wrong.line()).contains("position " + (session.prompt.length + 2));
        PeerId last = answer.receipt().hops().getLast().peer();
        assertThat(wrong.evidenceAgainst()).contains(last);
        FraudProof proof =
            models.recomputation().run(answer.receipt(), answer.known()).wrongToken().orElseThrow();
        assertThat(
                new FraudProofCheck(Identity::verify, _ -> Optional.of(models.atHand()), 1)
                    .check(proof))
            .isInstanceOfSatisfying(
                FraudProofCheck.Result.Proven.class,
                proven -> assertThat(proven.peer()).isEqualTo(last));
        Finding misled =
            only(
                models.recomputation().run(told(answer.receipt()), answer.known()).findings(),
                FAILED,
                Subject.SAMPLING);
        assertThat(misled.evidenceAgainst()).isEmpty();
      }
    }
  }

  /** The same, but for the tokens before those that the last hop chose. */
  private static Receipt told(Receipt receipt) {
    List<Receipt.Hop> hops = new ArrayList<>(receipt.hops());
    Receipt.Hop last = hops.removeLast();
    Receipt.Tokens tokens = last.tokens().orElseThrow();
    hops.add(
        new Receipt.Hop(
            last.peer(),
            last.range(),
            last.inputs(),
            last.outputs(),
            Optional.of(new Receipt.Tokens(tokens.from(), tokens.root(), tokens.root())),
            last.policy(),
            last.signature()));
    return new Receipt(
        receipt.terms(),
        receipt.commitment(),
        receipt.finish(),
        receipt.issuedMillis(),
        hops,
        receipt.replaced(),
        receipt.issuer(),
        receipt.signature());
  }

  @Test
  void nobodyIsBlamedForWhatTheReceiptIsNotAbout() {
    try (TrialModels models = TrialModels.tiny(folder);
        WorkerPool workers = new WorkerPool(1)) {
      TrialSession session = new TrialSession(models, new SplittableRandom(3), false);
      Answer answer = session.answer(session.run(Cheat.NONE));
      Disclosure known = answer.known();
      int[] other = known.outputIds();
      other[0] = 100_000;
      Disclosure strange =
          new Disclosure(
              known.salt(), known.promptIds(), other, Optional.empty(), Optional.empty());
      failsWithoutBlame(
          models.recomputation().run(answer.receipt(), strange).findings(), Subject.PROMPT);
      try (GgufFile file = GgufFile.open(folder.resolve("adapted.gguf"));
          SpanModel model =
              SpanModel.load(
                  file, models.config(), Span.whole(models.config()), workers, _ -> {})) {
        Recomputation elsewhere =
            new Recomputation(model, new ModelId(known.salt()), 320, _ -> false);
        failsWithoutBlame(elsewhere.run(answer.receipt(), known).findings(), Subject.MODEL);
      }
    }
  }

  @Test
  void tokensThatNoVocabularyHasAndChainsThatAreTooLong() {
    try (TrialModels small = TrialModels.tiny(folder, List.of())) {
      TrialSession session = new TrialSession(small, new SplittableRandom(4), false);
      TrialSession.Run run = session.run(Cheat.NONE);
      int[] impossible = {-1, 1 << 20};
      Receipt receipt = session.answer(run).receipt();
      Receipt forged =
          new Receipt(
              receipt.terms(),
              Commitment.to(session.salt, session.prompt, impossible),
              receipt.finish(),
              receipt.issuedMillis(),
              receipt.hops(),
              receipt.replaced(),
              receipt.issuer(),
              receipt.signature());
      failsWithoutBlame(
          small
              .recomputation()
              .run(forged, Answer.known(session.salt, session.prompt, impossible))
              .findings(),
          Subject.PROMPT);
    }
  }

  private static void failsWithoutBlame(List<Finding> findings, Subject subject) {
    only(findings, FAILED, subject);
    assertThat(findings).allMatch(one -> one.evidenceAgainst().isEmpty());
  }
}
