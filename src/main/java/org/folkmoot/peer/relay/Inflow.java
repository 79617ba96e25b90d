package org.folkmoot.peer.relay;

import java.util.function.IntConsumer;
import org.folkmoot.wire.Limits;

/** Credits what was taken, a quarter of a window at a time. */
final class Inflow {
  private final IntConsumer credit;
  private int taken;

  Inflow(IntConsumer credit) {
    this.credit = credit;
  }

  /** So many bytes were taken. */
  void took(int bytes) {
    taken += bytes;
    if (taken >= Limits.RELAY_WINDOW / 4) {
      int now = taken;
      taken = 0;
      credit.accept(now);
    }
  }
}
