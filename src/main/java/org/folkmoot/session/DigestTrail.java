package org.folkmoot.session;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.wire.PeerId;

/**
 * What hops stated about the hidden states at one boundary between layers. Whoever computes a
 * position again must state the same: the arithmetic leaves no room for anything else.
 */
final class DigestTrail {
  private static final int BYTES = 32;

  private record Entry(PeerId peer, byte[] digest) {}

  private final Map<Integer, Entry> entries = new HashMap<>();

  /**
   * Adds what a hop stated.
   *
   * @param digests of consecutive positions, 32 bytes each
   * @param before only positions before this one count
   * @return a peer that had stated something else
   */
  Optional<PeerId> add(PeerId peer, int position, byte[] digests, int before) {
    Optional<PeerId> other = Optional.empty();
    for (int i = 0; i < digests.length / BYTES && position + i < before; i++) {
      byte[] digest = Arrays.copyOfRange(digests, i * BYTES, (i + 1) * BYTES);
      Entry known = entries.putIfAbsent(position + i, new Entry(peer, digest));
      if (known != null && !Arrays.equals(known.digest, digest)) {
        other = Optional.of(known.peer);
      }
    }
    return other;
  }

  /** Forgets positions from here on: they will be computed with other tokens. */
  void truncate(int position) {
    entries.keySet().removeIf(at -> at >= position);
  }
}
