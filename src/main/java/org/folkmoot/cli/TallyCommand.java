package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Proposal;
import org.folkmoot.moot.Tally;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Counts the votes on a proposal, from the record alone. */
@Command(
    name = "tally",
    description = {
      "Count the votes on a proposal from the record in this home. Whoever has the same record"
          + " counts the same.",
      "With --explain, every number with what it is computed from."
    })
final class TallyCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(paramLabel = "PROPOSAL", description = "The beginning of its id.")
  private String proposal;

  @Option(names = "--explain", description = "Show weights, votes, evidence and sums.")
  private boolean explain;

  @Mixin private MootHome.Choice choice;

  @Mixin private JsonOption json;

  TallyCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Console console = surroundings.console();
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.moot(choice.named());
      Hash32 id = home.proposal(moot, proposal);
      Proposal known =
          moot.proposal(id)
              .orElseThrow(() ->
                  new FolkmootException(
                      NOT_FOUND,
                      "this proposal does not count as proposed yet: too few members have cosigned it"));
      if (json.isWished()) {
        JsonOutput.print(console, json(moot, known));
        return ExitStatus.OK;
      }
      Tally tally = known.tally();
      console
          .out()
          .printf(
              "%s: %s; %s of %d%n",
              known.id(),
              console.outStyle().strong(MootText.state(known, home.seconds())),
              MootText.counts(tally),
              tally.total());
      if (explain) {
        new TallyExplanation(home.record(), moot, known).lines().forEach(console.out()::println);
      }
    }
    return ExitStatus.OK;
  }

  private static Map<String, Object> json(Moot moot, Proposal proposal) {
    Map<String, Object> fields = new LinkedHashMap<>(MootText.json(moot, proposal));
    Map<String, Object> weights = new LinkedHashMap<>();
    proposal.weights().forEach((peer, weight) -> weights.put(peer.text(), weight));
    fields.put("weights", weights);
    List<Map<String, Object>> casts = new ArrayList<>();
    for (Tally.Cast cast : proposal.tally().casts()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("member", cast.member().text());
      one.put("voter", cast.voter().text());
      one.put("choice", cast.choice().name().toLowerCase(Locale.ROOT));
      one.put("weight", cast.weight());
      one.put("seconds", cast.seconds());
      one.put("reason", cast.reason());
      casts.add(one);
    }
    fields.put("casts", casts);
    fields.put("quorumPermille", proposal.rules().quorumPermille());
    fields.put("majorityPermille", proposal.rules().majorityPermille());
    return fields;
  }
}
