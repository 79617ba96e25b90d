package org.folkmoot.proof;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Damages bytes as a stranger might. The result always differs. */
final class Mutation {
  private Mutation() {}

  static byte[] of(byte[] bytes, SplittableRandom random) {
    // Half of the damage goes to the first bytes: there are most of the heads.
    int reach = random.nextBoolean() ? Math.min(bytes.length, 400) : bytes.length;
    int at = random.nextInt(reach);
    byte[] changed;
    switch (random.nextInt(4)) {
      case 0 -> {
        changed = Arrays.copyOf(bytes, bytes.length - 1 - random.nextInt(bytes.length / 2));
      }
      case 1 -> {
        changed = Arrays.copyOf(bytes, bytes.length + 1);
        System.arraycopy(bytes, at, changed, at + 1, bytes.length - at);
        changed[at] = (byte) random.nextInt();
      }
      case 2 -> {
        changed = bytes.clone();
        changed[at] += (byte) (1 + random.nextInt(255));
      }
      default -> {
        changed = bytes.clone();
        changed[at] ^= (byte) (1 << random.nextInt(8));
      }
    }
    return changed;
  }
}
