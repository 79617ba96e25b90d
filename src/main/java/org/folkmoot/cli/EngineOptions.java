package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that computes: what of the machine it may use. */
final class EngineOptions {
  /** More than any machine has; more would only be a typing error. */
  private static final int MOST_THREADS = 1024;

  /** Other programs live here, too. */
  private static final int SHARE_OF_MEMORY = 4;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute (default: one for each processor).")
  private @Nullable Integer threads;

  @Option(
      names = "--ctx",
      paramLabel = "N",
      description =
          "The most tokens of prompt and answer together (default: what the model was made for).")
  private @Nullable Integer context;

  @Option(
      names = "--kv-memory",
      paramLabel = "SIZE",
      converter = MemorySize.class,
      description =
          "The most memory for contexts, such as 512M or 4G (default: a quarter of the machine's)."
              + " It is taken only as it is needed.")
  private @Nullable Long kvBytes;

  /**
   * The settings with which a model is opened.
   *
   * @param maxSessions the most answers at a time
   * @throws FolkmootException BAD_REQUEST for a value out of range
   */
  ModelOpener.Settings settings(int maxSessions) {
    return new ModelOpener.Settings(
        threads == null
            ? Runtime.getRuntime().availableProcessors()
            : inRange("--threads", threads, MOST_THREADS),
        context == null ? Integer.MAX_VALUE : inRange("--ctx", context, Integer.MAX_VALUE),
        kvBytes == null ? MachineMemory.bytes() / SHARE_OF_MEMORY : kvBytes,
        maxSessions);
  }

  private static int inRange(String option, int value, int most) {
    if (value < 1 || value > most) {
      throw new FolkmootException(
          BAD_REQUEST, option + " is " + value + ", but must be between 1 and " + most);
    }
    return value;
  }
}
