package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** The model files of this machine, whose hashes were checked. On any thread. */
final class ModelFiles {
  private final Function<String, Optional<Path>> stored;
  private final Map<String, Path> held = new ConcurrentHashMap<>();

  /**
   * Those of the store, and those that are told later.
   *
   * @param stored by their SHA-256, in hexadecimal
   */
  ModelFiles(Function<String, Optional<Path>> stored) {
    this.stored = stored;
  }

  void hold(String sha256, Path file) {
    held.put(sha256, file);
  }

  Optional<Path> file(String sha256) {
    return Optional.ofNullable(held.get(sha256)).or(() -> stored.apply(sha256));
  }
}
