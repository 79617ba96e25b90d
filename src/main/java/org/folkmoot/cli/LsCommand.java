package org.folkmoot.cli;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.ByteCount;
import org.folkmoot.store.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what is here. */
@Command(name = "ls", aliases = "list", description = "List the models on this machine.")
final class LsCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin private JsonOption json;

  LsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Console console = surroundings.console();
    List<StoredModel> models = Models.store(surroundings).list();
    if (json.isWished()) {
      JsonOutput.print(console, Map.of("models", models.stream().map(Models::json).toList()));
      return ExitStatus.OK;
    }
    Table table = new Table("NAME", "SHA-256", "SIZE", "LICENCE", "PULLED");
    Instant now = surroundings.clock().instant();
    for (StoredModel model : models) {
      table.row(
          model.name(),
          Models.shortHash(model.sha256()),
          ByteCount.text(model.size()),
          model.licence(),
          Ago.text(model.pulledAt(), now));
    }
    table.print(console);
    if (models.isEmpty()) {
      console.note("No models yet: 'folkmoot catalogue' lists what can be pulled.");
    }
    return ExitStatus.OK;
  }
}
