package org.folkmoot.proof.trial;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.wire.PeerId;

/** Many attempts of each kind, and what became of them. */
final class TrialTable {
  /**
   * What became of the attempts of a kind.
   *
   * @param caught all that were noticed
   * @param withoutWeights of these, those that the check without weights noticed
   * @param proven of these, those with evidence against a hop
   * @param wronged attempts with evidence against a hop that had done nothing
   * @param missed the first attempt that was not noticed, for whoever wants to look
   */
  record Row(
      Tampering kind,
      int trials,
      int caught,
      int withoutWeights,
      int proven,
      int wronged,
      Optional<Integer> missed) {}

  private final TrialModels models;
  private final ReceiptCheck check = new ReceiptCheck(Identity::verify);

  TrialTable(TrialModels models) {
    this.models = models;
  }

  Row row(Tampering kind, int trials) {
    int caught = 0;
    int withoutWeights = 0;
    int proven = 0;
    int wronged = 0;
    Optional<Integer> missed = Optional.empty();
    for (int i = 0; i < trials; i++) {
      List<Finding> plain = new ArrayList<>();
      List<Finding> all = new ArrayList<>();
      Set<PeerId> guilty = Set.of();
      try {
        Tampering.Attempt attempt = kind.attempt(models, new SplittableRandom(seed(kind, i)));
        guilty = attempt.guilty().stream().map(hop -> PEERS.get(hop)).collect(Collectors.toSet());
        examine(attempt.answer(), plain, all);
      } catch (FolkmootException noticedAtOnce) {
        caught++;
        withoutWeights++;
        continue;
      }
      caught += Finding.noneFailed(all) ? 0 : 1;
      withoutWeights += Finding.noneFailed(plain) ? 0 : 1;
      Set<PeerId> accused =
          all.stream().flatMap(one -> one.evidenceAgainst().stream()).collect(Collectors.toSet());
      proven += accused.isEmpty() ? 0 : 1;
      wronged += guilty.containsAll(accused) ? 0 : 1;
      if (missed.isEmpty() && Finding.noneFailed(all)) {
        missed = Optional.of(i);
      }
    }
    return new Row(kind, trials, caught, withoutWeights, proven, wronged, missed);
  }

  private static final List<PeerId> PEERS = TrialSession.peers();

  private static long seed(Tampering kind, int trial) {
    return 1_000_003L * kind.name().hashCode() + trial;
  }

  /** As somebody would who gets the bytes of the receipt. */
  private void examine(Answer answer, List<Finding> plain, List<Finding> all) {
    Receipt receipt = ReceiptCodec.decode(ReceiptCodec.encode(answer.receipt()));
    plain.addAll(check.check(receipt, answer.known()));
    all.addAll(plain);
    all.addAll(models.recomputation().run(receipt, answer.known(), answer.told()).findings());
  }

  static String text(List<Row> rows) {
    StringBuilder text = new StringBuilder();
    String line = "%-42s %7s %7s %16s %7s %8s%n";
    text.append(
        line.formatted("tampering", "trials", "caught", "without weights", "proven", "wronged"));
    for (Row row : rows) {
      text.append(
          String.format(
              Locale.ROOT,
              line,
              row.kind.what(),
              row.trials,
              row.caught,
              row.withoutWeights,
              row.proven,
              row.wronged));
    }
    return text.toString();
  }
}
