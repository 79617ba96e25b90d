package org.folkmoot.testing;

import java.nio.file.Path;
import org.folkmoot.session.LocalModel;

/** Opens small models for tests that need one that really computes. */
public final class LocalModels {
  private static final String DIGEST = "00".repeat(32);

  private LocalModels() {}

  /**
   * Opens a file with two threads.
   *
   * @param kvBytes the most memory for contexts
   */
  public static LocalModel open(Path file, String name, long kvBytes) {
    LocalModel.Options options =
        new LocalModel.Options(name, DIGEST, 2, Integer.MAX_VALUE, kvBytes, 16, () -> 0);
    return LocalModel.open(file, options, progress -> {});
  }
}
