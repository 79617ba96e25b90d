package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.proof.Receipt;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which peers of a swarm may answer, and how they are asked. */
final class PeerOptions {
  @Option(
      names = "--no-policy",
      description =
          "Ask no peers whose operators declare a policy, and refuse an answer that somebody"
              + " signed under one: see 'folkmoot peers' for who does.")
  private boolean noPolicy;

  @Option(
      names = "--draft",
      paramLabel = "MODEL",
      description =
          "Let a small model of this machine guess ahead for the swarm: fewer round trips, the same"
              + " answer. It must have the same vocabulary.")
  private @Nullable String draft;

  @Option(
      names = "--ends",
      paramLabel = "local[:N]",
      description =
          "Compute the model's first and last layer (or N of each), the embedding and the head on"
              + " this machine, so that no peer is sent a token. Peers get hidden states, which"
              + " hides the text from casual eyes only: it is no encryption. Needs the model's"
              + " file here.")
  private @Nullable String ends;

  SwarmWish wish() {
    return new SwarmWish(
        noPolicy ? RouteConstraints.NONE.withoutPolicies() : RouteConstraints.NONE,
        Optional.ofNullable(draft),
        SwarmWish.ends(ends));
  }

  /** Whether who computes an answer of this model must sign, so that a policy would show. */
  boolean wantsSignatures(LanguageModel model) {
    return noPolicy && model.asksOthers();
  }

  /**
   * Refuses an answer that somebody signed under a policy after announcing none.
   *
   * @param proof empty if not all signed
   * @throws FolkmootException UNREACHABLE if one did, or if nobody can know
   */
  static void refusePolicies(Optional<Notary.Proof> proof) {
    Receipt receipt =
        proof
            .map(Notary.Proof::receipt)
            .orElseThrow(() ->
                new FolkmootException(
                    UNREACHABLE,
                    "whether this answer was made without a policy is not known: not all who computed it signed"));
    policyOf(receipt)
        .ifPresent(line -> {
          throw new FolkmootException(UNREACHABLE, line);
        });
  }

  /** What to say of a receipt that somebody signed under a policy; empty if nobody did. */
  static Optional<String> policyOf(Receipt receipt) {
    return receipt.hops().stream()
        .filter(hop -> hop.policy().isPresent())
        .findFirst()
        .map(hop ->
            "the peer %s signed this answer under the policy %s, though it announced none: do not use it as one without"
                .formatted(hop.peer(), hop.policy().orElseThrow()));
  }
}
