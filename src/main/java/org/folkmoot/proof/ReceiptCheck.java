package org.folkmoot.proof;

import static org.folkmoot.proof.Finding.Subject.CHAIN;
import static org.folkmoot.proof.Finding.Subject.HANDOVER;
import static org.folkmoot.proof.Finding.Subject.HOP;
import static org.folkmoot.proof.Finding.Subject.INPUTS;
import static org.folkmoot.proof.Finding.Subject.ISSUER;
import static org.folkmoot.proof.Finding.Subject.OUTPUT;
import static org.folkmoot.proof.Finding.Subject.PROMPT;
import static org.folkmoot.proof.Finding.Subject.SALT;
import static org.folkmoot.proof.Finding.Subject.SYSTEM_PROMPT;
import static org.folkmoot.proof.Finding.Subject.TEMPLATE;
import static org.folkmoot.proof.Finding.Subject.TOKENS;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Verifier;
import org.folkmoot.proof.Finding.Subject;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.StepTrail;
import org.folkmoot.wire.TraceKey;

/**
 * What can be said of a receipt without weights and without a network: who signed it, whether it is
 * complete and agrees with itself, and, with a disclosure, whether it is about that prompt and
 * answer. Not promised: that the model says this; all hops may have lied in concert. {@link
 * Recomputation} knows.
 */
public final class ReceiptCheck {
  private final Verifier verifier;

  /** A check whose signatures are looked at by this. */
  public ReceiptCheck(Verifier verifier) {
    this.verifier = verifier;
  }

  /** Checks a receipt by itself. What needs a disclosure is not checked, and says so. */
  public List<Finding> check(Receipt receipt) {
    List<Finding> findings = itself(receipt);
    findings.add(
        Finding.notChecked(PROMPT, "prompt and answer: needs the disclosure (--disclosure FILE)"));
    return findings;
  }

  /** Checks a receipt, and that a disclosure opens it. */
  public List<Finding> check(Receipt receipt, Disclosure disclosure) {
    List<Finding> findings = itself(receipt);
    findings.addAll(opened(receipt, disclosure));
    return findings;
  }

  private List<Finding> itself(Receipt receipt) {
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.of(
                ISSUER,
                verifier.verify(receipt.issuer(), receipt.signedBytes(), receipt.signature()),
                "signed by its issuer " + receipt.issuer(),
                "the issuer " + receipt.issuer() + " did not sign this")
            .about(receipt.issuer()));
    for (SignedStatement signed : receipt.statements()) {
      boolean signedIt =
          verifier.verify(signed.hop(), signed.statement().signedBytes(), signed.signature());
      String who = "the peer %s (%s)".formatted(signed.hop(), signed.statement().range());
      findings.add(
          Finding.of(
                  HOP,
                  signedIt,
                  who + " signed what it computed",
                  who + " did not sign this: another session, model, sampling or length, or forged")
              .about(signed.hop()));
    }
    findings.add(chain(receipt.hops()));
    findings.add(handover(receipt.hops()));
    return findings;
  }

  private static Finding chain(List<Receipt.Hop> hops) {
    int next = 0;
    for (int i = 0; i < hops.size(); i++) {
      LayerRange range = hops.get(i).range();
      if (range.from() != next
          || range.embeds() != (i == 0)
          || range.heads() != (i == hops.size() - 1)) {
        return Finding.failed(
            CHAIN, "the hops are no whole model: %s does not follow there".formatted(range));
      }
      next = range.to();
    }
    return Finding.held(
        CHAIN,
        "%d hops, from the embedding over %d layers to the head".formatted(hops.size(), next));
  }

  private static Finding handover(List<Receipt.Hop> hops) {
    for (int i = 1; i < hops.size(); i++) {
      if (!hops.get(i).inputs().equals(hops.get(i - 1).outputs())) {
        return Finding.failed(
            HANDOVER,
            "the peer %s states other inputs than what %s before it states to have given"
                .formatted(hops.get(i).peer(), hops.get(i - 1).peer()));
      }
    }
    return Finding.held(HANDOVER, "what each hop gave is what the next one took");
  }

  private static List<Finding> opened(Receipt receipt, Disclosure disclosure) {
    Commitment told = receipt.commitment();
    Commitment own = disclosure.commitment();
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.of(
            SALT,
            own.traceKey().equals(told.traceKey()),
            "fresh: made with this disclosure's salt",
            "another salt than the disclosure's: a receipt of some other answer, perhaps an old one"));
    findings.add(
        Finding.of(
            PROMPT,
            own.promptTokens() == told.promptTokens() && own.prompt().equals(told.prompt()),
            "the prompt is the disclosed one, %d tokens".formatted(own.promptTokens()),
            "the prompt is not the disclosed one"));
    findings.add(
        Finding.of(
            OUTPUT,
            own.outputTokens() == told.outputTokens() && own.output().equals(told.output()),
            "the answer is the disclosed one, %d tokens".formatted(own.outputTokens()),
            "the answer is not the disclosed one"));
    findings.add(inputs(receipt, disclosure));
    findings.add(tokens(receipt, disclosure));
    findings.addAll(
        text(TEMPLATE, "chat template", receipt.terms().template(), disclosure.template()));
    findings.addAll(
        text(
            SYSTEM_PROMPT,
            "system prompt",
            receipt.terms().systemPrompt(),
            disclosure.systemPrompt()));
    return findings;
  }

  private static Finding inputs(Receipt receipt, Disclosure disclosure) {
    Receipt.Hop first = receipt.hops().getFirst();
    return Finding.of(
            INPUTS,
            first.range().embeds() && first.inputs().equals(inputRoot(disclosure)),
            "the first hop took these tokens",
            "the first hop %s took other tokens than the disclosed ones".formatted(first.peer()))
        .about(first.peer());
  }

  /** The Merkle root of what the first hop takes: all tokens but the last. */
  static Hash32 inputRoot(Disclosure disclosure) {
    int[] ids = disclosure.ids();
    StepTrail trail = new StepTrail();
    trail.addIds(0, ids);
    return trail.root(TraceKey.ofSalt(disclosure.salt()), ids.length - 1);
  }

  private static Finding tokens(Receipt receipt, Disclosure disclosure) {
    Receipt.Hop last = receipt.hops().getLast();
    if (last.tokens().isEmpty()) {
      return Finding.failed(TOKENS, "no hop states to have chosen the tokens");
    }
    Receipt.Tokens told = last.tokens().get();
    int earlier = told.from() - receipt.commitment().promptTokens();
    String held =
        earlier == 0
            ? "the last hop chose these tokens"
            : "the last hop chose these tokens, but the first %d: a hop that it replaced chose those"
                .formatted(earlier);
    return Finding.of(
            TOKENS,
            areTokens(told, disclosure),
            held,
            "the last hop %s chose, or was told, other tokens than the disclosed ones"
                .formatted(last.peer()))
        .about(last.peer());
  }

  /** Whether what a last hop states to have been told, and to have chosen, is what is disclosed. */
  static boolean areTokens(Receipt.Tokens told, Disclosure disclosure) {
    return told.from() <= disclosure.ids().length && told.equals(tokens(disclosure, told.from()));
  }

  /**
   * What a last hop must say that chose the tokens from a position on.
   *
   * @param from not behind the end
   */
  static Receipt.Tokens tokens(Disclosure disclosure, int from) {
    TraceKey key = TraceKey.ofSalt(disclosure.salt());
    int[] ids = disclosure.ids();
    return new Receipt.Tokens(
        from, key.tokensRoot(ids, 0, from), key.tokensRoot(ids, from, ids.length));
  }

  private static List<Finding> text(
      Subject subject, String name, Optional<Hash32> told, Optional<String> text) {
    if (told.isEmpty() && text.isEmpty()) {
      return List.of();
    }
    if (text.isEmpty()) {
      return List.of(
          Finding.notChecked(subject, "the %s is named, but not disclosed".formatted(name)));
    }
    return List.of(
        Finding.of(
            subject,
            told.equals(text.map(Terms::hashOf)),
            "the %s is the disclosed one".formatted(name),
            told.isEmpty()
                ? "a %s is disclosed, and the receipt names none".formatted(name)
                : "the %s is not the disclosed one".formatted(name)));
  }
}
