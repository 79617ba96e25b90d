package org.folkmoot.store;

/**
 * Something to do should the process be ended (Ctrl-C, SIGTERM) before this is closed, so that an
 * interrupted pull leaves no more behind than a failed one.
 */
final class OnExit implements AutoCloseable {
  private final Thread hook;

  OnExit(Runnable cleanup) {
    hook = new Thread(cleanup);
    Runtime.getRuntime().addShutdownHook(hook);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException endingAlready) {
      // The hook runs or ran: there is nothing to take back.
      return;
    }
  }
}
