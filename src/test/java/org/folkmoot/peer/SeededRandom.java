package org.folkmoot.peer;

import java.security.SecureRandom;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Randomness that is the same in every run: for keys of tests. */
public final class SeededRandom extends SecureRandom {
  private static final long serialVersionUID = 1L;

  private final transient RandomGenerator numbers;

  /** Numbers that follow from a seed. */
  public SeededRandom(long seed) {
    numbers = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /** The identity that follows from a seed. */
  public static Identity identity(long seed) {
    return Identity.random(new SeededRandom(seed));
  }

  @Override
  public void nextBytes(byte[] bytes) {
    numbers.nextBytes(bytes);
  }
}
