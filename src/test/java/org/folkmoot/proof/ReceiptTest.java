package org.folkmoot.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.proof.Finding.Outcome.FAILED;
import static org.folkmoot.proof.Finding.Outcome.HELD;
import static org.folkmoot.proof.Finding.Outcome.NOT_CHECKED;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.proof.Finding.Subject;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.junit.jupiter.api.Test;

class ReceiptTest {
  private final MadeReceipt made = new MadeReceipt(1, 3, 20, 64);

  private static Set<Subject> failed(List<Finding> findings) {
    return findings.stream()
        .filter(one -> one.outcome() == FAILED)
        .map(Finding::subject)
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Subject.class)));
  }

  private static Receipt with(Receipt r, Terms terms, List<Receipt.Hop> hops) {
    return new Receipt(
        terms,
        r.commitment(),
        r.finish(),
        r.issuedMillis(),
        hops,
        r.replaced(),
        r.issuer(),
        r.signature());
  }

  /** As an issuer who cheats would: with its own signature. */
  private Receipt signed(Receipt receipt) {
    return receipt.signed(made.issuer.sign(receipt.signedBytes()));
  }

  @Test
  void isSmall() {
    int three = ReceiptCodec.encode(made.receipt).length;
    int one = ReceiptCodec.encode(new MadeReceipt(2, 1, 20, 64).receipt).length;
    System.out.println("receipt: 3 hops " + three + " bytes, 1 hop " + one + " bytes");
    assertThat(three).isLessThanOrEqualTo(1024);
    assertThat(one).isLessThan(three);
  }

  @Test
  void comesBackFromItsBytes() {
    byte[] bytes = ReceiptCodec.encode(made.receipt);
    Receipt read = ReceiptCodec.decode(bytes);
    assertThat(ReceiptCodec.encode(read)).isEqualTo(bytes);
    assertThat(read.terms()).isEqualTo(made.receipt.terms());
    assertThat(read.commitment()).isEqualTo(made.receipt.commitment());
    assertThat(read.hops()).isEqualTo(made.receipt.hops());
    assertThat(read.statements()).isEqualTo(made.facts.statements());
    assertThat(Disclosure.decode(made.disclosure.encode())).isEqualTo(made.disclosure);
  }

  @Test
  void everyFieldComesBack() {
    Receipt r = made.receipt;
    Receipt full =
        new Receipt(
            new Terms(
                new SessionId(-1, 0),
                r.terms().model(),
                List.of(made.hash(), made.hash()),
                Optional.empty(),
                Optional.empty(),
                new SamplerSettings(-0f, 0, 0.5f, 1, 2, 0, -5, Map.of(-3, -0f, 7, 2.5f)),
                List.of(made.hash())),
            r.commitment(),
            Receipt.Finish.CANCELLED,
            0,
            r.hops().stream().map(hop -> policed(hop, made.hash())).toList(),
            List.of(new Receipt.Replaced(r.issuer(), new LayerRange(true, 0, 0, false), 0, 9)),
            r.issuer(),
            r.signature());
    Receipt read = ReceiptCodec.decode(ReceiptCodec.encode(full));
    assertThat(read.terms()).isEqualTo(full.terms());
    assertThat(read.hops()).isEqualTo(full.hops());
    assertThat(read.replaced()).isEqualTo(full.replaced());
    assertThat(read.finish()).isEqualTo(full.finish());
  }

  private static Receipt.Hop policed(Receipt.Hop hop, Hash32 policy) {
    return new Receipt.Hop(
        hop.peer(),
        hop.range(),
        hop.inputs(),
        hop.outputs(),
        hop.tokens()
            .map(tokens -> new Receipt.Tokens(tokens.from() + 3, tokens.history(), tokens.root())),
        Optional.of(policy),
        hop.signature());
  }

  @Test
  void anHonestOneHolds() {
    List<Finding> findings = MadeReceipt.check(made.receipt, made.disclosure);
    assertThat(findings).allMatch(one -> one.outcome() == HELD);
    assertThat(findings).extracting(Finding::subject).contains(Subject.TEMPLATE, Subject.TOKENS);
    List<Finding> alone = new ReceiptCheck(Identity::verify).check(made.receipt);
    assertThat(Finding.noneFailed(alone)).isTrue();
    assertThat(alone).anyMatch(one -> one.outcome() == NOT_CHECKED);
  }

  @Test
  void aDisclosureOfSomethingElseDoesNotOpenIt() {
    Disclosure d = made.disclosure;
    int[] other = d.outputIds();
    other[5]++;
    Optional<String> none = Optional.empty();
    assertThat(check(new Disclosure(made.hash(), d.promptIds(), d.outputIds(), none, none)))
        .contains(Subject.SALT, Subject.PROMPT, Subject.OUTPUT);
    assertThat(check(new Disclosure(d.salt(), d.promptIds(), other, none, none)))
        .containsExactlyInAnyOrder(Subject.OUTPUT, Subject.TOKENS, Subject.INPUTS);
    assertThat(check(new Disclosure(d.salt(), other, d.outputIds(), none, none)))
        .contains(Subject.PROMPT, Subject.INPUTS);
    assertThat(check(new Disclosure(d.salt(), d.promptIds(), new int[] {1}, none, none)))
        .contains(Subject.OUTPUT, Subject.TOKENS);
    // Shorter than where the last hop's own tokens begin.
    assertThat(check(new Disclosure(d.salt(), new int[] {1}, new int[] {2}, none, none)))
        .contains(Subject.PROMPT, Subject.OUTPUT, Subject.TOKENS, Subject.INPUTS);
    assertThat(
            check(
                new Disclosure(
                    d.salt(), d.promptIds(), d.outputIds(), Optional.of("x"), Optional.of("y"))))
        .containsExactlyInAnyOrder(Subject.TEMPLATE, Subject.SYSTEM_PROMPT);
  }

  private Set<Subject> check(Disclosure disclosure) {
    return failed(MadeReceipt.check(made.receipt, disclosure));
  }

  @Test
  void hopsMustFollowEachOther() {
    List<Receipt.Hop> gap = new ArrayList<>(made.receipt.hops());
    gap.remove(1);
    Receipt skipped = signed(with(made.receipt, made.receipt.terms(), gap));
    assertThat(failed(MadeReceipt.check(skipped, made.disclosure)))
        .containsExactlyInAnyOrder(Subject.CHAIN, Subject.HANDOVER);
    for (int only = 0; only < 3; only++) {
      List<Receipt.Hop> one = List.of(made.receipt.hops().get(only));
      Receipt cut = signed(with(made.receipt, made.receipt.terms(), one));
      assertThat(failed(MadeReceipt.check(cut, made.disclosure))).contains(Subject.CHAIN);
    }
  }

  @Test
  void anIssuerCannotChangeWhatHopsSigned() {
    Terms terms = made.receipt.terms();
    Terms other =
        new Terms(
            terms.session(),
            new ModelId(made.hash()),
            terms.adapters(),
            terms.template(),
            terms.systemPrompt(),
            terms.sampler(),
            terms.policies());
    Terms reseeded =
        new Terms(
            terms.session(),
            terms.model(),
            terms.adapters(),
            terms.template(),
            terms.systemPrompt(),
            SamplerSettings.USUAL,
            terms.policies());
    Receipt swapped = signed(with(made.receipt, other, made.receipt.hops()));
    List<Finding> findings = MadeReceipt.check(swapped, made.disclosure);
    assertThat(failed(findings)).containsExactly(Subject.HOP);
    assertThat(findings).filteredOn(one -> one.outcome() == FAILED).hasSize(3);
    Receipt resampled = signed(with(made.receipt, reseeded, made.receipt.hops()));
    findings = MadeReceipt.check(resampled, made.disclosure);
    PeerId last = made.receipt.hops().getLast().peer();
    assertThat(findings)
        .filteredOn(one -> one.outcome() == FAILED)
        .singleElement()
        .satisfies(one -> assertThat(one.about()).contains(last));
  }

  @Test
  void aStatementAboutSomethingElseIsNotPutIn() {
    AnswerFacts facts = made.facts;
    SignedStatement first = facts.statements().getFirst();
    HopStatement s = first.statement();
    HopStatement other =
        new HopStatement(
            new SessionId(1, 2),
            s.model(),
            s.adapters(),
            s.range(),
            s.length(),
            s.traceKeyHash(),
            s.inputs(),
            s.outputs(),
            s.sampled(),
            s.policy());
    List<SignedStatement> statements = new ArrayList<>(facts.statements());
    statements.set(0, new SignedStatement(first.hop(), other, first.signature()));
    AnswerFacts wrong =
        new AnswerFacts(
            facts.terms(),
            facts.salt(),
            facts.promptIds(),
            facts.outputIds(),
            facts.finish(),
            facts.issuedMillis(),
            statements,
            facts.replaced());
    assertThatThrownBy(() -> ReceiptSigner.sign(wrong, made.issuer))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("another session");
  }

  @Test
  void anotherIssuerIsNoticed() {
    Identity stranger = SeededRandom.identity(99);
    Receipt forged = made.receipt.signed(stranger.sign(made.receipt.signedBytes()));
    assertThat(failed(MadeReceipt.check(forged, made.disclosure))).containsExactly(Subject.ISSUER);
  }

  @Test
  void nothingSecretIsPrinted() {
    String salt = made.disclosure.salt().toString();
    assertThat(made.disclosure + " " + made.facts).doesNotContain(salt, MadeReceipt.SYSTEM);
  }
}
