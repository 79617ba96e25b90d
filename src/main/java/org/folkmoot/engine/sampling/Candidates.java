package org.folkmoot.engine.sampling;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Token ids by (score descending, id ascending), sorted only as far as somebody looks: in tiers by
 * how near they come to the best, each a binary heap that is made when those before are used up. A
 * draw hardly ever looks beyond the first tier, which are some dozens of a vocabulary.
 */
public final class Candidates {
  /**
   * How near to the best each tier comes: at temperature 1, what is e⁻⁵ as likely or more, then
   * e⁻¹⁰, then all others.
   */
  private static final float[] TIERS = {5, 10, Float.POSITIVE_INFINITY};

  /** Ids for which a tier has room at first. */
  private static final int ROOM = 64;

  private final float[] scores;
  private final int length;
  private final float most;
  private final @Nullable Heap[] heaps = new @Nullable Heap[TIERS.length];

  /** The ids {@code 0 <= id < length}. */
  public Candidates(float[] scores, int length) {
    this(scores, length, most(scores, length));
  }

  /** The same where the highest score is known. */
  Candidates(float[] scores, int length, float most) {
    this.scores = scores;
    this.length = length;
    this.most = most;
  }

  private static float most(float[] scores, int length) {
    float most = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < length; i++) {
      most = Math.max(most, scores[i]);
    }
    return most;
  }

  private Heap heap(int tier) {
    Heap heap = heaps[tier];
    if (heap == null) {
      heap = new Heap(scores, tier == 0 ? first() : behind(tier));
      heaps[tier] = heap;
    }
    return heap;
  }

  /** Of the first tier nearly none are, so this is little more than a look at all scores. */
  private int[] first() {
    float cut = most - TIERS[0];
    int[] ids = new int[ROOM];
    int count = 0;
    for (int i = 0; i < length; i++) {
      if (scores[i] >= cut) {
        if (count == ids.length) {
          ids = Arrays.copyOf(ids, 2 * count);
        }
        ids[count++] = i;
      }
    }
    return Arrays.copyOf(ids, count);
  }

  /** What is no number is in the last tier. */
  private int[] behind(int tier) {
    float above = most - TIERS[tier - 1];
    float cut = most - TIERS[tier];
    boolean last = tier == TIERS.length - 1;
    int[] ids = new int[length];
    int count = 0;
    for (int i = 0; i < length; i++) {
      if (!(scores[i] >= above) && (last || scores[i] >= cut)) {
        ids[count++] = i;
      }
    }
    return Arrays.copyOf(ids, count);
  }

  /** How many ids there are. */
  public int size() {
    return length;
  }

  /** The id at a rank, 0 being the best. */
  public int at(int rank) {
    int before = 0;
    int tier = 0;
    while (rank - before >= heap(tier).size()) {
      before += heap(tier++).size();
    }
    return heap(tier).at(rank - before);
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
