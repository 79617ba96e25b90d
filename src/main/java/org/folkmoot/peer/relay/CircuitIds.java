package org.folkmoot.peer.relay;

import java.util.random.RandomGenerator;
import org.folkmoot.wire.PeerId;

/** The numbers of circuits on a link: the side with the smaller key has the even ones. */
final class CircuitIds {
  private CircuitIds() {}

  /** A number that one side may give on its link to the other; practically never drawn before. */
  static long draw(RandomGenerator random, PeerId by, PeerId other) {
    return (random.nextLong() & ~1L) | parity(by, other);
  }

  /** Whether one side may have given this number on its link to the other. */
  static boolean isOf(long circuit, PeerId by, PeerId other) {
    return (circuit & 1) == parity(by, other);
  }

  private static long parity(PeerId by, PeerId other) {
    return by.compareTo(other) < 0 ? 0 : 1;
  }
}
