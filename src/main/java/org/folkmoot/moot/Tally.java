package org.folkmoot.moot;

import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.wire.PeerId;

/**
 * How a vote stands. Times are seconds since 1970.
 *
 * @param total all weight at the snapshot
 * @param quorum how much of yes and abstain is needed: so many thousandths of the total, rounded up
 * @param snapshot weights, members and delegations are those of then
 * @param deadline votes count until then, inclusive
 * @param reached when yes and abstain came to the quorum
 * @param casts each weight that was cast, in order
 */
public record Tally(
    long yes,
    long no,
    long abstain,
    long total,
    long quorum,
    int majorityPermille,
    long snapshot,
    long deadline,
    OptionalLong reached,
    List<Cast> casts) {
  /**
   * A member's weight, cast once.
   *
   * @param voter by whose vote: the member's own, or that of who votes for it
   * @param seconds when the vote counts
   */
  public record Cast(
      PeerId member, PeerId voter, Entry.Choice choice, long weight, long seconds, String reason) {}

  /** Copies. */
  public Tally {
    casts = List.copyOf(casts);
  }

  /** Counts. */
  static Tally of(
      Collection<Cast> casts,
      long total,
      Entry.Rules rules,
      long snapshot,
      long deadline,
      OptionalLong reached) {
    return new Tally(
        sum(casts, Entry.Choice.YES),
        sum(casts, Entry.Choice.NO),
        sum(casts, Entry.Choice.ABSTAIN),
        total,
        quorum(total, rules),
        rules.majorityPermille(),
        snapshot,
        deadline,
        reached,
        List.copyOf(casts));
  }

  static long sum(Collection<Cast> casts, Entry.Choice choice) {
    return casts.stream().filter(cast -> cast.choice == choice).mapToLong(Cast::weight).sum();
  }

  static long quorum(long total, Entry.Rules rules) {
    return Math.ceilDiv(total * rules.quorumPermille(), 1000L);
  }

  /** Whether enough took part. */
  public boolean isQuorate() {
    return yes + abstain >= quorum;
  }

  /** Whether enough were for it. */
  public boolean hasMajority() {
    return yes * 1000 > majorityPermille * (yes + no);
  }

  /** Whether the proposal has succeeded if nothing more comes. */
  public boolean succeeds() {
    return isQuorate() && hasMajority();
  }
}
