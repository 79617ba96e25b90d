package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.NearNames;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns whatever went wrong into one line on standard error and an {@link ExitStatus}. A stack
 * trace follows only where {@code FOLKMOOT_DEBUG} is set.
 */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
  private final Surroundings surroundings;

  Failures(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public int handleParseException(ParameterException wrong, String[] args) {
    CommandLine called = wrong.getCommandLine();
    say(message(wrong, called));
    surroundings
        .console()
        .note("Try '" + called.getCommandSpec().qualifiedName() + " --help' for how to call it.");
    trace(wrong);
    return ExitStatus.WRONG_CALL;
  }

  @Override
  public int handleExecutionException(Exception failure, CommandLine called, ParseResult parsed) {
    return report(failure);
  }

  /** Says what went wrong and returns the exit status for it. */
  int report(Throwable failure) {
    int status = ExitStatus.FAILED;
    switch (failure) {
      case FolkmootException foreseen -> {
        say(reason(foreseen));
        status = foreseen.code() == BAD_REQUEST ? ExitStatus.WRONG_CALL : ExitStatus.FAILED;
      }
      case UncheckedIOException io -> say("input or output failed: " + reason(io));
      case OutOfMemoryError _ ->
          say(
              "not enough memory: close other programs, use a smaller model, or raise -Xmx in"
                  + " FOLKMOOT_JAVA_OPTS");
      default ->
          say(
              "this is a fault in folkmoot ("
                  + failure
                  + "): please report it with the output of the same call under FOLKMOOT_DEBUG=1");
    }
    trace(failure);
    return status;
  }

  private static String message(ParameterException wrong, CommandLine called) {
    if (wrong instanceof UnmatchedArgumentException unmatched
        && called.getParent() == null
        && !unmatched.isUnknownOption()) {
      String word = unmatched.getUnmatched().getFirst();
      return "unknown command '" + word + "'" + NearNames.hint(word, Commands.NAMES);
    }
    return reason(wrong);
  }

  private static String reason(Throwable failure) {
    Throwable known =
        failure instanceof UncheckedIOException && failure.getCause() instanceof IOException cause
            ? cause
            : failure;
    String message = known.getMessage();
    return message == null ? known.getClass().getSimpleName() : message;
  }

  private void say(String message) {
    Console console = surroundings.console();
    console.note(console.errStyle().bad("folkmoot:") + " " + message);
  }

  private void trace(Throwable failure) {
    if (surroundings.debug()) {
      failure.printStackTrace(surroundings.console().err());
    }
  }
}
