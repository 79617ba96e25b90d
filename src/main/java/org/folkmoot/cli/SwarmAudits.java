package org.folkmoot.cli;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.Recomputation;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.Auditor;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.session.SecondOpinion;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * The audits of a node: with the model's file, if this machine has it, by computing the answer
 * again; else by asking other peers.
 */
final class SwarmAudits implements Auditor.Means, AutoCloseable {
  /** Other peers may be busy; nobody waits for an audit. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** An audit must not slow the answers that the node computes meanwhile. */
  private static final int THREADS = 1;

  private static final int CANARY_TOKENS = 48;

  private final Surroundings surroundings;
  private final SwarmNode node;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, SwarmModel> models = new ConcurrentHashMap<>();
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-audits").factory());
  private final Consumer<Receipt> audited;
  private final Auditor auditor;

  /**
   * The audits of a node.
   *
   * @param audited told of each receipt whose answer was checked
   */
  SwarmAudits(Surroundings surroundings, SwarmNode node, Consumer<Receipt> audited) {
    this.surroundings = surroundings;
    this.node = node;
    this.audited = audited;
    auditor = new Auditor(node.self(), Auditor.Policy.USUAL, random::nextDouble, background, this);
  }

  /** Shown each answer with its receipt; returns at once. */
  void answered(LanguageModel model, Notary.Proof proof) {
    if (model instanceof SwarmModel swarm) {
      models.put(swarm.digest(), swarm);
      auditor.answered(proof);
    }
  }

  private SwarmModel model(Notary.Proof proof) {
    return Optional.ofNullable(models.get(proof.receipt().terms().model().sha256().hex()))
        .orElseThrow();
  }

  @Override
  public Optional<Auditor.Checked> check(Notary.Proof proof) {
    try {
      Auditor.Checked checked = checked(proof);
      audited.accept(proof.receipt());
      return Optional.of(checked);
    } catch (FolkmootException cannot) {
      return Optional.empty();
    }
  }

  private Auditor.Checked checked(Notary.Proof proof) {
    Optional<StoredModel> here = stored(proof);
    // With the model's ends here its file is, too, but hardly the memory for all of it.
    if (here.isEmpty() || model(proof).ends().isPresent()) {
      return byOthers(proof);
    }
    try {
      return byWeights(here.get(), proof);
    } catch (FolkmootException noMemory) {
      if (noMemory.code() != FolkmootException.Code.NO_ROOM) {
        throw noMemory;
      }
      return byOthers(proof);
    }
  }

  private Optional<StoredModel> stored(Notary.Proof proof) {
    String digest = proof.receipt().terms().model().sha256().hex();
    return Models.store(surroundings).list().stream()
        .filter(model -> model.sha256().equals(digest))
        .findFirst();
  }

  private Auditor.Checked byWeights(StoredModel model, Notary.Proof proof) {
    ModelOpener.Settings settings =
        new ModelOpener.Settings(THREADS, Integer.MAX_VALUE, MachineMemory.bytes() / 4, 1);
    try (Weights weights = Weights.openQuietly(surroundings, model, settings)) {
      Recomputation.Result result =
          weights.recomputation().run(proof.receipt(), proof.disclosure());
      Set<PeerId> wrong = new LinkedHashSet<>();
      result.findings().forEach(finding -> finding.evidenceAgainst().ifPresent(wrong::add));
      return new Auditor.Checked(
          result.findings(), wrong, Set.of(), result.wrongToken().stream().toList());
    }
  }

  @Override
  public Optional<FraudProof> dispute(Notary.Proof proof, SignedStatement signed) {
    Optional<StoredModel> model = stored(proof);
    if (model.isEmpty()) {
      return Optional.empty();
    }
    ModelOpener.Settings settings =
        new ModelOpener.Settings(THREADS, Integer.MAX_VALUE, MachineMemory.bytes() / 4, 1);
    try (Weights weights = Weights.openQuietly(surroundings, model.get(), settings)) {
      return Disputes.hold(node, weights, signed, proof.disclosure()).proof();
    } catch (FolkmootException cannot) {
      return Optional.empty();
    }
  }

  private Auditor.Checked byOthers(Notary.Proof proof) {
    SecondOpinion.Result result =
        model(proof).secondOpinion(proof.receipt(), proof.disclosure()).ask(PATIENCE);
    Set<PeerId> suspects = new LinkedHashSet<>();
    for (SecondOpinion.Part part : result.parts()) {
      if (part.agrees() == SecondOpinion.Verdict.DIFFERENT) {
        suspects.add(part.hop().peer());
        suspects.add(part.second().hop());
        confront(proof, part);
      }
    }
    suspects.remove(node.self());
    return new Auditor.Checked(result.findings(), Set.of(), suspects, List.of());
  }

  /** Here are no weights; but those two have them, and who is right has reason to prove it. */
  private void confront(Notary.Proof proof, SecondOpinion.Part part) {
    proof.receipt().statements().stream()
        .filter(signed -> signed.statement().isAboutSameWork(part.second().statement()))
        .forEach(signed ->
            node.confront(signed, part.second(), TraceKey.ofSalt(proof.disclosure().salt())));
  }

  @Override
  public List<SignedStatement> again(Notary.Proof proof) {
    try {
      return model(proof)
          .sameAgain(proof.receipt(), proof.disclosure())
          .ask(PATIENCE)
          .parts()
          .stream()
          .map(SecondOpinion.Part::second)
          .toList();
    } catch (FolkmootException none) {
      return List.of();
    }
  }

  @Override
  public Optional<Notary.Proof> canary(Notary.Proof like) {
    Set<PeerId> same = new HashSet<>();
    like.receipt().hops().stream().map(Receipt.Hop::peer).forEach(same::add);
    SwarmModel over = model(like).over(new RouteConstraints(same, Set.of(), Set.of(), 0));
    String prompt = Canaries.PROMPTS.get(random.nextInt(Canaries.PROMPTS.size()));
    return Canaries.ask(surroundings, over, prompt, CANARY_TOKENS);
  }

  @Override
  public void distrust(PeerId peer) {
    surroundings
        .console()
        .note(
            "an audit found that the peer %s computed something else than the model gives: it is left out"
                .formatted(peer));
    node.distrust(peer);
  }

  @Override
  public void accuse(FraudProof proof) {
    var _ = node.accuse(proof);
  }

  @Override
  public void close() {
    background.shutdownNow();
  }
}
