package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.folkmoot.base.FolderTree;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.moot.Moot;
import org.jspecify.annotations.Nullable;

/**
 * The homes and node processes of a few people on this machine, in a folder that goes when this is
 * closed, and what they type.
 */
final class DemoMoot implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final long LOOK_MILLIS = 250;
  private static final int WIDTH = 96;

  /** A person with a home, and with a node once it is started. */
  static final class Person {
    final String name;
    final Path home;
    private @Nullable Process node;

    private Person(String name, Path home) {
      this.name = name;
      this.home = home;
    }

    long pid() {
      return node == null ? 0 : node.pid();
    }

    private Path log() {
      return home.resolve("log");
    }
  }

  /** What a command said. */
  record Said(int status, String out, String err) {}

  private final Surroundings surroundings;
  private final Console console;
  private final Path folder;
  private final List<Person> people = new ArrayList<>();
  private final List<Process> others = new CopyOnWriteArrayList<>();
  private final Set<String> told = new HashSet<>();
  private final Thread killer = new Thread(this::kill);

  DemoMoot(Surroundings surroundings, List<String> names) {
    this.surroundings = surroundings;
    console = surroundings.console();
    try {
      folder = Files.createTempDirectory("folkmoot-moot");
      for (String name : names) {
        Path home = Files.createDirectory(folder.resolve(name));
        Path models = surroundings.home().resolve("models");
        if (Files.isDirectory(models)) {
          Files.createSymbolicLink(home.resolve("models"), models);
        }
        people.add(new Person(name, home));
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    // Whatever ends this process, no other stays behind.
    Runtime.getRuntime().addShutdownHook(killer);
  }

  List<Person> people() {
    return people;
  }

  /** Has another process end when this does, whatever ends it. */
  void endsWithThis(Process other) {
    others.add(other);
  }

  // ---- nodes

  /** Starts somebody's node and waits until it is ready. */
  void start(Person who, String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--no-lan", "--while", Long.toString(ProcessHandle.current().pid())));
    try {
      ProcessBuilder builder = new ProcessBuilder(OwnProgram.command(arguments));
      builder.environment().put("FOLKMOOT_HOME", who.home.toString());
      builder.redirectError(who.log().toFile());
      Process node = builder.start();
      who.node = node;
      node.getOutputStream().close();
      BufferedReader out =
          new BufferedReader(new InputStreamReader(node.getInputStream(), StandardCharsets.UTF_8));
      String line = out.readLine();
      if (line == null || !line.startsWith("listening on")) {
        throw new FolkmootException(
            UNREACHABLE,
            "the node of %s did not start: %s"
                .formatted(who.name, PlainText.line(Files.readString(who.log()), 300)));
      }
    } catch (IOException failed) {
      throw new FolkmootException(BAD_FILE, "a node cannot be started: " + failed, failed);
    }
  }

  /** What somebody's node has said that has a word in it. */
  List<String> log(Person who, Predicate<String> wanted) {
    try (Stream<String> lines = Files.lines(who.log())) {
      return lines.filter(wanted).toList();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Ends all nodes, as SIGTERM does, and waits. */
  void stop() {
    for (Person person : people) {
      Process node = person.node;
      if (node != null) {
        node.destroy();
      }
    }
    try {
      for (Person person : people) {
        Process node = person.node;
        if (node != null && !node.waitFor(10, TimeUnit.SECONDS)) {
          node.destroyForcibly().waitFor();
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- commands

  /** The surroundings of somebody's commands. */
  private Surroundings of(Person who, Console said) {
    Map<String, String> environment = new HashMap<>(surroundings.environment());
    environment.put("FOLKMOOT_HOME", who.home.toString());
    environment.put("FOLKMOOT_LAN", "0");
    return new Surroundings(
        said,
        InputStream.nullInputStream(),
        environment,
        surroundings.clock(),
        false,
        surroundings.nanoTime(),
        surroundings.seeds(),
        surroundings.interrupts());
  }

  /** Has somebody run a command, and says nothing. */
  Said run(Person who, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console said =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            false,
            false,
            () -> WIDTH);
    int status = Main.run(of(who, said), arguments);
    return new Said(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /**
   * Has somebody run a command in view of the reader.
   *
   * @throws FolkmootException UNREACHABLE if it fails
   */
  String type(Person who, String... arguments) {
    StringBuilder line = new StringBuilder();
    for (String word : arguments) {
      boolean plain = word.matches("[A-Za-z0-9_.:/%-]+");
      line.append(' ').append(plain ? word : '"' + word + '"');
    }
    console.note(
        console
            .errStyle()
            .strong(
                "%s$ folkmoot %s".formatted(who.name, PlainText.line(line.toString(), 2 * WIDTH))));
    Said said = run(who, arguments);
    show(said.out);
    // A hint is good to read once.
    show(said.err.lines().filter(told::add).collect(Collectors.joining("\n")));
    if (said.status != ExitStatus.OK) {
      throw new FolkmootException(
          UNREACHABLE, "this command of %s failed: the demo ends here".formatted(who.name));
    }
    return said.out;
  }

  private void show(String text) {
    text.lines()
        .filter(line -> !line.isBlank())
        .forEach(line -> console.note("    " + PlainText.line("." + line, 2 * WIDTH).substring(1)));
  }

  // ---- looking

  /** A moot as somebody's home has it. */
  Moot moot(Person who, Hash32 id) {
    try (MootHome home = MootHome.look(of(who, console))) {
      return home.moot(id);
    }
  }

  /** Whether the charter of a moot has come to somebody's home, and something holds of it. */
  boolean sees(Person who, Hash32 id, Predicate<Moot> holds) {
    try {
      return holds.test(moot(who, id));
    } catch (FolkmootException notYet) {
      return false;
    }
  }

  MootDefaults defaults(Person who) {
    return MootDefaults.read(of(who, console));
  }

  /**
   * Waits for something.
   *
   * @throws FolkmootException UNREACHABLE if it does not come
   */
  void await(String what, BooleanSupplier there) {
    long end = surroundings.nanoTime().getAsLong() + PATIENCE.toNanos();
    while (!there.getAsBoolean()) {
      if (surroundings.nanoTime().getAsLong() - end > 0) {
        throw new FolkmootException(UNREACHABLE, "waited in vain until " + what);
      }
      pause(LOOK_MILLIS);
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted", interrupted);
    }
  }

  private void kill() {
    for (Person person : people) {
      Process node = person.node;
      if (node != null) {
        node.destroyForcibly();
      }
    }
    others.forEach(Process::destroyForcibly);
  }

  @Override
  public void close() {
    stop();
    kill();
    try {
      FolderTree.delete(folder); // links to models are not followed
    } catch (IOException left) {
      console.note("left behind: " + folder);
    }
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(killer);
    } catch (IllegalStateException ending) {
      // The process ends, and the hook does its part.
    }
  }
}
