package org.folkmoot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.session.PromptCheck;
import org.folkmoot.session.SecondOpinion;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;

/** Checks answers one after the other; what it opens for one serves the next. */
final class AnswerVerifier implements AutoCloseable {
  /** How the computation is checked. */
  enum By {
    /** Not at all. */
    NOBODY,
    /** With the weights of this machine, if it has them. */
    WEIGHTS,
    /** By other peers. */
    SWARM
  }

  /** Peers that compute it again have to be found, and may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Surroundings surroundings;
  private final By by;
  private final ModelOpener.Settings settings;
  private final SwarmWish wish;
  private final Map<String, Weights> weights = new HashMap<>();
  private final Map<String, SwarmModel> models = new HashMap<>();

  AnswerVerifier(Surroundings surroundings, By by, ModelOpener.Settings settings, SwarmWish wish) {
    this.wish = wish;
    this.surroundings = surroundings;
    this.by = by;
    this.settings = settings;
  }

  /** Checks what a receipt says of itself. */
  VerifyReport check(Receipt receipt) {
    long start = surroundings.nanoTime().getAsLong();
    List<Finding> findings = new ReceiptCheck(Identity::verify).check(receipt);
    return report(receipt, findings, false, Finding.noneFailed(findings), start);
  }

  /**
   * Checks an answer.
   *
   * @param texts compares texts with the tokens, where the model's tokenizer is at hand
   */
  VerifyReport check(
      Receipt receipt, Disclosure disclosure, Function<PromptCheck, List<Finding>> texts) {
    long start = surroundings.nanoTime().getAsLong();
    List<Finding> findings =
        new ArrayList<>(new ReceiptCheck(Identity::verify).check(receipt, disclosure));
    boolean computed = false;
    if (by != By.NOBODY && Finding.noneFailed(findings)) {
      findings.addAll(compute(receipt, disclosure));
      computed = VerifyReport.allComputed(findings);
      promptCheck(receipt)
          .ifPresent(prompts -> {
            prompts.beginning(disclosure).ifPresent(findings::add);
            findings.addAll(texts.apply(prompts));
          });
    }
    boolean holds = Finding.noneFailed(findings) && (computed || by == By.NOBODY);
    return report(receipt, findings, computed, holds, start);
  }

  private VerifyReport report(
      Receipt receipt, List<Finding> findings, boolean computed, boolean holds, long start) {
    Duration took = Duration.ofNanos(surroundings.nanoTime().getAsLong() - start);
    return new VerifyReport(receipt, findings, holds, computed, took);
  }

  private Optional<StoredModel> stored(Receipt receipt) {
    String digest = receipt.terms().model().sha256().hex();
    return Models.store(surroundings).list().stream()
        .filter(model -> model.sha256().equals(digest))
        .findFirst();
  }

  private List<Finding> compute(Receipt receipt, Disclosure disclosure) {
    if (by == By.SWARM) {
      SecondOpinion.Result result = model(receipt).secondOpinion(receipt, disclosure).ask(PATIENCE);
      return result.findings();
    }
    Optional<StoredModel> stored = stored(receipt);
    if (stored.isEmpty()) {
      return List.of(
          Finding.notComputed(
              "the model %s is not on this machine: 'folkmoot pull' it, or ask other peers with --swarm"
                  .formatted(receipt.terms().model())));
    }
    return weights
        .computeIfAbsent(
            stored.get().sha256(), _ -> Weights.open(surroundings, stored.get(), settings))
        .recomputation()
        .run(receipt, disclosure)
        .findings();
  }

  private SwarmModel model(Receipt receipt) {
    return models.computeIfAbsent(
        receipt.terms().model().sha256().hex(),
        _ -> Swarms.modelForSecondOpinion(surroundings, receipt, settings, wish));
  }

  /** The tokenizer of the model's file or, if peers computed it, of the head that they gave. */
  private Optional<PromptCheck> promptCheck(Receipt receipt) {
    if (by == By.SWARM) {
      return Optional.of(model(receipt).promptCheck());
    }
    return stored(receipt)
        .map(model -> {
          try (GgufFile file = GgufFile.open(model.path())) {
            return PromptCheck.of(file);
          }
        });
  }

  @Override
  public void close() {
    weights.values().forEach(Weights::close);
    models.values().forEach(SwarmModel::close);
  }
}
