package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.InputStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.folkmoot.base.FolkmootException;

/**
 * What a command gets from the world; tests give their own.
 *
 * @param console where it speaks
 * @param in standard input
 * @param environment the environment variables
 * @param clock the time
 */
public record Surroundings(
    Console console, InputStream in, Map<String, String> environment, InstantSource clock) {
  /** The surroundings of this process. */
  static Surroundings ofProcess() {
    Map<String, String> environment = System.getenv();
    return new Surroundings(
        Console.ofProcess(environment), System.in, environment, InstantSource.system());
  }

  /**
   * The folder with everything a node keeps: {@code FOLKMOOT_HOME}, else {@code ~/.folkmoot}. It
   * need not exist.
   */
  public Path home() {
    String wished = environment.getOrDefault("FOLKMOOT_HOME", "");
    try {
      return wished.isEmpty()
          ? Path.of(System.getProperty("user.home"), ".folkmoot").toAbsolutePath()
          : Path.of(wished).toAbsolutePath().normalize();
    } catch (InvalidPathException invalid) {
      throw new FolkmootException(BAD_REQUEST, "FOLKMOOT_HOME is not a path: " + wished, invalid);
    }
  }

  /** Whether a person wants stack traces. */
  public boolean debug() {
    return !environment.getOrDefault("FOLKMOOT_DEBUG", "").isEmpty();
  }
}
