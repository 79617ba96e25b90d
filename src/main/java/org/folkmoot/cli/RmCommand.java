package org.folkmoot.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.folkmoot.base.ByteCount;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.ModelStore;
import org.folkmoot.store.Removal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Removes models. */
@Command(
    name = "rm",
    description = {
      "Remove models from this machine, and what unfinished downloads of them left.",
      "A file stays as long as another name has it."
    })
final class RmCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(paramLabel = "MODEL", arity = "1..*", description = "Names, as 'ls' shows them.")
  private List<String> references;

  RmCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    ModelStore store = Models.store(surroundings);
    int status = ExitStatus.OK;
    for (String reference : references) {
      try {
        Removal removal = store.remove(reference);
        surroundings
            .console()
            .out()
            .println(
                "removed "
                    + removal.name()
                    + ", "
                    + ByteCount.text(removal.freedBytes())
                    + " freed");
      } catch (FolkmootException failure) {
        // The others can still be removed.
        status = Math.max(status, new Failures(surroundings).report(failure));
      }
    }
    return status;
  }
}
