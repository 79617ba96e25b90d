package org.folkmoot.proof;

import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.SignedStatement;

/** Puts receipts together. */
public final class ReceiptSigner {
  private ReceiptSigner() {}

  /**
   * The receipt of an answer.
   *
   * @param issuer signs it
   * @throws FolkmootException WRONG_HASH if a hop's statement is about something else than the
   *     facts. Signatures, and whether statements follow from each other, are not looked at: {@link
   *     ReceiptCheck} does.
   */
  public static Receipt sign(AnswerFacts facts, Signer issuer) {
    Commitment commitment = Commitment.to(facts.salt(), facts.promptIds(), facts.outputIds());
    for (SignedStatement signed : facts.statements()) {
      difference(facts.terms(), commitment, signed.statement())
          .ifPresent(what -> {
            throw new FolkmootException(
                WRONG_HASH,
                "the peer %s signed something else than was asked of it (%s): leave it out and ask again"
                    .formatted(signed.hop(), what));
          });
    }
    Receipt receipt =
        new Receipt(
            facts.terms(),
            commitment,
            facts.finish(),
            facts.issuedMillis(),
            facts.statements().stream().map(ReceiptSigner::hop).toList(),
            facts.replaced(),
            issuer.peerId(),
            new byte[SignedStatement.SIGNATURE_BYTES]);
    return receipt.signed(issuer.sign(receipt.signedBytes()));
  }

  private static Receipt.Hop hop(SignedStatement signed) {
    HopStatement statement = signed.statement();
    return new Receipt.Hop(
        signed.hop(),
        statement.range(),
        statement.inputs(),
        statement.outputs(),
        statement
            .sampled()
            .map(chosen ->
                new Receipt.Tokens(chosen.from(), chosen.historyRoot(), chosen.tokensRoot())),
        statement.policy(),
        signed.signature());
  }

  /** A receipt has what all statements share only once: they must share it. */
  private static Optional<String> difference(
      Terms terms, Commitment commitment, HopStatement told) {
    if (!told.session().equals(terms.session())
        || !told.traceKeyHash().equals(commitment.traceKey())) {
      return Optional.of("another session");
    }
    if (!told.model().equals(terms.model()) || !told.adapters().equals(terms.adapters())) {
      return Optional.of("another model");
    }
    if (told.length() != commitment.length()) {
      return Optional.of("another length");
    }
    // It ends where the length says, so that its beginning is all that is left to check.
    return told.sampled()
        .filter(sampled ->
            sampled.from() < commitment.promptTokens()
                || !sampled.samplingHash().equals(terms.samplingHash()))
        .map(_ -> "another sampling");
  }
}
