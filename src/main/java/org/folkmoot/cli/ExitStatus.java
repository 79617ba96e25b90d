package org.folkmoot.cli;

/** The exit statuses that scripts rely on. */
public final class ExitStatus {
  /** It worked, or what was checked holds. */
  public static final int OK = 0;

  /** It failed, or it was checked and does not hold. */
  public static final int FAILED = 1;

  /** The call is wrong: an unknown command or option, a missing argument. */
  public static final int WRONG_CALL = 2;

  /**
   * A person interrupted it: 128 + SIGINT, which is what the JVM itself exits with when the signal
   * is not handled.
   */
  public static final int INTERRUPTED = 130;

  private ExitStatus() {}
}
