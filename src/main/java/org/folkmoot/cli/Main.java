package org.folkmoot.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.ColorScheme;

/** The program's entry. */
public final class Main {
  /** Commands of two words. */
  private static final Map<String, Set<String>> PAIRS =
      Map.of("bench", Set.of("swarm", "proof", "ledger"), "demo", Set.of("moot"));

  private Main() {}

  /** Runs the command line and ends the process with its {@link ExitStatus}. */
  public static void main(String[] args) {
    System.exit(run(Surroundings.ofProcess(), args));
  }

  /** Runs one command in the given surroundings and returns its {@link ExitStatus}. */
  static int run(Surroundings surroundings, String... args) {
    String[] call = joined(args);
    Console console = surroundings.console();
    Failures failures = new Failures(surroundings);
    try {
      CommandLine line =
          commandLine(surroundings, call)
              .setOut(writer(console.out()))
              .setErr(writer(console.err()))
              .setColorScheme(colours(console))
              .setParameterExceptionHandler(failures)
              .setExecutionExceptionHandler(failures);
      if (args.length == 0) {
        line.usage(line.getOut());
        return ExitStatus.OK;
      }
      int status = line.execute(call);
      StandardStream.requireWritten(console.out());
      return status;
    } catch (Throwable beforeTheCommand) {
      return failures.report(beforeTheCommand);
    }
  }

  /**
   * {@code bench swarm}, {@code bench proof} and {@code bench ledger} are commands of two words.
   */
  private static String[] joined(String... args) {
    boolean two = args.length > 1 && PAIRS.getOrDefault(args[0], Set.of()).contains(args[1]);
    if (!two) {
      return args;
    }
    String[] call = Arrays.copyOfRange(args, 1, args.length);
    call[0] = args[0] + "-" + args[1];
    return call;
  }

  /** The root with the one command that is called, or with all where none or a wrong one is. */
  private static CommandLine commandLine(Surroundings surroundings, String... args) {
    CommandLine root = withHelp(new CommandLine(new RootCommand()));
    Object called = args.length == 0 ? null : Commands.create(args[0], surroundings);
    if (called != null) {
      if (Commands.COMPUTING.contains(args[0])) {
        VectorApi.prepare();
      }
      return root.addSubcommand(withHelp(new CommandLine(called)));
    }
    root.addSubcommand(new CommandLine.HelpCommand());
    for (String name : Commands.NAMES) {
      Object command = Commands.create(name, surroundings);
      if (command == null) {
        throw new IllegalStateException("no class for the command " + name);
      }
      root.addSubcommand(withHelp(new CommandLine(command)));
    }
    return root;
  }

  /** Gives a command {@code --help} and {@code --version}. */
  private static CommandLine withHelp(CommandLine line) {
    line.getCommandSpec().mixinStandardHelpOptions(true).versionProvider(new RootCommand.Version());
    return line;
  }

  private static ColorScheme colours(Console console) {
    return CommandLine.Help.defaultColorScheme(console.outColour() ? Ansi.ON : Ansi.OFF);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }
}
