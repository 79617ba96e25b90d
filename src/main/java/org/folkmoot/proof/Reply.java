package org.folkmoot.proof;

import java.util.List;
import org.folkmoot.base.Hash32;

/** What a peer answers to a {@link Question}. */
public sealed interface Reply {
  /** Hashes in an answer: as many as a stage has operators at most. */
  int MAX_HASHES = Question.MAX_OPERATORS;

  /** Hashes beside some leaves: two for each level of the largest tree. */
  int MAX_BESIDE = 2 * 21;

  /** Sources of an operator: what each head has read. */
  int MAX_SOURCES = 4096;

  /**
   * Bytes of all rows of an opening: it fits a frame between peers, and holds one head's past of
   * 16,000 positions with 128 dimensions.
   */
  int MAX_ROW_BYTES = 8_000_000;

  /** Roots, subtrees or rows' hashes. */
  record Hashes(List<Hash32> hashes) implements Reply {
    /** Copies. */
    public Hashes {
      hashes = List.copyOf(hashes);
      if (hashes.size() > MAX_HASHES) {
        throw new IllegalArgumentException(hashes.size() + " hashes");
      }
    }
  }

  /**
   * An operator's inputs.
   *
   * @param sources in the operator's order
   */
  record Opened(List<Source> sources) implements Reply {
    /** Copies. */
    public Opened {
      sources = List.copyOf(sources);
      if (sources.size() > MAX_SOURCES
          || sources.stream().mapToLong(source -> source.rows.length).sum() > MAX_ROW_BYTES) {
        throw new IllegalArgumentException("an opening out of bounds");
      }
    }
  }

  /**
   * Rows of neighbouring positions.
   *
   * @param rows one after the other
   * @param beside the hashes of the subtrees beside them, from left to right
   */
  record Source(byte[] rows, List<Hash32> beside) {
    /** Copies the list; the rows are the caller's promise not to change them. */
    public Source {
      beside = List.copyOf(beside);
      if (beside.size() > MAX_BESIDE) {
        throw new IllegalArgumentException(beside.size() + " hashes beside");
      }
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Source(byte[] otherRows, List<Hash32> otherBeside)
          && java.util.Arrays.equals(rows, otherRows)
          && beside.equals(otherBeside);
    }

    @Override
    public int hashCode() {
      return 31 * java.util.Arrays.hashCode(rows) + beside.hashCode();
    }
  }
}
