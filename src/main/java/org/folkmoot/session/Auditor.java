package org.folkmoot.session;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import org.folkmoot.base.Bounded;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.Receipt;
import org.folkmoot.session.Notary.Proof;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;

/**
 * Checks answers afterwards, in the background: all of a peer's first ones, later a share that
 * nobody can foresee, for it is drawn after the hops have signed.
 *
 * <p>What a check finds steers this node's own routes. Others are told only what proves itself, and
 * little of the conversation: a dispute with the peer ends at one operator at one position. One
 * that does not answer there is asked again for the same work, and either contradicts its
 * signature, or is tried with a prompt that is public, and convicts itself there. Not to answer, or
 * late, costs nothing but preference: that is no evidence.
 */
public final class Auditor {
  /**
   * How much is checked.
   *
   * @param firstAnswers of each peer
   * @param share of the rest, 0 to 1
   */
  public record Policy(int firstAnswers, double share) {
    /** A cheat of one answer in twenty is found within some four hundred, at a cost of 5 %. */
    public static final Policy USUAL = new Policy(20, 0.05);
  }

  /**
   * What a check found.
   *
   * @param findings about the answer
   * @param wrong peers who are wrong by this node's own weights
   * @param suspects peers of whom one is wrong, where two differ
   * @param proofs of what proves itself
   */
  public record Checked(
      List<Finding> findings,
      Set<PeerId> wrong,
      Set<PeerId> suspects,
      List<? extends FraudProof> proofs) {}

  /** How it is done; called in the background. */
  public interface Means {
    /** Has an answer computed again; empty if that cannot be now. */
    Optional<Checked> check(Proof proof);

    /**
     * Holds a dispute with a peer that is wrong by this node's own weights, about what it signed.
     *
     * @return the proof against it; empty if it does not answer, or nothing came of it
     */
    Optional<FraudProof> dispute(Proof proof, SignedStatement signed);

    /** What the same peers sign about the same work today; empty if they do not. */
    List<SignedStatement> again(Proof proof);

    /** An answer to a public prompt by the same peers; empty if there is none. */
    Optional<Proof> canary(Proof like);

    /** Leaves a peer out of this node's routes for a while. */
    void distrust(PeerId peer);

    /** Has a proof checked, and told to others. */
    void accuse(FraudProof proof);
  }

  /** Answers that wait for their check; beyond these, audits are left out rather than piled up. */
  private static final int MAX_WAITING = 8;

  /** Peers whose answers are counted. */
  private static final int MAX_PEERS = 4096;

  private final PeerId self;
  private final Policy policy;
  private final DoubleSupplier random;
  private final Executor background;
  private final Means means;
  private final Map<PeerId, Integer> sound = new Bounded<>(MAX_PEERS);
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();

  /**
   * An auditor.
   *
   * @param self whose own work is not checked
   * @param random unpredictable numbers in [0, 1)
   * @param background runs one audit at a time
   */
  public Auditor(
      PeerId self, Policy policy, DoubleSupplier random, Executor background, Means means) {
    this.self = self;
    this.policy = policy;
    this.random = random;
    this.background = background;
    this.means = means;
  }

  /** An answer is over and its hops have signed. Returns at once. */
  public void answered(Proof proof) {
    if (isDue(proof.receipt()) && waiting.incrementAndGet() <= MAX_WAITING) {
      background.execute(() -> {
        try {
          audit(proof);
        } finally {
          waiting.decrementAndGet();
        }
      });
    } else if (waiting.get() > MAX_WAITING) {
      waiting.decrementAndGet();
    }
  }

  private synchronized boolean isDue(Receipt receipt) {
    List<PeerId> others =
        receipt.hops().stream().map(Receipt.Hop::peer).filter(peer -> !peer.equals(self)).toList();
    boolean isNew =
        others.stream().anyMatch(peer -> sound.getOrDefault(peer, 0) < policy.firstAnswers);
    return !others.isEmpty() && (isNew || random.getAsDouble() < policy.share);
  }

  /** Answers that were checked. */
  public int audits() {
    return done.get();
  }

  private void audit(Proof proof) {
    Optional<Checked> checked = means.check(proof);
    if (checked.isEmpty()) {
      return; // nobody could; that is no evidence of anything
    }
    done.incrementAndGet();
    Checked result = checked.get();
    if (result.wrong.isEmpty() && result.suspects.isEmpty()) {
      if (Finding.noneFailed(result.findings)) {
        count(proof.receipt());
      }
      return;
    }
    try {
      convict(proof, result);
    } finally {
      // Only now: nothing can be asked of a peer that is left alone.
      result.wrong.forEach(means::distrust);
    }
  }

  private void convict(Proof proof, Checked result) {
    Set<PeerId> open = new LinkedHashSet<>(result.wrong);
    for (FraudProof certain : result.proofs) {
      means.accuse(certain);
      open.remove(certain.statement().hop());
    }
    for (PeerId peer : List.copyOf(open)) {
      Optional<FraudProof> settled = signedBy(proof, peer).flatMap(it -> means.dispute(proof, it));
      settled.ifPresent(means::accuse);
      if (settled.isPresent()) {
        open.remove(peer);
      }
    }
    open.addAll(result.suspects);
    List<SignedStatement> again = open.isEmpty() ? List.of() : means.again(proof);
    for (PeerId peer : open) {
      Optional<FraudProof> contradiction = contradiction(proof.receipt(), peer, again);
      if (contradiction.isPresent()) {
        means.accuse(contradiction.get());
      } else if (result.wrong.contains(peer)) {
        convictByCanary(proof, peer);
      }
    }
  }

  private static Optional<SignedStatement> signedBy(Proof proof, PeerId peer) {
    return proof.receipt().statements().stream()
        .filter(signed -> signed.hop().equals(peer))
        .findFirst();
  }

  private synchronized void count(Receipt receipt) {
    receipt.hops().forEach(hop -> sound.merge(hop.peer(), 1, Integer::sum));
  }

  /** A peer that now signs other outputs for the same inputs contradicts itself. */
  private static Optional<FraudProof> contradiction(
      Receipt receipt, PeerId peer, List<SignedStatement> again) {
    for (SignedStatement before : receipt.statements()) {
      for (SignedStatement now : again) {
        if (before.hop().equals(peer) && now.hop().equals(peer) && differ(before, now)) {
          return Optional.of(new FraudProof.Contradiction(before, now, Optional.empty()));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean differ(SignedStatement before, SignedStatement now) {
    HopStatement one = before.statement();
    HopStatement other = now.statement();
    return one.range().equals(other.range())
        && one.length() == other.length()
        && one.inputs().equals(other.inputs())
        && !one.outputs().equals(other.outputs());
  }

  /** The prompt is public, so the whole of it may be shown. */
  private void convictByCanary(Proof like, PeerId peer) {
    Optional<Proof> canary = means.canary(like);
    if (canary.isEmpty()) {
      return;
    }
    Optional<Checked> checked = means.check(canary.get());
    if (checked.isEmpty() || !checked.get().wrong.contains(peer)) {
      return; // honest when it is not private: then only our own routes know
    }
    Receipt receipt = canary.get().receipt();
    receipt.statements().stream()
        .filter(signed -> signed.hop().equals(peer))
        .map(signed -> FraudProofs.wrongSpan(signed, canary.get().disclosure(), receipt.terms()))
        .forEach(means::accuse);
  }
}
