package org.folkmoot.proof;

import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.util.List;
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
    requireAsMeant(receipt.statements(), facts.statements());
    return receipt.signed(issuer.sign(receipt.signedBytes()));
  }

  private static Receipt.Hop hop(SignedStatement signed) {
    HopStatement statement = signed.statement();
    return new Receipt.Hop(
        signed.hop(),
        statement.range(),
        statement.inputs(),
        statement.outputs(),
        statement.sampled().map(chosen -> new Receipt.Tokens(chosen.from(), chosen.tokensRoot())),
        statement.policy(),
        signed.signature());
  }

  /** The receipt has what all statements share only once: they must share it. */
  private static void requireAsMeant(List<SignedStatement> meant, List<SignedStatement> told) {
    for (int i = 0; i < told.size(); i++) {
      if (!told.get(i).equals(meant.get(i))) {
        throw new FolkmootException(
            WRONG_HASH,
            "the peer %s signed something else than was asked of it (%s): leave it out and ask again"
                .formatted(told.get(i).hop(), difference(meant.get(i), told.get(i))));
      }
    }
  }

  private static String difference(SignedStatement meant, SignedStatement told) {
    HopStatement a = meant.statement();
    HopStatement b = told.statement();
    if (!a.session().equals(b.session()) || !a.traceKeyHash().equals(b.traceKeyHash())) {
      return "another session";
    }
    if (!a.model().equals(b.model()) || !a.adapters().equals(b.adapters())) {
      return "another model";
    }
    return a.length() == b.length() ? "another sampling" : "another length";
  }
}
