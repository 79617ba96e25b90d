package org.folkmoot.ledger;

import java.security.SecureRandom;
import java.util.Random;
import org.folkmoot.peer.Identity;

/** Keys that are the same in each run. */
public final class Identities {
  private Identities() {}

  /** The identity of a private key of 32 bytes. */
  public static Identity ofSeed(byte[] seed) {
    return Identity.random(
        new SecureRandom() {
          private static final long serialVersionUID = 1L;

          @Override
          public void nextBytes(byte[] bytes) {
            System.arraycopy(seed, 0, bytes, 0, bytes.length);
          }
        });
  }

  /** The identity with this number. */
  public static Identity of(long number) {
    byte[] seed = new byte[32];
    new Random(number).nextBytes(seed);
    return ofSeed(seed);
  }
}
