package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.Membership;
import org.folkmoot.proof.Dispute;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.ModelAtHand;
import org.folkmoot.proof.Outcome;
import org.folkmoot.proof.OwnClaim;
import org.folkmoot.proof.Prover;
import org.folkmoot.serve.BlockServer;
import org.folkmoot.session.Hearing;
import org.folkmoot.session.Inquiry;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.Tribunal;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * What a node does about work that is wrong: has proofs checked, asks peers step by step how they
 * came to what they signed, and answers for its own work. Each on a thread of its own, for all of
 * it takes long beside serving.
 */
final class NodeDisputes implements AutoCloseable {
  private final LoopCalls calls;
  private final Links links;
  private final ModelFiles files;
  private final Tribunal tribunal;
  private final Inquiry inquiry;
  private final ExecutorService judging = thread("folkmoot-judge");
  private final ExecutorService answering = thread("folkmoot-disputes");
  private final ExecutorService asking = thread("folkmoot-asking");

  // The loop's.
  private Consumer<FraudProof> proven = _ -> {};

  NodeDisputes(
      LoopCalls calls,
      Links links,
      Membership membership,
      PeerScores scores,
      SwarmFolder folder,
      Executor writer,
      ModelFiles files) {
    this.calls = calls;
    this.links = links;
    this.files = files;
    tribunal =
        new Tribunal(
            links,
            scores,
            membership::knows,
            folder.proofs(),
            new Judge(files::file)::check,
            judging,
            writer,
            folder::keep);
    inquiry = new Inquiry(links);
  }

  private static ExecutorService thread(String name) {
    return Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name(name).factory());
  }

  /** Where this node answers for what it has signed. */
  ExecutorService answering() {
    return answering;
  }

  /** Has what a server signed stood by, should another have signed otherwise. */
  void standBy(BlockServer server) {
    server.disputesBy(this::standBy);
  }

  /** Others are members now than before. On the loop. */
  void membersChanged() {
    tribunal.membersChanged();
  }

  /** As {@link SwarmNode#accuse}. */
  CompletableFuture<FraudProofCheck.Result> accuse(FraudProof proof) {
    CompletableFuture<FraudProofCheck.Result> verdict = new CompletableFuture<>();
    calls.run(() -> {
      boolean first = !tribunal.banned().contains(proof.statement().hop());
      tribunal.accuse(
          proof,
          result -> {
            if (first && result instanceof FraudProofCheck.Result.Proven) {
              proven.accept(proof);
            }
            verdict.complete(result);
          });
    });
    return verdict;
  }

  /** Whether something is proven against a peer. */
  boolean isConvicted(PeerId peer) {
    return calls.call(() -> tribunal.banned().contains(peer));
  }

  /** Has somebody told, on the loop, of what this node proves. */
  void whenProven(Consumer<FraudProof> told) {
    calls.run(() -> proven = told);
  }

  /** As {@link SwarmNode#dispute}. */
  Hearing dispute(OwnClaim ours, SignedStatement theirs, TraceKey key, ModelAtHand model) {
    return hearing(ours.signed(), ours.prover(), theirs, key, model);
  }

  private Hearing hearing(
      SignedStatement ours,
      Prover prover,
      SignedStatement theirs,
      TraceKey key,
      ModelAtHand model) {
    Dispute dispute = new Dispute(ours, theirs, key, model, Identity::verify);
    return new Hearing(dispute, Hearing.here(prover), inquiry.witness(theirs, key), asking);
  }

  /**
   * Proves, if it can, that another is wrong about work that this node did, too. Should it find
   * itself wrong, it accuses nobody.
   */
  private void standBy(SignedStatement ours, Prover prover, SignedStatement theirs, TraceKey key) {
    Optional<Path> path = files.file(ours.statement().model().sha256().hex());
    if (path.isEmpty()) {
      return;
    }
    asking.execute(() -> {
      GgufFile model = GgufFile.open(path.get());
      ModelAtHand atHand = ModelAtHand.of(ours.statement().model(), model);
      var _ =
          hearing(ours, prover, theirs, key, atHand)
              .begin()
              .whenComplete((outcome, _) -> {
                model.close();
                if (outcome instanceof Outcome.Settled(var faults)) {
                  faults.stream()
                      .filter(fault -> fault.peer().equals(theirs.hop()))
                      .forEach(fault -> {
                        var _ = accuse(fault.proof());
                      });
                }
              });
    });
  }

  /** As {@link SwarmNode#confront}. */
  void confront(SignedStatement one, SignedStatement other, TraceKey key) {
    calls.run(() -> {
      links.send(one.hop(), new Message.Differs(other, key));
      links.send(other.hop(), new Message.Differs(one, key));
    });
  }

  @Override
  public void close() {
    judging.shutdownNow();
    answering.shutdownNow();
    asking.shutdownNow();
  }
}
