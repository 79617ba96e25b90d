package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.List;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootRecord.Written;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Stops a proposal. */
@Command(
    name = "veto",
    description =
        "Stop a proposal: as the charter's guardian until it is enacted, as its author before its"
            + " vote opens.")
final class VetoCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(index = "0", paramLabel = "PROPOSAL", description = "The beginning of its id.")
  private String proposal;

  @Parameters(
      index = "1..*",
      paramLabel = "REASON",
      arity = "0..*",
      description = "Why; several words are joined.")
  private List<String> reason = List.of();

  @Mixin private MootHome.Choice choice;

  VetoCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.asMember(choice.named());
      Hash32 id = home.proposal(moot, proposal);
      boolean guardian =
          moot.proposal(id)
              .map(one -> one.rules().guardian())
              .orElse(moot.rules().guardian())
              .filter(home.self()::equals)
              .isPresent();
      boolean author =
          moot.fates().stream()
              .map(Moot.Fate::written)
              .filter(written -> written.id().equals(id))
              .map(Written::by)
              .anyMatch(home.self()::equals);
      if (!guardian && !author) {
        throw new FolkmootException(
            BAD_REQUEST, "only the charter's guardian, or the proposal's author, may stop it");
      }
      Ledger.Receipt receipt =
          home.write(
              new Entry.Veto(
                  surroundings.clock().millis(), moot.id(), id, String.join(" ", reason)));
      surroundings.console().out().printf("stopping %s%n", id);
      home.sayFate(moot, receipt);
    }
    return ExitStatus.OK;
  }
}
