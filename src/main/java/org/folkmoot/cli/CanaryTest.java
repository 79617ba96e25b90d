package org.folkmoot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.session.FraudProofs;
import org.folkmoot.session.Notary;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;

/** What peers do to answers that anyone may see. */
final class CanaryTest implements AutoCloseable {
  /** Others may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final String CONVICTED =
      "it is proven to have computed wrongly, so this home asks it nothing any more";

  /** A peer, what it serves, and what it declares. */
  record Candidate(PeerId peer, LayerRange range, Optional<Hash32> policy) {}

  /**
   * What came of one question.
   *
   * @param outcome whether the answer is what the model gives
   * @param lines what failed, or was not looked at
   */
  record Answered(String prompt, Finding.Outcome outcome, List<String> lines) {}

  /**
   * What came of all of a peer's.
   *
   * @param proven what is proven against it, if something is
   */
  record Tested(Candidate candidate, List<Answered> answers, Optional<String> proven) {
    Tested {
      answers = List.copyOf(answers);
    }

    boolean holds() {
      return proven.isEmpty()
          && answers.stream().allMatch(one -> one.outcome == Finding.Outcome.HELD);
    }

    boolean failed() {
      return proven.isPresent()
          || answers.stream().anyMatch(one -> one.outcome == Finding.Outcome.FAILED);
    }
  }

  private final Surroundings surroundings;
  private final SwarmNode node;
  private final SwarmModel model;
  private final Optional<Weights> weights;
  private final int tokens;
  private final boolean tells;

  private CanaryTest(
      Surroundings surroundings,
      SwarmNode node,
      SwarmModel model,
      Optional<Weights> weights,
      int tokens,
      boolean tells) {
    this.surroundings = surroundings;
    this.node = node;
    this.model = model;
    this.weights = weights;
    this.tokens = tokens;
    this.tells = tells;
  }

  /**
   * Prepares it: loads the weights, if this machine has them.
   *
   * @param tells whether others hear what is proven
   */
  static CanaryTest of(
      Surroundings surroundings,
      SwarmNode node,
      SwarmModel model,
      ModelOpener.Settings settings,
      int tokens,
      boolean tells) {
    Optional<StoredModel> stored =
        Models.store(surroundings).list().stream()
            .filter(one -> one.sha256().equals(model.digest()))
            .findFirst();
    Optional<Weights> weights = stored.map(one -> Weights.open(surroundings, one, settings));
    return new CanaryTest(surroundings, node, model, weights, tokens, tells);
  }

  /** Asks a peer, as long as nothing is proven against it: this home asks it nothing then. */
  Tested test(Candidate candidate, List<String> prompts) {
    SwarmModel through = model.through(candidate.peer(), candidate.range());
    List<Answered> answers = new ArrayList<>();
    Optional<String> proven = Optional.empty();
    for (String prompt : prompts) {
      if (node.isConvicted(candidate.peer())) {
        return new Tested(candidate, answers, proven.or(() -> Optional.of(CONVICTED)));
      }
      Optional<Notary.Proof> proof = Canaries.ask(surroundings, through, prompt, tokens);
      if (proof.isEmpty()) {
        answers.add(notAnswered(prompt));
        continue;
      }
      Answered answered = look(candidate, prompt, proof.get());
      answers.add(answered);
      if (tells && proven.isEmpty() && answered.outcome == Finding.Outcome.FAILED) {
        proven = accuse(candidate.peer(), proof.get());
      }
    }
    return new Tested(candidate, answers, proven);
  }

  private static Answered notAnswered(String prompt) {
    return new Answered(
        prompt,
        Finding.Outcome.NOT_CHECKED,
        List.of("no signed answer came, which is no evidence of anything"));
  }

  private Answered look(Candidate candidate, String prompt, Notary.Proof proof) {
    List<Finding> findings =
        new ArrayList<>(
            new ReceiptCheck(Identity::verify).check(proof.receipt(), proof.disclosure()));
    findings.addAll(compute(proof));
    List<String> lines = new ArrayList<>();
    boolean failed = false;
    boolean others = false;
    for (Finding finding : findings) {
      boolean own = finding.about().map(candidate.peer()::equals).orElse(true);
      switch (finding.outcome()) {
        case HELD -> {}
        case FAILED -> {
          failed |= own;
          others |= !own;
          lines.add(finding.line());
        }
        case NOT_CHECKED -> lines.add(finding.line());
      }
    }
    Optional<String> undeclared = undeclared(candidate, proof.receipt());
    undeclared.ifPresent(lines::add);
    failed |= undeclared.isPresent();
    boolean unchecked = others || !VerifyReport.allComputed(findings);
    Finding.Outcome outcome =
        failed
            ? Finding.Outcome.FAILED
            : unchecked ? Finding.Outcome.NOT_CHECKED : Finding.Outcome.HELD;
    return new Answered(prompt, outcome, List.copyOf(lines));
  }

  private List<Finding> compute(Notary.Proof proof) {
    if (weights.isPresent()) {
      return weights.get().recomputation().run(proof.receipt(), proof.disclosure()).findings();
    }
    try {
      return model.secondOpinion(proof.receipt(), proof.disclosure()).ask(PATIENCE).findings();
    } catch (FolkmootException nobody) {
      return List.of(Finding.notComputed(String.valueOf(nobody.getMessage())));
    }
  }

  /** A policy that it signs with and does not announce, or another one. */
  private static Optional<String> undeclared(Candidate candidate, Receipt receipt) {
    return receipt.hops().stream()
        .filter(hop -> hop.peer().equals(candidate.peer()))
        .filter(hop -> hop.policy().isPresent() && !hop.policy().equals(candidate.policy()))
        .findFirst()
        .map(_ -> "it signs under a policy that it does not announce");
  }

  /** The prompt is public, so that the proof may show it. */
  private Optional<String> accuse(PeerId peer, Notary.Proof proof) {
    for (var signed : proof.receipt().statements()) {
      if (signed.hop().equals(peer) && weights.isPresent()) {
        FraudProof fraud =
            FraudProofs.wrongSpan(signed, proof.disclosure(), proof.receipt().terms());
        if (verdict(fraud) instanceof FraudProofCheck.Result.Proven said) {
          return Optional.of("it is proven, and the swarm is told: " + said.line());
        }
      }
    }
    return Optional.empty();
  }

  private FraudProofCheck.Result verdict(FraudProof fraud) {
    try {
      return node.accuse(fraud).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return new FraudProofCheck.Result.NotProven("interrupted");
    } catch (ExecutionException | TimeoutException late) {
      return new FraudProofCheck.Result.NotProven("it was not checked in time");
    }
  }

  @Override
  public void close() {
    weights.ifPresent(Weights::close);
  }
}
