package org.folkmoot.session;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.folkmoot.proof.Dispute;
import org.folkmoot.proof.Outcome;
import org.folkmoot.proof.Prover;
import org.folkmoot.proof.Question;
import org.folkmoot.proof.SignedReply;

/** A dispute between two that may be anywhere, from its first question to its outcome. */
public final class Hearing {
  /** One side of a dispute. */
  @FunctionalInterface
  public interface Witness {
    /**
     * Asks it.
     *
     * @param told the answer, once, on any thread; empty if there is none
     */
    void answer(Question question, Consumer<Optional<SignedReply>> told);
  }

  private final Dispute dispute;
  private final Witness accuser;
  private final Witness accused;
  private final Executor background;
  private final Set<Dispute.Ask> asked = new HashSet<>();
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

  /**
   * A dispute that has not begun.
   *
   * @param background runs one task at a time; asks both sides, and computes the one operator
   */
  public Hearing(Dispute dispute, Witness accuser, Witness accused, Executor background) {
    this.dispute = dispute;
    this.accuser = accuser;
    this.accused = accused;
    this.background = background;
  }

  /** A side that is in this process; it computes where it is asked. */
  public static Witness here(Prover prover) {
    return (question, told) -> told.accept(prover.answer(question));
  }

  /** Begins. */
  public CompletableFuture<Outcome> begin() {
    background.execute(() -> guarded(this::ask));
    return outcome;
  }

  /** Questions and answers, once it is over. */
  public int messages() {
    return dispute.messages();
  }

  /** Nobody waits for ever for what a defect of ours has ended. */
  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error failed) {
      outcome.completeExceptionally(failed);
    }
  }

  private void ask() {
    List<Dispute.Ask> asks = dispute.asks();
    if (asks.isEmpty()) {
      outcome.complete(dispute.outcome().orElseThrow());
    }
    for (Dispute.Ask ask : asks) {
      if (asked.add(ask)) {
        Witness witness =
            switch (ask.side()) {
              case ACCUSER -> accuser;
              case ACCUSED -> accused;
            };
        witness.answer(
            ask.question(),
            reply -> background.execute(() -> guarded(() -> take(ask.side(), reply))));
      }
    }
  }

  private void take(Outcome.Side side, Optional<SignedReply> reply) {
    reply.ifPresentOrElse(signed -> dispute.reply(side, signed), () -> dispute.noReply(side));
    ask();
  }
}
