package org.folkmoot.api;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Keeps foreseen faults out of the build's output. */
final class Quiet implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger("org.folkmoot.api");

  private final boolean before = LOG.getUseParentHandlers();

  Quiet() {
    LOG.setLevel(Level.ALL);
    LOG.setUseParentHandlers(false);
  }

  @Override
  public void close() {
    LOG.setUseParentHandlers(before);
  }
}
