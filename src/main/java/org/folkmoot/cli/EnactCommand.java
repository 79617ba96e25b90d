package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Proposal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Has a proposal that succeeded come into force. */
@Command(
    name = "enact",
    description = {
      "Have a proposal that succeeded come into force, once its timelock has run out.",
      "Any member may. It changes the defaults of members' nodes; what a person chooses goes first."
    })
final class EnactCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(paramLabel = "PROPOSAL", description = "The beginning of its id.")
  private String proposal;

  @Mixin private MootHome.Choice choice;

  EnactCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.asMember(choice.named());
      Hash32 id = home.proposal(moot, proposal);
      Proposal known =
          moot.proposal(id)
              .orElseThrow(() ->
                  new FolkmootException(NOT_FOUND, "this proposal does not count as proposed yet"));
      long now = home.seconds();
      boolean ready = known.state() == Proposal.State.QUEUED && known.ready() <= now;
      if (!ready) {
        throw new FolkmootException(
            BAD_REQUEST,
            "this proposal cannot be enacted now: it is " + MootText.state(known, now));
      }
      Ledger.Receipt receipt =
          home.write(new Entry.Enactment(surroundings.clock().millis(), moot.id(), id));
      surroundings
          .console()
          .out()
          .printf("enacting %s: %s%n", id, MootText.motion(moot, known.entry().motion()));
      home.sayFate(moot, receipt);
      home.follow().forEach(surroundings.console()::note);
    }
    return ExitStatus.OK;
  }
}
