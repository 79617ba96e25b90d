package org.folkmoot.session;

import java.util.Arrays;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.Terms;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/** Proofs against peers that a session can make of what it has. */
public final class FraudProofs {
  private FraudProofs() {}

  /**
   * That a statement does not come of the answer's tokens. Discloses them: only for prompts that
   * are public, or that whoever asked wants to show.
   */
  public static FraudProof wrongSpan(SignedStatement signed, Disclosure disclosure, Terms terms) {
    int length = signed.statement().length();
    return new FraudProof.WrongSpan(
        signed,
        TraceKey.ofSalt(disclosure.salt()),
        Arrays.copyOf(disclosure.ids(), length),
        signed.statement().sampled().map(_ -> terms.sampling()));
  }
}
