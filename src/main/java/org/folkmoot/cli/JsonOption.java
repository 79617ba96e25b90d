package org.folkmoot.cli;

import picocli.CommandLine.Option;

/** The {@code --json} of every command that reports something. */
final class JsonOption {
  @Option(
      names = "--json",
      description = "Print one JSON document on standard output; notes go to standard error.")
  private boolean json;

  boolean isWished() {
    return json;
  }
}
