package org.folkmoot.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Outcome;
import org.folkmoot.moot.Proposal;
import org.folkmoot.moot.Tally;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists what is put to the vote. */
@Command(
    name = "proposals",
    description = "List the proposals of this home's moot that are open, or with --all every one.")
final class ProposalsCommand implements Callable<Integer> {
  private static final int LONGEST = 70;

  private final Surroundings surroundings;

  @Option(names = "--all", description = "Decided ones, too.")
  private boolean all;

  @Mixin private MootHome.Choice choice;

  @Mixin private JsonOption json;

  ProposalsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Console console = surroundings.console();
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.moot(choice.named());
      List<Proposal> shown =
          moot.proposals().stream().filter(one -> all || MootCommand.isOpen(one)).toList();
      if (json.isWished()) {
        JsonOutput.print(
            console,
            Map.of("proposals", shown.stream().map(one -> MootText.json(moot, one)).toList()));
        return ExitStatus.OK;
      }
      Table table =
          new Table("PROPOSAL", "STATE", "YES", "NO", "ABSTAIN", "OF", "WHAT")
              .right("YES", "NO", "ABSTAIN", "OF");
      for (Proposal proposal : shown) {
        Tally tally = proposal.tally();
        table.row(
            proposal.id().toString(),
            MootText.state(proposal, home.seconds()),
            Long.toString(tally.yes()),
            Long.toString(tally.no()),
            Long.toString(tally.abstain()),
            tally.total() == 0 ? "–" : Long.toString(tally.total()),
            PlainText.line(proposal.entry().title(), LONGEST));
      }
      List<Moot.Fate> waiting =
          moot.fates().stream()
              .filter(fate -> fate.outcome() == Outcome.UNWITNESSED)
              .filter(fate -> fate.written().entry() instanceof Entry.Proposal)
              .toList();
      for (Moot.Fate fate : waiting) {
        String title = fate.written().entry() instanceof Entry.Proposal one ? one.title() : "";
        table.row(
            fate.written().id().toString(),
            "waits for witnesses",
            "–",
            "–",
            "–",
            "–",
            PlainText.line(title, LONGEST));
      }
      table.print(console);
      if (shown.isEmpty() && waiting.isEmpty()) {
        console.note(
            all
                ? "Nothing was proposed yet: 'folkmoot propose' does."
                : "Nothing is open; --all shows what was decided.");
      }
    }
    return ExitStatus.OK;
  }
}
