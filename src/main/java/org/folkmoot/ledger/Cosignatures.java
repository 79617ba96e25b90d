package org.folkmoot.ledger;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.SignedNote;

/**
 * Which cosignatures of a head are kept: of each witness the earliest, and of the witnesses those
 * whose word counts here, then the earliest. Whoever has heard the same keeps the same, whatever
 * the order in which it came.
 */
final class Cosignatures {
  /** A note's own signature takes one line. */
  static final int MOST = SignedNote.MAX_LINES - 1;

  private static final Comparator<SignedNote.Line> EARLIEST =
      Comparator.comparingLong(Cosignatures::seconds)
          .thenComparing(SignedNote.Line::name)
          .thenComparingInt(SignedNote.Line::keyId)
          .thenComparing(SignedNote.Line::signature, Arrays::compareUnsigned);

  private record Key(String name, int id) {}

  private Cosignatures() {}

  private static long seconds(SignedNote.Line line) {
    return Cosignature.seconds(line).orElse(Long.MAX_VALUE);
  }

  /**
   * Those that are kept of some.
   *
   * @param first names of witnesses whose word counts here: no stranger takes a place of theirs
   */
  static List<SignedNote.Line> kept(
      Collection<SignedNote.Line> some, Collection<SignedNote.Line> more, Set<String> first) {
    List<SignedNote.Line> all = new ArrayList<>(some);
    all.addAll(more);
    all.sort(
        Comparator.<SignedNote.Line, Boolean>comparing(line -> !first.contains(line.name()))
            .thenComparing(EARLIEST));
    Map<Key, SignedNote.Line> kept = new LinkedHashMap<>();
    all.forEach(line -> kept.putIfAbsent(new Key(line.name(), line.keyId()), line));
    return kept.values().stream().limit(MOST).toList();
  }

  /** Tells sets apart: that of two sets that have nothing in common is the sum of theirs. */
  static long mark(Collection<SignedNote.Line> lines) {
    long mark = 0;
    for (SignedNote.Line line : lines) {
      mark += ByteBuffer.wrap(Hash32.sha256(line.signature()).bytes()).getLong();
    }
    return mark;
  }
}
