package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A charter's rules as options; what is left out stays as it was. */
final class RulesOptions {
  /** What a charter has if nobody says else: time for people with other things to do. */
  private static final Entry.Rules USUAL =
      new Entry.Rules(
          "moot",
          Entry.Admission.INVITATION,
          500,
          500,
          600_000,
          3 * 86_400_000L,
          6 * 3_600_000L,
          86_400_000,
          1,
          1,
          1,
          Optional.empty());

  @Option(
      names = "--admission",
      paramLabel = "invitation|vote",
      description = "Who lets members in: any member, or the moot (usual: invitation).")
  private @Nullable String admission;

  @Option(
      names = "--quorum",
      paramLabel = "PERCENT",
      description = "How much of all votes must be cast, as yes or abstain (usual: 50).")
  private @Nullable BigDecimal quorum;

  @Option(
      names = "--majority",
      paramLabel = "PERCENT",
      description = "A proposal needs more than this of yes and no (usual: 50).")
  private @Nullable BigDecimal majority;

  @Option(
      names = "--delay",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "From a proposal to the opening of its vote, as 90s, 15m, 36h (usual: 10m).")
  private @Nullable Long delay;

  @Option(
      names = "--period",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "How long votes are open (usual: 3d).")
  private @Nullable Long period;

  @Option(
      names = "--extension",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "How long a vote stays open after it came to its quorum late (usual: 6h).")
  private @Nullable Long extension;

  @Option(
      names = "--timelock",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "From the end of a vote to its enactment (usual: 1d).")
  private @Nullable Long timelock;

  @Option(
      names = "--witnesses",
      paramLabel = "N",
      description =
          "How many other members must have cosigned an entry before it counts (usual: 1).")
  private @Nullable Integer witnesses;

  @Option(
      names = "--weight-cap",
      paramLabel = "N",
      description = "The most that a vote weighs; 1 is one member, one vote (usual: 1).")
  private @Nullable Integer weightCap;

  @Option(
      names = "--weight-gflop",
      paramLabel = "N",
      description = "How much work for another member adds one to a vote's weight.")
  private @Nullable Long weightGflop;

  @Option(
      names = "--guardian",
      paramLabel = "PEER",
      description = "A member who may veto what was decided; 'nobody' for none (usual: nobody).")
  private @Nullable String guardian;

  /**
   * The rules.
   *
   * @param before what holds where nothing is said; empty for what is usual
   */
  Entry.Rules rules(String name, Optional<Entry.Rules> before, Function<String, PeerId> person) {
    Entry.Rules was = before.orElse(USUAL);
    Entry.Rules rules =
        new Entry.Rules(
            name,
            admission == null ? was.admission() : admission(admission),
            permille("--quorum", quorum, was.quorumPermille()),
            permille("--majority", majority, was.majorityPermille()),
            or(delay, was.votingDelayMillis()),
            or(period, was.votingPeriodMillis()),
            or(extension, was.extensionMillis()),
            or(timelock, was.timelockMillis()),
            witnesses == null ? was.witnesses() : witnesses,
            weightCap == null ? was.weightCap() : weightCap,
            weightGflop == null ? was.weightMegaflops() : Math.multiplyExact(weightGflop, 1000L),
            guardian(was, person));
    if (rules.majorityPermille() > 999
        || rules.votingPeriodMillis() == 0
        || rules.extensionMillis() > rules.votingPeriodMillis()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "--majority is below 100, --period not 0, and --extension no longer than the period");
    }
    return rules;
  }

  private Optional<PeerId> guardian(Entry.Rules was, Function<String, PeerId> person) {
    if (guardian == null) {
      return was.guardian();
    }
    return guardian.equals("nobody") ? Optional.empty() : Optional.of(person.apply(guardian));
  }

  private static Entry.Admission admission(String text) {
    return switch (text) {
      case "invitation" -> Entry.Admission.INVITATION;
      case "vote" -> Entry.Admission.VOTE;
      default -> throw new FolkmootException(BAD_REQUEST, "--admission is 'invitation' or 'vote'");
    };
  }

  private static int permille(String name, @Nullable BigDecimal percent, int usual) {
    if (percent == null) {
      return usual;
    }
    try {
      int permille = percent.movePointRight(1).intValueExact();
      if (permille >= 0 && permille <= 1000) {
        return permille;
      }
    } catch (ArithmeticException tooFine) {
      // Said below.
    }
    throw new FolkmootException(
        BAD_REQUEST, name + " is from 0 to 100, with at most one digit behind the point");
  }

  private static long or(@Nullable Long given, long usual) {
    return given == null ? usual : given;
  }
}
