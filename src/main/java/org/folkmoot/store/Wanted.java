package org.folkmoot.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a pull is after.
 *
 * @param name what it will be called
 * @param sha256 the hash it must have; null if nobody promised one
 * @param size the exact length; -1 if nobody knows
 * @param licence for the manifest
 * @param hashOrigin who promised the hash, or will have
 * @param sources where to try, in this order
 */
record Wanted(
    String name,
    @Nullable String sha256,
    long size,
    String licence,
    HashOrigin hashOrigin,
    List<Source> sources) {
  /** A size that nobody knows. */
  static final long UNKNOWN_SIZE = -1;

  /** One name for everything on disk that belongs to this pull: the content's, where known. */
  String key() {
    return sha256 != null ? sha256 : Sha256.ofText(sources.getFirst().label());
  }

  /** The same, held to what an earlier pull saw. */
  Wanted pinnedTo(StoredModel seen) {
    return new Wanted(name, seen.sha256(), seen.size(), licence, hashOrigin, sources);
  }
}
