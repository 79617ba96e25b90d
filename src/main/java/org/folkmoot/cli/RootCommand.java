package org.folkmoot.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** {@code folkmoot} itself: what it is, and where to begin. */
@Command(
    name = "folkmoot",
    description = "Runs open language models on the machines of the people who use them.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "To begin:",
      "  folkmoot run smollm2:135m \"Why is the sky blue?\"   an answer, on this machine",
      "  folkmoot chat smollm2:135m                         a conversation",
      "  folkmoot demo                                      a swarm, and a peer that dies",
      "",
      "Models lie under $$FOLKMOOT_HOME/models (default ~/.folkmoot/models).",
      "Exit status: 0 worked, 1 failed or does not hold, 2 wrong call, 130 interrupted."
    })
final class RootCommand {
  /** The version is what the build wrote into the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = RootCommand.class.getPackage().getImplementationVersion();
      return new String[] {"folkmoot " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
