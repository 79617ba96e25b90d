package org.folkmoot.engine.sampling;

import org.jspecify.annotations.Nullable;

/**
 * Token ids by (score descending, id ascending), sorted only as far as somebody looks: a binary
 * heap of the best, and one of the rest once those are used up. A draw hardly ever looks beyond the
 * best, which are some hundreds of a vocabulary.
 */
public final class Candidates {
  /** The best lie so near to the first: at temperature 1, what is e⁻¹⁰ as likely or more. */
  private static final float BEST = 10;

  private final float[] scores;
  private final int length;
  private final float cut;
  private final Heap best;
  private @Nullable Heap rest;

  /** The ids {@code 0 <= id < length}. */
  public Candidates(float[] scores, int length) {
    this.scores = scores;
    this.length = length;
    float most = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < length; i++) {
      most = Math.max(most, scores[i]);
    }
    cut = most - BEST;
    best = gather(true);
  }

  private boolean isBest(int id) {
    return scores[id] >= cut;
  }

  /** The ids on one side of the cut. */
  private Heap gather(boolean above) {
    int count = 0;
    for (int i = 0; i < length; i++) {
      count += isBest(i) == above ? 1 : 0;
    }
    int[] ids = new int[count];
    int at = 0;
    for (int i = 0; i < length; i++) {
      if (isBest(i) == above) {
        ids[at++] = i;
      }
    }
    return new Heap(scores, ids);
  }

  /** How many ids there are. */
  public int size() {
    return length;
  }

  /** The id at a rank, 0 being the best. */
  public int at(int rank) {
    if (rank < best.size()) {
      return best.at(rank);
    }
    Heap others = rest;
    if (others == null) {
      others = gather(false);
      rest = others;
    }
    return others.at(rank - best.size());
  }

  /** Some ids, of which the best is always at hand. */
  private static final class Heap {
    private final float[] scores;
    private final int[] heap;
    private int inHeap;

    Heap(float[] scores, int[] ids) {
      this.scores = scores;
      this.heap = ids;
      this.inHeap = ids.length;
      for (int i = inHeap / 2 - 1; i >= 0; i--) {
        sink(i);
      }
    }

    int size() {
      return heap.length;
    }

    int at(int rank) {
      // Taken ids gather at the array's end, in order from there.
      while (heap.length - inHeap <= rank) {
        int first = heap[0];
        heap[0] = heap[--inHeap];
        heap[inHeap] = first;
        sink(0);
      }
      return heap[heap.length - 1 - rank];
    }

    private void sink(int from) {
      int at = from;
      while (true) {
        int first = at;
        int left = 2 * at + 1;
        if (left < inHeap && precedes(heap[left], heap[first])) {
          first = left;
        }
        if (left + 1 < inHeap && precedes(heap[left + 1], heap[first])) {
          first = left + 1;
        }
        if (first == at) {
          return;
        }
        int swap = heap[at];
        heap[at] = heap[first];
        heap[first] = swap;
        at = first;
      }
    }

    private boolean precedes(int a, int b) {
      return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
    }
  }
}
