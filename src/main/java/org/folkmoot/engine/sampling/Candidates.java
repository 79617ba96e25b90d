package org.folkmoot.engine.sampling;

/**
 * Token ids by (score descending, id ascending), sorted only as far as somebody looks: a binary
 * heap, from which the next are taken when they are asked for.
 */
public final class Candidates {
  private final float[] scores;
  private final int[] heap;
  private int inHeap;

  /** The ids {@code 0 <= id < length}. */
  public Candidates(float[] scores, int length) {
    this.scores = scores;
    this.heap = new int[length];
    this.inHeap = length;
    for (int i = 0; i < length; i++) {
      heap[i] = i;
    }
    for (int i = length / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  /** How many ids there are. */
  public int size() {
    return heap.length;
  }

  /** The id at a rank, 0 being the best. */
  public int at(int rank) {
    // Taken ids gather at the array's end, in order from there.
    while (heap.length - inHeap <= rank) {
      int best = heap[0];
      heap[0] = heap[--inHeap];
      heap[inHeap] = best;
      sink(0);
    }
    return heap[heap.length - 1 - rank];
  }

  private void sink(int from) {
    int at = from;
    while (true) {
      int best = at;
      int left = 2 * at + 1;
      if (left < inHeap && before(heap[left], heap[best])) {
        best = left;
      }
      if (left + 1 < inHeap && before(heap[left + 1], heap[best])) {
        best = left + 1;
      }
      if (best == at) {
        return;
      }
      int swap = heap[at];
      heap[at] = heap[best];
      heap[best] = swap;
      at = best;
    }
  }

  private boolean before(int a, int b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  }
}
