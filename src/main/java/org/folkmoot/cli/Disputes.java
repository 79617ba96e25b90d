package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.Outcome;
import org.folkmoot.proof.OwnClaim;
import org.folkmoot.session.Hearing;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/** Disputes of this machine, by its own weights, with peers about what they signed. */
final class Disputes {
  /** Each question has a limit of its own; this is for all of them. */
  private static final long MOST_MINUTES = 10;

  private Disputes() {}

  /**
   * How one ended.
   *
   * @param messages questions and answers
   */
  record Held(PeerId peer, Outcome outcome, int messages) {
    /** What it proves against the peer. */
    Optional<FraudProof> proof() {
      return outcome instanceof Outcome.Settled(var faults)
          ? faults.stream()
              .filter(fault -> fault.peer().equals(peer))
              .map(Outcome.Fault::proof)
              .findFirst()
          : Optional.empty();
    }
  }

  /**
   * Holds a dispute and waits for its end.
   *
   * @throws FolkmootException BAD_REQUEST if a statement is about no layers; UNREACHABLE if it does
   *     not end
   */
  static Held hold(SwarmNode node, Weights weights, SignedStatement signed, Disclosure disclosure) {
    LayerRange range = signed.statement().range();
    if (range.layers() == 0 && !range.embeds()) {
      throw new FolkmootException(BAD_REQUEST, "a head alone has nothing that could be disputed");
    }
    TraceKey key = TraceKey.ofSalt(disclosure.salt());
    OwnClaim ours =
        OwnClaim.of(
            weights.model(), signed.statement(), key, disclosure.ids(), node.settings().identity());
    Hearing hearing = node.dispute(ours, signed, key, weights.atHand());
    try {
      Outcome outcome = hearing.begin().get(MOST_MINUTES, TimeUnit.MINUTES);
      return new Held(signed.hop(), outcome, hearing.messages());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted");
    } catch (ExecutionException | TimeoutException failed) {
      throw new FolkmootException(UNREACHABLE, "the dispute did not come to an end", failed);
    }
  }
}
