package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.Outcome;
import org.folkmoot.proof.Receipt;
import org.folkmoot.session.FraudProofs;
import org.folkmoot.session.SecondOpinion;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;

/**
 * What follows when a peer of the demo lies: it is caught by computing its part again, proven to
 * have signed what cannot be, and told of to the others, who check the proof and leave it out.
 */
final class CheatDemo {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long LOOK_MILLIS = 100;

  /** A machine that starts four programs may seem dead for a moment. */
  private static final int MOST_HEARINGS = 3;

  private final Surroundings surroundings;
  private final DemoSwarm swarm;
  private final SwarmNode node;
  private final Console console;

  CheatDemo(Surroundings surroundings, DemoSwarm swarm, SwarmNode node) {
    this.surroundings = surroundings;
    this.swarm = swarm;
    this.node = node;
    this.console = surroundings.console();
  }

  /**
   * Catches, proves, and tells.
   *
   * @param answer the altered answer with its receipt
   * @param asked the model as it was asked
   * @param keep where the proof is to be kept, too
   * @return whether the liar was found
   */
  boolean convict(
      StoredModel model,
      ProofOfAnswer answer,
      SwarmModel asked,
      DemoSwarm.Peer liar,
      Optional<Path> keep) {
    console.note("");
    console.note("checking the receipt: computing the answer again with this machine's weights …");
    answer.failures().forEach(finding -> console.note("  ✗ " + finding.line()));
    Optional<PeerId> caught =
        answer.failures().stream()
            .flatMap(finding -> finding.evidenceAgainst().stream())
            .findFirst();
    if (caught.isEmpty() || !caught.get().equals(liar.id())) {
      console.note("the receipt does not show who lied");
      return false;
    }
    console.note("without weights, other peers would have told the same:");
    Receipt receipt = answer.proof().receipt();
    Disclosure disclosure = answer.proof().disclosure();
    SecondOpinion.Result second = asked.secondOpinion(receipt, disclosure).ask(PATIENCE);
    second.findings().stream()
        .filter(finding -> finding.outcome() == Finding.Outcome.FAILED)
        .forEach(finding -> console.note("  ✗ " + finding.line()));
    SignedStatement signed =
        receipt.statements().stream()
            .filter(statement -> statement.hop().equals(liar.id()))
            .findFirst()
            .orElseThrow();
    FraudProof proof =
        dispute(model, signed, disclosure, liar)
            .orElseGet(() -> FraudProofs.wrongSpan(signed, disclosure, receipt.terms()));
    return prove(proof, liar, keep);
  }

  /** Asks the liar how it came to what it signed. */
  private Optional<FraudProof> dispute(
      StoredModel model, SignedStatement signed, Disclosure disclosure, DemoSwarm.Peer liar) {
    console.note(
        "%s stands by what it signed: it is asked how it came to it, step by step …"
            .formatted(liar.name()));
    ModelOpener.Settings settings =
        new ModelOpener.Settings(
            Runtime.getRuntime().availableProcessors(),
            Integer.MAX_VALUE,
            MachineMemory.bytes() / 4,
            1);
    try (Weights weights = Weights.openQuietly(surroundings, model, settings)) {
      Disputes.Held held = Disputes.hold(node, weights, signed, disclosure);
      for (int i = 1; i < MOST_HEARINGS && held.outcome() instanceof Outcome.Unanswered; i++) {
        held = Disputes.hold(node, weights, signed, disclosure);
      }
      Optional<FraudProof> proof = held.proof();
      console.note(
          proof.isPresent()
              ? "  %d messages about %d layers at %d positions lead to one operator, and that one is wrong"
                  .formatted(
                      held.messages(),
                      signed.statement().range().layers(),
                      signed.statement().length())
              : "  it does not answer: then the whole answer has to be shown");
      return proof;
    }
  }

  private boolean prove(FraudProof proof, DemoSwarm.Peer liar, Optional<Path> keep) {
    FraudProofCheck.Result result = await(node.accuse(proof));
    console.note(
        "the proof: %,d bytes, which anyone with the model can check: %s"
            .formatted(proof.toBytes().length, result.line()));
    keep.ifPresent(file -> write(file, proof));
    if (!(result instanceof FraudProofCheck.Result.Proven)) {
      return false;
    }
    List<DemoSwarm.Peer> others =
        swarm.peers().stream().filter(peer -> !peer.id().equals(liar.id())).toList();
    for (DemoSwarm.Peer peer : others) {
      console.note(
          hasBanned(peer, liar.id())
              ? "  %-7s was told, has checked it, and asks %s no more"
                  .formatted(peer.name(), liar.name())
              : "  %-7s has not said so yet".formatted(peer.name()));
    }
    return true;
  }

  private static FraudProofCheck.Result await(CompletableFuture<FraudProofCheck.Result> verdict) {
    try {
      return verdict.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted");
    } catch (ExecutionException | TimeoutException late) {
      throw new FolkmootException(UNREACHABLE, "the proof was not checked in time", late);
    }
  }

  private static void write(Path file, FraudProof proof) {
    try {
      Files.write(file, proof.toBytes());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Its home holds the proofs that it has checked. */
  private boolean hasBanned(DemoSwarm.Peer peer, PeerId liar) {
    Path proof = peer.folder().proofAgainst(liar);
    long end = surroundings.nanoTime().getAsLong() + PATIENCE.toNanos();
    while (!Files.exists(proof) && surroundings.nanoTime().getAsLong() < end) {
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return Files.exists(proof);
  }
}
