package org.folkmoot.session;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck.Result;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * What a node does about peers that computed wrongly. Only a proof that it has checked itself bans
 * a peer; then it is kept, and told to all that are linked, who check it for themselves. Whoever
 * tells a proof that proves nothing is left alone for a while: an accusation costs the accuser, not
 * the accused.
 *
 * <p>Decides on the loop; checks, which may compute for seconds, run elsewhere, one at a time.
 */
public final class Tribunal implements PeerNetwork.Listener {
  /** Accusations that wait: a check can take a prefill's time. */
  private static final int MAX_WAITING = 16;

  /** Accusations of one peer that wait: nobody fills the queue alone. */
  private static final int MAX_WAITING_OF_ONE = 2;

  /** Peers known to be proven wrong; the rest of their proofs is on disk. */
  private static final int MAX_BANNED = 65_536;

  private final PeerNetwork network;
  private final PeerScores scores;
  private final Function<FraudProof, Result> check;
  private final Executor background;
  private final Consumer<FraudProof> keep;
  private final Map<PeerId, byte[]> proven = new Bounded<>(MAX_BANNED);
  private final Map<PeerId, Integer> waitingOf = new HashMap<>();
  private int waiting;

  /**
   * A tribunal.
   *
   * @param known proofs that were checked in an earlier life
   * @param check called on {@code background}
   * @param background runs one check at a time
   * @param keep writes a proof down; called on {@code background}
   */
  public Tribunal(
      PeerNetwork network,
      PeerScores scores,
      Collection<FraudProof> known,
      Function<FraudProof, Result> check,
      Executor background,
      Consumer<FraudProof> keep) {
    this.network = network;
    this.scores = scores;
    this.check = check;
    this.background = background;
    this.keep = keep;
    for (FraudProof proof : known) {
      proven.put(proof.statement().hop(), proof.toBytes());
      scores.banish(proof.statement().hop());
    }
    network.listen(this);
  }

  /** Peers that are proven to have computed wrongly. */
  public List<PeerId> banned() {
    return List.copyOf(proven.keySet());
  }

  /**
   * Looks at a proof that this node made.
   *
   * @param told what came of it; on the loop
   */
  public void accuse(FraudProof proof, Consumer<Result> told) {
    background.execute(() -> {
      Result result = judge(proof);
      network
          .loop()
          .execute(() -> {
            if (result instanceof Result.Proven) {
              condemn(proof, Optional.empty());
            }
            told.accept(result);
          });
    });
  }

  private Result judge(FraudProof proof) {
    Result result = check.apply(proof);
    if (result instanceof Result.Proven) {
      keep.accept(proof);
    }
    return result;
  }

  @Override
  public void received(PeerId from, Message message) {
    if (message instanceof Message.Accusation accusation) {
      accused(from, accusation.proof());
    }
  }

  /** New links hear of what is proven: a few, for most hear it from others. */
  @Override
  public void connected(PeerId peer) {
    proven.forEach((accused, proof) -> tell(peer, accused, proof));
  }

  private void accused(PeerId from, byte[] bytes) {
    FraudProof proof;
    try {
      proof = FraudProof.parse(bytes);
    } catch (FolkmootException nothing) {
      scores.failed(from, Message.Reason.FAILED);
      return;
    }
    int ofThis = waitingOf.getOrDefault(from, 0);
    boolean isKnown = proven.containsKey(proof.statement().hop());
    if (isKnown || waiting >= MAX_WAITING || ofThis >= MAX_WAITING_OF_ONE) {
      return; // it will be told again by others, if it is true
    }
    waiting++;
    waitingOf.put(from, ofThis + 1);
    background.execute(() -> {
      Result result = judge(proof);
      network.loop().execute(() -> judged(from, proof, result));
    });
  }

  private void judged(PeerId from, FraudProof proof, Result result) {
    waiting--;
    waitingOf.computeIfPresent(from, (_, count) -> count > 1 ? count - 1 : null);
    switch (result) {
      case Result.Proven _ -> condemn(proof, Optional.of(from));
      case Result.NotProven _ -> scores.failed(from, Message.Reason.FAILED);
      // Without the model nobody can tell: neither of the two loses anything.
      case Result.NeedsModel _ -> {}
    }
  }

  private void condemn(FraudProof proof, Optional<PeerId> source) {
    PeerId wrong = proof.statement().hop();
    byte[] bytes = proof.toBytes();
    if (proven.put(wrong, bytes) != null) {
      return;
    }
    scores.banish(wrong);
    for (PeerId peer : new ArrayList<>(network.connected())) {
      if (source.isEmpty() || !source.get().equals(peer)) {
        tell(peer, wrong, bytes);
      }
    }
  }

  private void tell(PeerId peer, PeerId accused, byte[] proof) {
    // Who is meant need not be told; and what is too long for a message travels as a file.
    if (!peer.equals(accused) && proof.length <= Limits.MAX_PART) {
      network.send(peer, new Message.Accusation(proof));
    }
  }
}
