package org.folkmoot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * Times how long {@code run} takes from nothing to its first token: a process of its own each time.
 */
final class ColdStart {
  private ColdStart() {}

  /** The median in milliseconds; null if the runs did not work. */
  static @Nullable Double millis(Surroundings surroundings, Path model, int threads, int rounds) {
    List<Double> times = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      Double time = once(model, threads);
      if (time == null) {
        surroundings.console().note("the cold start could not be measured");
        return null;
      }
      times.add(time);
    }
    times.sort(null);
    return times.get(times.size() / 2);
  }

  private static @Nullable Double once(Path model, int threads) {
    List<String> command =
        OwnProgram.command(
            List.of(
                "run",
                model.toAbsolutePath().toString(),
                "--max-tokens",
                "2",
                "--temperature",
                "0",
                "--threads",
                Integer.toString(threads),
                "Why is the sky blue?"));
    try {
      long start = System.nanoTime();
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      process.getOutputStream().close();
      Double first = null;
      try (InputStream out = process.getInputStream()) {
        if (out.read() >= 0) {
          first = Math.round((System.nanoTime() - start) / 1e4) / 100.0;
        }
        out.transferTo(java.io.OutputStream.nullOutputStream());
      }
      return process.waitFor() == 0 ? first : null;
    } catch (IOException failed) {
      return null;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(
          FolkmootException.Code.BUSY, "interrupted while measuring", interrupted);
    }
  }
}
