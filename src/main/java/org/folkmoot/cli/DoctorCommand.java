package org.folkmoot.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.folkmoot.api.ListenAddress;
import org.folkmoot.base.ByteCount;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.Listening;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.kernel.MachineKernels;
import org.folkmoot.store.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Looks at what Folkmoot needs of this machine, and says what to do about what is missing. */
@Command(
    name = "doctor",
    description = {
      "Check whether this machine has what Folkmoot needs.",
      "Exit status 1 if something is broken; what is only missing for some uses is a hint."
    })
final class DoctorCommand implements Callable<Integer> {
  /** A small model and what a JVM takes besides. */
  private static final long LITTLE_MEMORY = 1L << 30;

  /** The first model, unpacked and packed, with as much again to spare. */
  private static final long LITTLE_DISK = 400L << 20;

  /** How something is. */
  enum State {
    GOOD,
    HINT,
    BAD
  }

  /**
   * One look at one thing.
   *
   * @param line what was seen and, where it is not good, what to do
   */
  record Look(String subject, State state, String line) {}

  private final Surroundings surroundings;

  @Option(
      names = "--models",
      description = "Also read every model on this machine and compare it with its SHA-256.")
  private boolean models;

  @Mixin private JsonOption json;

  DoctorCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    List<Look> looks = new ArrayList<>();
    looks.add(
        new Look(
            "Java",
            State.GOOD,
            System.getProperty("java.vm.vendor", "Java") + " " + Runtime.version()));
    looks.add(arithmetic());
    looks.add(memory());
    looks.add(home());
    looks.add(disk());
    looks.add(pip());
    looks.addAll(stored());
    looks.add(port("API", ListenAddress.DEFAULT.port(), "'serve --http HOST:PORT'"));
    looks.add(swarm());
    boolean broken = looks.stream().anyMatch(look -> look.state == State.BAD);
    if (json.isWished()) {
      JsonOutput.print(surroundings.console(), json(looks, broken));
    } else {
      print(looks);
    }
    return broken ? ExitStatus.FAILED : ExitStatus.OK;
  }

  private static Look arithmetic() {
    try {
      ModelOpener.selfTest();
    } catch (FolkmootException wrong) {
      return new Look("arithmetic", State.BAD, String.valueOf(wrong.getMessage()));
    }
    return new Look(
        "arithmetic",
        State.GOOD,
        "sem/1, bit for bit; %d processors; kernels: %s"
            .formatted(Runtime.getRuntime().availableProcessors(), MachineKernels.describe()));
  }

  private static Look memory() {
    long bytes = MachineMemory.bytes();
    String has = ByteCount.text(bytes);
    return bytes < LITTLE_MEMORY
        ? new Look(
            "memory",
            State.HINT,
            has + ": enough for a few layers; join a swarm for whole models ('folkmoot join LINK')")
        : new Look("memory", State.GOOD, has + "; a model needs about 1.3 times its file");
  }

  private Look home() {
    Path home = surroundings.home();
    Path existing = existing(home);
    boolean usable =
        Files.isDirectory(existing) && Files.isWritable(existing) && Files.isExecutable(existing);
    return usable
        ? new Look("home", State.GOOD, home + (existing.equals(home) ? "" : " (not made yet)"))
        : new Look(
            "home",
            State.BAD,
            home
                + " cannot be written: set FOLKMOOT_HOME to a folder of yours, or change who owns it");
  }

  /** The folder itself, or the nearest one above that is there. */
  private static Path existing(Path folder) {
    Path at = folder;
    while (!Files.exists(at) && at.getParent() != null) {
      at = at.getParent();
    }
    return at;
  }

  private Look disk() {
    try {
      long free = Files.getFileStore(existing(surroundings.home())).getUsableSpace();
      String has = ByteCount.text(free) + " free";
      return free < LITTLE_DISK
          ? new Look(
              "disk",
              State.HINT,
              has
                  + ": too little for a model; remove one ('folkmoot rm MODEL') or set FOLKMOOT_HOME")
          : new Look("disk", State.GOOD, has);
    } catch (IOException unknown) {
      return new Look("disk", State.HINT, "cannot be asked: " + unknown.getMessage());
    }
  }

  private Look pip() {
    for (String program : List.of("pip", "pip3")) {
      Optional<Path> found = onPath(program);
      if (found.isPresent()) {
        return new Look("pip", State.GOOD, found.get().toString());
      }
    }
    return new Look(
        "pip", State.HINT, "not found: 'pull smollm2:135m' needs it; other models come without");
  }

  private Optional<Path> onPath(String program) {
    String path = surroundings.environment().getOrDefault("PATH", "");
    for (String folder : path.split(java.io.File.pathSeparator, -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        return Optional.of(Path.of(folder, program));
      }
    }
    return Optional.empty();
  }

  private List<Look> stored() {
    List<StoredModel> all = Models.store(surroundings).list();
    if (!models) {
      String line =
          all.isEmpty()
              ? "none yet: 'folkmoot run smollm2:135m \"…\"' brings the first"
              : all.size() + " here ('doctor --models' reads and compares them)";
      return List.of(new Look("models", State.GOOD, line));
    }
    List<Look> looks = new ArrayList<>();
    for (StoredModel model : all) {
      looks.add(check(model));
    }
    return looks;
  }

  private Look check(StoredModel model) {
    try (PullProgress progress = new PullProgress(surroundings)) {
      return Models.store(surroundings).verify(model, progress)
          ? new Look(model.name(), State.GOOD, "as its SHA-256 says")
          : new Look(
              model.name(),
              State.BAD,
              "its file has changed: 'folkmoot rm " + model.name() + "' and pull it again");
    }
  }

  private static Look port(String what, int port, String otherwise) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return new Look("port " + port, State.GOOD, "free for the " + what);
    } catch (IOException taken) {
      return new Look(
          "port " + port,
          State.HINT,
          "in use, perhaps by a folkmoot that serves; choose another with " + otherwise);
    }
  }

  private Look swarm() {
    SwarmFolder folder = Swarms.folder(surroundings);
    String line =
        folder
            .joined()
            .map(swarm -> {
              String node =
                  Listening.read(folder).isPresent()
                      ? "a node of this home serves"
                      : "no node serves";
              return "'" + swarm.name() + "'; " + node + " ('folkmoot status')";
            })
            .orElse("none: everything stays on this machine");
    return new Look("swarm", State.GOOD, line);
  }

  private void print(List<Look> looks) {
    Console console = surroundings.console();
    Style style = console.outStyle();
    int width = looks.stream().mapToInt(look -> look.subject.length()).max().orElse(0);
    for (Look look : looks) {
      String mark =
          switch (look.state) {
            case GOOD -> style.good("✓");
            case HINT -> style.faint("–");
            case BAD -> style.bad("✗");
          };
      String room = " ".repeat(width - look.subject.length());
      console.out().println("  " + mark + " " + look.subject + room + "  " + look.line);
    }
  }

  private static Map<String, Object> json(List<Look> looks, boolean broken) {
    List<Object> all = new ArrayList<>();
    for (Look look : looks) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("subject", look.subject);
      one.put("state", look.state.name().toLowerCase(Locale.ROOT));
      one.put("line", look.line);
      all.add(one);
    }
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("well", !broken);
    root.put("looks", all);
    return root;
  }
}
