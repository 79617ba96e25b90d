package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Proposal;
import org.folkmoot.moot.Tally;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Votes on a proposal. */
@Command(
    name = "vote",
    description = {
      "Vote on a proposal, with a reason if you like. A vote is public and final.",
      "It is kept in our own feed and counts once enough members have cosigned it, before the"
          + " deadline."
    })
final class VoteCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(index = "0", paramLabel = "PROPOSAL", description = "The beginning of its id.")
  private String proposal;

  @Parameters(index = "1", paramLabel = "yes|no|abstain", description = "How.")
  private String choice;

  @Parameters(
      index = "2..*",
      paramLabel = "REASON",
      arity = "0..*",
      description = "Why; several words are joined.")
  private List<String> reason = List.of();

  @Mixin private MootHome.Choice moot;

  VoteCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Entry.Choice how = choice();
    try (MootHome home = MootHome.open(surroundings)) {
      Moot of = home.moot(moot.named());
      Hash32 id = home.proposal(of, proposal);
      of.proposal(id).ifPresent(known -> check(of, known, home));
      Ledger.Receipt receipt =
          home.write(
              new Entry.Vote(
                  surroundings.clock().millis(), of.id(), id, how, String.join(" ", reason)));
      surroundings
          .console()
          .out()
          .printf("voted %s on %s%n", how.name().toLowerCase(Locale.ROOT), id);
      home.sayFate(of, receipt);
    }
    return ExitStatus.OK;
  }

  private Entry.Choice choice() {
    return switch (choice.toLowerCase(Locale.ROOT)) {
      case "yes" -> Entry.Choice.YES;
      case "no" -> Entry.Choice.NO;
      case "abstain" -> Entry.Choice.ABSTAIN;
      default -> throw new FolkmootException(BAD_REQUEST, "vote yes, no or abstain");
    };
  }

  /** Refuses what would not count. */
  private static void check(Moot moot, Proposal proposal, MootHome home) {
    boolean over =
        switch (proposal.state()) {
          case PENDING, ACTIVE -> false;
          case DEFEATED, QUEUED, ENACTED, VETOED, WITHDRAWN -> true;
        };
    if (over) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the vote on this proposal is over: " + MootText.state(proposal, home.seconds()));
    }
    boolean voter =
        proposal.weights().isEmpty()
            ? moot.has(home.self())
            : proposal.weights().containsKey(home.self());
    if (!voter) {
      throw new FolkmootException(
          BAD_REQUEST, "this home's member had no vote when this proposal's weights were fixed");
    }
    Optional<Tally.Cast> cast =
        proposal.tally().casts().stream()
            .filter(one -> one.member().equals(home.self()))
            .findFirst();
    if (cast.isPresent()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "your vote is cast: %s, by %s; votes are final"
              .formatted(
                  cast.get().choice().name().toLowerCase(Locale.ROOT),
                  cast.get().voter().equals(home.self()) ? "yourself" : cast.get().voter()));
    }
  }
}
