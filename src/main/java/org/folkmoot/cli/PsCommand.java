package org.folkmoot.cli;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.ByteCount;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what is in memory. */
@Command(
    name = "ps",
    description = {
      "List the models that this home's nodes have in memory.",
      "A node ends with Ctrl-C where it was started, or with 'kill' and the number of its process."
    })
final class PsCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin private JsonOption json;

  PsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Console console = surroundings.console();
    List<Running.Serving> nodes = Running.read(surroundings);
    if (json.isWished()) {
      JsonOutput.print(
          console, Map.of("processes", nodes.stream().map(Running.Serving::json).toList()));
      return ExitStatus.OK;
    }
    Table table =
        new Table("NAME", "SHA-256", "SIZE", "LAYERS", "FOR", "PROCESS", "SINCE").right("PROCESS");
    Instant now = surroundings.clock().instant();
    for (Running.Serving node : nodes) {
      for (Running.Model model : node.models()) {
        table.row(
            model.name(),
            Models.shortHash(model.sha256()),
            ByteCount.text(model.size()),
            model.layers(),
            model.to(),
            Long.toString(node.pid()),
            Ago.text(node.since(), now));
      }
    }
    table.print(console);
    for (Running.Serving node : nodes) {
      console.note(
          "process %d answers programs at %s%s"
              .formatted(
                  node.pid(),
                  node.http(),
                  node.models().isEmpty() ? "; it has no model in memory now" : ""));
    }
    if (nodes.isEmpty()) {
      console.note("no node of this home runs: 'folkmoot serve MODEL'");
    }
    return ExitStatus.OK;
  }
}
