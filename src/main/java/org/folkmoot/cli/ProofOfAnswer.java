package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.session.Notary;
import org.folkmoot.store.StoredModel;

/** Everything that can be checked about an answer where its model is at hand. */
record ProofOfAnswer(Notary.Proof proof, List<Finding> findings, double seconds) {
  /** Checks signatures and structure, and computes the answer again. */
  static ProofOfAnswer check(Surroundings surroundings, StoredModel model, Notary.Proof proof) {
    long start = surroundings.nanoTime().getAsLong();
    List<Finding> findings =
        new ArrayList<>(
            new ReceiptCheck(Identity::verify).check(proof.receipt(), proof.disclosure()));
    ModelOpener.Settings settings =
        new ModelOpener.Settings(
            Runtime.getRuntime().availableProcessors(),
            Integer.MAX_VALUE,
            MachineMemory.bytes() / 4,
            1);
    try (Weights weights = Weights.open(surroundings, model, settings)) {
      start = surroundings.nanoTime().getAsLong();
      findings.addAll(weights.recomputation().run(proof.receipt(), proof.disclosure()).findings());
    }
    return new ProofOfAnswer(
        proof, List.copyOf(findings), (surroundings.nanoTime().getAsLong() - start) / 1e9);
  }

  /** Whether all of it holds. */
  boolean holds() {
    return Finding.noneFailed(findings) && VerifyReport.allComputed(findings);
  }

  /** What failed. */
  List<Finding> failures() {
    return findings.stream()
        .filter(finding -> finding.outcome() == Finding.Outcome.FAILED)
        .toList();
  }

  /** A line for people. */
  String line() {
    int bytes = ReceiptCodec.encode(proof.receipt()).length;
    int tokens = proof.receipt().commitment().outputTokens();
    return holds()
        ? "the receipt holds: %,d bytes for %d tokens, signed by %d hops, computed again in one prefill of %.1f s"
            .formatted(bytes, tokens, proof.receipt().hops().size(), seconds)
        : "the receipt does NOT hold";
  }
}
