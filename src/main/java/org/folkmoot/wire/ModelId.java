package org.folkmoot.wire;

import org.folkmoot.base.Hash32;

/** Which model: the SHA-256 of its file. */
public record ModelId(Hash32 sha256) implements Comparable<ModelId> {
  @Override
  public int compareTo(ModelId other) {
    return sha256.compareTo(other.sha256);
  }

  @Override
  public String toString() {
    return sha256.toString();
  }
}
