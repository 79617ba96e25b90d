package org.folkmoot.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * Finds the folder of real models and fixtures that lies beside the project, not in it: system
 * property {@code folkmoot.shared}, else environment variable {@code FOLKMOOT_SHARED}, else a
 * folder {@code shared} beside the working directory or beside one of its parents.
 */
public final class SharedModels {
  private SharedModels() {}

  /**
   * A folder of {@code shared/models}, for example {@code golden}. Where there is none, the calling
   * test is skipped and says so.
   */
  public static Path folder(String name) {
    Optional<Path> folder = shared().map(shared -> shared.resolve("models").resolve(name));
    if (folder.isEmpty() || !Files.isDirectory(folder.get())) {
      String message =
          "SKIPPED: no folder shared/models/%s; set FOLKMOOT_SHARED to where it is".formatted(name);
      System.err.println(message);
      Assumptions.abort(message);
    }
    return folder.get();
  }

  private static Optional<Path> shared() {
    String named = System.getProperty("folkmoot.shared", System.getenv("FOLKMOOT_SHARED"));
    if (named != null) {
      return Optional.of(Path.of(named));
    }
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path shared = at.resolve("shared");
      if (Files.isDirectory(shared.resolve("models"))) {
        return Optional.of(shared);
      }
    }
    return Optional.empty();
  }
}
