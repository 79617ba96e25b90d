package org.folkmoot.proof;

import static org.folkmoot.proof.Finding.Subject.CHAIN;
import static org.folkmoot.proof.Finding.Subject.COMPUTATION;
import static org.folkmoot.proof.Finding.Subject.FINISH;
import static org.folkmoot.proof.Finding.Subject.HANDOVER;
import static org.folkmoot.proof.Finding.Subject.INPUTS;
import static org.folkmoot.proof.Finding.Subject.MODEL;
import static org.folkmoot.proof.Finding.Subject.PROMPT;
import static org.folkmoot.proof.Finding.Subject.SAMPLING;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.TraceKey;

/**
 * Computes an answer again, from weights that are known to be the model's, as one batched prefill
 * of prompt and answer: what took a pass for each token takes one for a hundred. By sem/1 every
 * hidden state and every token must come out to the bit. Where something does not, this names the
 * hop whose work it is: the first whose inputs were right and whose outputs are not.
 *
 * <p>Together with {@link ReceiptCheck} this is a proof. Alone it is none: it looks at no
 * signature.
 */
public final class Recomputation {
  private final SpanModel model;
  private final ModelId modelId;
  private final int vocabulary;
  private final IntPredicate endsAnswer;

  /**
   * A recomputation.
   *
   * @param model a whole model
   * @param modelId SHA-256 of the file that it was loaded from
   * @param vocabulary number of tokens that may be chosen: its tokenizer's
   * @param endsAnswer whether a token ends an answer
   */
  public Recomputation(SpanModel model, ModelId modelId, int vocabulary, IntPredicate endsAnswer) {
    this.model = model;
    this.modelId = modelId;
    this.vocabulary = vocabulary;
    this.endsAnswer = endsAnswer;
  }

  /**
   * What came of it.
   *
   * @param findings what holds and what does not
   * @param digests for each hop what its outputs should have been: SHA-256 for each position, 32
   *     bytes each; empty if nothing could be computed
   * @param wrongToken what a wrong token proves against the last hop
   */
  public record Result(
      List<Finding> findings, List<byte[]> digests, Optional<FraudProof.WrongToken> wrongToken) {
    /** Copies. */
    public Result {
      findings = List.copyOf(findings);
      digests = List.copyOf(digests);
    }
  }

  /** Computes an answer again, as {@link #run(Receipt, Disclosure, List)}. */
  public Result run(Receipt receipt, Disclosure disclosure) {
    return run(receipt, disclosure, List.of());
  }

  /**
   * Computes an answer again.
   *
   * @param disclosure opens the receipt
   * @param told for each hop the digests that it told while it computed, if they are known: with
   *     them the first wrong position can be named. Empty if they are not.
   * @throws org.folkmoot.base.FolkmootException if memory does not suffice
   */
  public Result run(Receipt receipt, Disclosure disclosure, List<byte[]> told) {
    List<Finding> findings = new ArrayList<>(meant(receipt, disclosure));
    if (!Finding.noneFailed(findings)) {
      return new Result(findings, List.of(), Optional.empty());
    }
    int[] ids = disclosure.ids();
    TraceKey key = TraceKey.ofSalt(disclosure.salt());
    Prefill prefill = new Prefill(model, key, ids, ids.length - 1);
    List<LayerRange> ranges = receipt.hops().stream().map(Receipt.Hop::range).toList();
    for (LayerRange range : ranges) {
      prefill.tap(range.from());
      prefill.tap(range.to());
    }
    int promptLength = disclosure.promptIds().length;
    int[] chosen =
        prefill.run(new Prefill.Choice(receipt.terms().sampler(), vocabulary, promptLength, true));
    int differs = Arrays.mismatch(chosen, disclosure.outputIds());
    OptionalInt wrongToken =
        differs < 0 ? OptionalInt.empty() : OptionalInt.of(promptLength + differs);
    findings.addAll(computations(receipt, disclosure, prefill, told));
    findings.add(sampling(receipt, disclosure, prefill, wrongToken));
    findings.add(finish(receipt, disclosure));
    return new Result(
        findings,
        ranges.stream().map(range -> prefill.digests(range.to())).toList(),
        wrongToken.isPresent()
            ? proof(receipt, disclosure, prefill, wrongToken.getAsInt())
            : Optional.empty());
  }

  /** Whether the receipt can be held against this model and these tokens at all. */
  private List<Finding> meant(Receipt receipt, Disclosure disclosure) {
    List<Finding> findings = new ArrayList<>();
    Terms terms = receipt.terms();
    findings.add(
        Finding.of(
            MODEL,
            terms.model().equals(modelId) && terms.adapters().isEmpty(),
            "the weights at hand are the model's",
            terms.adapters().isEmpty()
                ? "the receipt names the model %s, the weights at hand are %s"
                    .formatted(terms.model(), modelId)
                : "the receipt names adapters, and this version knows none"));
    int layers = model.config().layers();
    findings.add(
        Finding.of(
            CHAIN,
            receipt.hops().getLast().range().to() == layers
                && receipt.hops().stream().allMatch(hop -> hop.range().to() <= layers),
            "the hops are all %d layers of the model".formatted(layers),
            "the hops are not the %d layers of the model".formatted(layers)));
    int[] ids = disclosure.ids();
    if (!disclosure.commitment().equals(receipt.commitment())) {
      findings.add(Finding.failed(PROMPT, "the disclosure is of another prompt or answer"));
    } else if (ids.length - 1 > model.config().contextLength()) {
      findings.add(
          Finding.failed(
              PROMPT,
              "%d tokens are more than the model's context of %d"
                  .formatted(ids.length, model.config().contextLength())));
    } else if (!Arrays.stream(ids).allMatch(id -> id >= 0 && id < vocabulary)) {
      findings.add(Finding.failed(PROMPT, "the vocabulary does not have all these tokens"));
    }
    return findings;
  }

  private List<Finding> computations(
      Receipt receipt, Disclosure disclosure, Prefill prefill, List<byte[]> told) {
    List<Finding> findings = new ArrayList<>();
    boolean beforeIsRight = true;
    for (int i = 0; i < receipt.hops().size(); i++) {
      Receipt.Hop hop = receipt.hops().get(i);
      String who = "the peer %s (%s)".formatted(hop.peer(), hop.range());
      Hash32 inputs =
          i == 0 ? ReceiptCheck.inputRoot(disclosure) : prefill.root(hop.range().from());
      boolean right = hop.outputs().equals(prefill.root(hop.range().to()));
      if (hop.inputs().equals(inputs)) {
        String where = firstDifference(prefill, hop, i < told.size() ? told.get(i) : new byte[0]);
        findings.add(
            Finding.of(
                    COMPUTATION,
                    right,
                    who + " computed what the model gives",
                    who + " computed something else than the model gives" + where)
                .about(hop.peer()));
      } else if (beforeIsRight) {
        findings.add(
            Finding.failed(
                    i == 0 ? INPUTS : HANDOVER,
                    who + " states other inputs than the model and this answer give it")
                .about(hop.peer()));
      } else {
        findings.add(
            Finding.notChecked(
                    COMPUTATION, who + " got wrong inputs: nothing can be said of its own work")
                .about(hop.peer()));
      }
      beforeIsRight = right;
    }
    return findings;
  }

  /** Where what a hop told is not what should be, if what it told is what it signed. */
  private static String firstDifference(Prefill prefill, Receipt.Hop hop, byte[] told) {
    byte[] digests = prefill.digests(hop.range().to());
    if (told.length != digests.length || !prefill.rootOf(told).equals(hop.outputs())) {
      return "";
    }
    int at = Arrays.mismatch(told, digests);
    return at < 0 ? "" : ", from position %d on".formatted(at / Hash32.BYTES);
  }

  private static Finding sampling(
      Receipt receipt, Disclosure disclosure, Prefill prefill, OptionalInt wrong) {
    if (wrong.isEmpty()) {
      return Finding.held(
          SAMPLING,
          "the %d tokens are what logits, settings and seed give"
              .formatted(disclosure.outputIds().length));
    }
    Receipt.Hop last = receipt.hops().getLast();
    Finding finding =
        Finding.failed(
            SAMPLING,
            "the token at position %d is not what logits, settings and seed give"
                .formatted(wrong.getAsInt()));
    return isChoiceOf(last, disclosure, prefill, wrong.getAsInt())
        ? finding.about(last.peer())
        : finding;
  }

  /**
   * Whether the last hop alone must have chosen a wrong token: not if its hidden states were wrong,
   * if another hop chose it, or if it was told other tokens before.
   */
  private static boolean isChoiceOf(
      Receipt.Hop last, Disclosure disclosure, Prefill prefill, int position) {
    return last.outputs().equals(prefill.root(last.range().to()))
        && last.tokens()
            .filter(tokens -> position >= tokens.from())
            .filter(tokens -> ReceiptCheck.areTokens(tokens, disclosure))
            .isPresent();
  }

  private static Optional<FraudProof.WrongToken> proof(
      Receipt receipt, Disclosure disclosure, Prefill prefill, int position) {
    Receipt.Hop last = receipt.hops().getLast();
    if (!isChoiceOf(last, disclosure, prefill, position)) {
      return Optional.empty();
    }
    return Optional.of(
        TokenChoice.proof(
            receipt.statements().getLast(),
            TraceKey.ofSalt(disclosure.salt()),
            receipt.terms().sampling(),
            position,
            disclosure.ids(),
            prefill.digests(last.range().to()),
            prefill.wrongState()));
  }

  private Finding finish(Receipt receipt, Disclosure disclosure) {
    int[] output = disclosure.outputIds();
    boolean ended = endsAnswer.test(output[output.length - 1]);
    boolean stated = receipt.finish() == Receipt.Finish.END_OF_ANSWER;
    return Finding.of(
        FINISH,
        ended == stated,
        ended ? "the model ended the answer" : "the answer stopped before the model ended it",
        ended
            ? "the model ended the answer, and the receipt states otherwise"
            : "the model did not end the answer there: something may be missing");
  }
}
