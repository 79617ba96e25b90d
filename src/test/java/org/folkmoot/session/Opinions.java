package org.folkmoot.session;

import java.util.concurrent.CompletableFuture;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Verifier;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Receipt;

/** Second opinions for tests that live elsewhere and own the clock. */
public final class Opinions {
  private Opinions() {}

  /** Asks other peers, as far as there are any. */
  public static CompletableFuture<SecondOpinion.Result> ask(
      PeerNetwork network,
      ChainPlanner planner,
      Chain.Task task,
      Verifier verifier,
      Receipt receipt,
      Disclosure disclosure) {
    return new SecondOpinion(
            network,
            SameCuts.byOthers(planner, receipt.hops()),
            ChainSettings.USUAL,
            task,
            verifier,
            receipt,
            disclosure)
        .begin();
  }
}
