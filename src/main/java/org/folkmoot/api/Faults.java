package org.folkmoot.api;

import java.lang.System.Logger.Level;
import java.util.Arrays;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * Logs what went wrong in the server itself. Messages of foreign exceptions are left out: they may
 * quote what a person wrote. Where it happened is enough to find it.
 */
final class Faults {
  private static final System.Logger LOG = System.getLogger("org.folkmoot.api");

  /** Deep enough to leave our own code; what called it is always the same. */
  private static final int MAX_FRAMES = 24;

  private Faults() {}

  /** Logs the cause of a 500 or 502; other refusals are the caller's affair and are not logged. */
  static void log(ApiException error) {
    Throwable cause = error.getCause();
    if (cause != null) {
      LOG.log(Level.ERROR, () -> describe(cause));
    }
  }

  static String describe(Throwable fault) {
    if (fault instanceof FolkmootException known) {
      return known.code() + ": " + known.getMessage();
    }
    StringBuilder text = new StringBuilder("a request failed: ");
    for (@Nullable Throwable t = fault; t != null; t = t.getCause()) {
      text.append(t.getClass().getName());
      Arrays.stream(t.getStackTrace())
          .limit(MAX_FRAMES)
          .forEach(frame -> text.append("\n\tat ").append(frame));
      text.append(t.getCause() == null ? "" : "\ncaused by ");
    }
    return text.toString();
  }
}
