package org.folkmoot.testing;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what another thread or process does without telling anybody. */
public final class Eventually {
  private static final long LOOK_NANOS = 1_000_000;

  /** Two minutes at least; soon over for a thread that is interrupted. */
  private static final int MOST_LOOKS = 120_000;

  private Eventually() {}

  /** Whether something comes to hold. */
  public static boolean holds(BooleanSupplier what) {
    for (int left = MOST_LOOKS; left > 0 && !what.getAsBoolean(); left--) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    return what.getAsBoolean();
  }
}
