package org.folkmoot.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The training run of the class archive (JEP 350): takes the ways through the code whose classes a
 * cold start should find ready. It prints nothing and keeps nothing.
 */
@Command(name = "warmup", hidden = true, description = "Train the launcher's class archive.")
final class WarmupCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  WarmupCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    ModelOpener.selfTest();
    for (String name : Commands.NAMES) {
      Object command = Commands.create(name, surroundings);
      if (command != null) {
        new CommandLine(command).usage(new PrintWriter(Writer.nullWriter()));
      }
    }
    return ExitStatus.OK;
  }
}
