package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.folkmoot.base.Hash32;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.MadeReceipt;
import org.folkmoot.session.Notary.Proof;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.junit.jupiter.api.Test;

/** Which answers are audited, and what follows. */
class AuditorTest {
  private static final PeerId SELF = new PeerId(Hash32.sha256(new byte[] {1}));
  private static final Auditor.Checked SOUND =
      new Auditor.Checked(List.of(), Set.of(), Set.of(), List.of());

  private final MadeReceipt made = new MadeReceipt(7, 3, 5, 9);
  private final Proof answer = new Proof(made.receipt, made.disclosure);
  private final PeerId middle = made.receipt.hops().get(1).peer();

  /** Notes what it is asked; each answer is set by the test. */
  private final class FakeMeans implements Auditor.Means {
    final List<String> calls = new ArrayList<>();
    final List<FraudProof> accused = new ArrayList<>();
    final List<PeerId> distrusted = new ArrayList<>();
    Optional<Auditor.Checked> checked = Optional.of(SOUND);
    List<SignedStatement> again = made.receipt.statements();
    Optional<Proof> canary = Optional.empty();
    Optional<FraudProof> settled = Optional.empty();

    @Override
    public Optional<Auditor.Checked> check(Proof proof) {
      calls.add("check");
      return checked;
    }

    @Override
    public Optional<FraudProof> dispute(Proof proof, SignedStatement signed) {
      calls.add("dispute");
      assertThat(signed.hop()).isEqualTo(middle);
      assertThat(distrusted).as("nothing can be asked of who is left alone").isEmpty();
      return settled;
    }

    @Override
    public List<SignedStatement> again(Proof proof) {
      calls.add("again");
      assertThat(distrusted).as("nothing can be asked of who is left alone").isEmpty();
      return again;
    }

    @Override
    public Optional<Proof> canary(Proof like) {
      calls.add("canary");
      return canary;
    }

    @Override
    public void distrust(PeerId peer) {
      distrusted.add(peer);
    }

    @Override
    public void accuse(FraudProof proof) {
      accused.add(proof);
    }
  }

  private final FakeMeans means = new FakeMeans();
  private final SplittableRandom random = new SplittableRandom(3);

  private Auditor auditor(Auditor.Policy policy) {
    return new Auditor(SELF, policy, random::nextDouble, Runnable::run, means);
  }

  private static Auditor.Checked wrong(PeerId peer) {
    return new Auditor.Checked(List.of(), Set.of(peer), Set.of(), List.of());
  }

  @Test
  void allOfTheFirstAnswersAndAShareOfTheRestAreChecked() {
    Auditor auditor = auditor(Auditor.Policy.USUAL);
    for (int i = 0; i < 20; i++) {
      auditor.answered(answer);
    }
    assertThat(auditor.audits()).isEqualTo(20);
    for (int i = 0; i < 2000; i++) {
      auditor.answered(answer);
    }
    assertThat(auditor.audits() - 20).isBetween(70, 130); // 5 % of 2,000, give or take 3 sigma
    assertThat(means.accused).isEmpty();
    assertThat(means.distrusted).isEmpty();
  }

  @Test
  void ourOwnWorkIsNotChecked() {
    Proof own = new Proof(made.receipt, made.disclosure);
    PeerId self = made.receipt.hops().getFirst().peer();
    MadeReceipt alone = new MadeReceipt(7, 1, 5, 9);
    assertThat(alone.receipt.hops().getFirst().peer()).isEqualTo(self);
    Auditor auditor =
        new Auditor(self, Auditor.Policy.USUAL, random::nextDouble, Runnable::run, means);
    auditor.answered(new Proof(alone.receipt, alone.disclosure));
    assertThat(means.calls).isEmpty();
    auditor.answered(own);
    assertThat(means.calls).containsExactly("check");
  }

  @Test
  void whatNobodyCanCheckIsNoEvidenceAndDoesNotCount() {
    means.checked = Optional.empty();
    Auditor auditor = auditor(new Auditor.Policy(1, 0));
    auditor.answered(answer);
    auditor.answered(answer);
    assertThat(means.calls).containsExactly("check", "check");
    assertThat(auditor.audits()).isZero();
    assertThat(means.distrusted).isEmpty();
  }

  @Test
  void aPeerThatNowSignsSomethingElseContradictsItself() {
    means.checked = Optional.of(wrong(middle));
    means.again = made.receipt.statements().stream().map(AuditorTest::withOtherOutputs).toList();
    auditor(Auditor.Policy.USUAL).answered(answer);
    assertThat(means.accused)
        .singleElement()
        .isInstanceOfSatisfying(
            FraudProof.Contradiction.class,
            proof -> assertThat(proof.statement().hop()).isEqualTo(middle));
    assertThat(means.distrusted).containsExactly(middle);
    assertThat(means.calls).doesNotContain("canary");
  }

  @Test
  void aConsistentLiarIsTriedWithAPublicPrompt() {
    means.checked = Optional.of(wrong(middle));
    MadeReceipt canary = new MadeReceipt(7, 3, 6, 4);
    means.canary = Optional.of(new Proof(canary.receipt, canary.disclosure));
    auditor(Auditor.Policy.USUAL).answered(answer);
    assertThat(means.accused)
        .singleElement()
        .isInstanceOfSatisfying(
            FraudProof.WrongSpan.class,
            proof -> {
              assertThat(proof.statement().hop()).isEqualTo(middle);
              assertThat(proof.ids())
                  .as("only the canary's tokens are shown")
                  .isEqualTo(Arrays.copyOf(canary.disclosure.ids(), 9));
            });
  }

  @Test
  void aDisputeThatIsSettledIsEnough() {
    SignedStatement signed = made.receipt.statements().get(1);
    FraudProof proof = new FraudProof.BrokenReplies(signed, made.key(), List.of());
    means.checked = Optional.of(wrong(middle));
    means.settled = Optional.of(proof);
    auditor(Auditor.Policy.USUAL).answered(answer);
    assertThat(means.calls).containsExactly("check", "dispute");
    assertThat(means.accused).containsExactly(proof);
    assertThat(means.distrusted).containsExactly(middle);
  }

  @Test
  void whatProvesItselfNeedsNoDispute() {
    SignedStatement signed = made.receipt.statements().get(1);
    FraudProof proof = new FraudProof.BrokenReplies(signed, made.key(), List.of());
    means.checked =
        Optional.of(new Auditor.Checked(List.of(), Set.of(middle), Set.of(), List.of(proof)));
    auditor(Auditor.Policy.USUAL).answered(answer);
    assertThat(means.calls).containsExactly("check");
    assertThat(means.accused).containsExactly(proof);
  }

  @Test
  void whoIsHonestWithPublicPromptsIsOnlyLeftAlone() {
    means.checked = Optional.of(wrong(middle));
    means.again = List.of();
    auditor(Auditor.Policy.USUAL).answered(answer);
    assertThat(means.calls).containsExactly("check", "dispute", "again", "canary");
    assertThat(means.accused).isEmpty();
    assertThat(means.distrusted).containsExactly(middle);
  }

  @Test
  void ofTwoThatDifferNeitherIsPunishedWithoutProof() {
    PeerId other = made.receipt.hops().get(2).peer();
    Finding differs = Finding.repeated(middle, other, made.receipt.hops().get(1).range(), false);
    means.checked =
        Optional.of(
            new Auditor.Checked(List.of(differs), Set.of(), Set.of(middle, other), List.of()));
    Auditor auditor = auditor(new Auditor.Policy(1, 0));
    auditor.answered(answer);
    assertThat(means.calls).containsExactly("check", "again");
    assertThat(means.accused).isEmpty();
    assertThat(means.distrusted).isEmpty();
    auditor.answered(answer);
    assertThat(means.calls).as("it did not count as sound").hasSize(4);
  }

  @Test
  void auditsThatPileUpAreLeftOut() {
    Deque<Runnable> later = new ArrayDeque<>();
    Auditor auditor =
        new Auditor(SELF, Auditor.Policy.USUAL, random::nextDouble, later::add, means);
    for (int i = 0; i < 100; i++) {
      auditor.answered(answer);
    }
    assertThat(later).hasSize(8);
    later.forEach(Runnable::run);
    later.clear();
    auditor.answered(answer);
    assertThat(later).as("there is room again").hasSize(1);
  }

  private static SignedStatement withOtherOutputs(SignedStatement signed) {
    HopStatement s = signed.statement();
    HopStatement other =
        new HopStatement(
            s.session(),
            s.model(),
            s.adapters(),
            s.range(),
            s.length(),
            s.traceKeyHash(),
            s.inputs(),
            Hash32.sha256(s.outputs().bytes()),
            s.sampled(),
            s.policy());
    // Whether it is signed well is for the tribunal to see.
    return new SignedStatement(signed.hop(), other, signed.signature());
  }
}
