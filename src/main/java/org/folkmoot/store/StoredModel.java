package org.folkmoot.store;

import java.nio.file.Path;
import java.time.Instant;

/**
 * A model file on this machine.
 *
 * @param name what it is called here, for example {@code smollm2:135m}
 * @param path the file; read it, never write to it
 * @param sha256 the hash of its bytes, 64 small hexadecimal digits
 * @param size its length in bytes
 * @param licence an SPDX identifier or a licence's name; {@value #UNKNOWN_LICENCE} where nobody
 *     said
 * @param source where the bytes came from
 * @param pulledAt when they came; for a file used in place, when it was last changed
 * @param hashOrigin who vouches for the hash
 */
public record StoredModel(
    String name,
    Path path,
    String sha256,
    long size,
    String licence,
    String source,
    Instant pulledAt,
    HashOrigin hashOrigin) {
  /** The licence of a file that came without one. */
  public static final String UNKNOWN_LICENCE = "unknown";

  /** Checks the hash's form and the size. */
  public StoredModel {
    if (!Sha256.isHash(sha256)) {
      throw new IllegalArgumentException("not a SHA-256: " + sha256);
    }
    if (size < 0) {
      throw new IllegalArgumentException("a size below zero: " + size);
    }
  }
}
