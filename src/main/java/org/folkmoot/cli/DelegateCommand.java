package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Optional;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Has another member vote for us. */
@Command(
    name = "delegate",
    description = {
      "Have another member vote for you where you have not voted before it does.",
      "Holds for votes that open later, until you take it back."
    })
final class DelegateCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(
      arity = "0..1",
      paramLabel = "PEER",
      description = "Whom: a member's name or the beginning of its id.")
  private @Nullable String peer;

  @Option(names = "--back", description = "Take it back: vote yourself again.")
  private boolean back;

  @Mixin private MootHome.Choice choice;

  DelegateCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    String named = peer;
    if ((named == null) != back) {
      throw new FolkmootException(BAD_REQUEST, "name a member, or --back");
    }
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.asMember(choice.named());
      Optional<PeerId> to =
          named == null ? Optional.empty() : Optional.of(home.person(moot, named));
      if (to.isPresent() && (!moot.has(to.get()) || to.get().equals(home.self()))) {
        throw new FolkmootException(
            BAD_REQUEST, "only another member can vote for you: 'folkmoot moot members'");
      }
      Ledger.Receipt receipt =
          home.write(new Entry.Delegation(surroundings.clock().millis(), moot.id(), to));
      surroundings
          .console()
          .out()
          .println(
              to.map(other -> MootText.person(moot, other) + " votes for you")
                  .orElse("you vote yourself"));
      home.sayFate(moot, receipt);
    }
    return ExitStatus.OK;
  }
}
