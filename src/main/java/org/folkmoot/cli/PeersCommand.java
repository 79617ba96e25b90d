package org.folkmoot.cli;

import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists the peers of this home's swarm. */
@Command(name = "peers", description = "List the peers of this home's swarm that are there now.")
final class PeersCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin private JsonOption json;

  PeersCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    SwarmReport report = SwarmReport.look(surroundings);
    Console console = surroundings.console();
    if (json.isWished()) {
      JsonOutput.print(console, report.json());
      return ExitStatus.OK;
    }
    print(console, report);
    return ExitStatus.OK;
  }

  /** Shows them to a person. */
  static void print(Console console, SwarmReport report) {
    report.misfits().forEach(console::note);
    if (report.peers().isEmpty()) {
      console.note("nobody of the swarm '" + report.swarm() + "' answers now");
      return;
    }
    boolean wide = console.columns().getAsInt() >= StatusCommand.WIDE;
    boolean policies = report.hasPolicies();
    Table table =
        new Table("PEER", "SERVES", "RTT", "PATH", policies ? "POLICY" : "", "ADDRESS")
            .right("RTT");
    for (SwarmReport.Peer peer : report.peers()) {
      String serves =
          peer.announcement().offers().stream()
              .map(offer ->
                  PlainText.line(offer.modelName(), 24) + " " + SwarmReport.layers(offer.range()))
              .collect(Collectors.joining(", "));
      table.row(
          peer.announcement().peer().toString(),
          serves.isEmpty() ? "only asks" : serves,
          peer.rttText(),
          peer.shortPath(),
          policies ? peer.policyText(wide) : "",
          SwarmReport.address(peer));
    }
    table.print(console);
  }
}
