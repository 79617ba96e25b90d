package org.folkmoot.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
import jdk.incubator.vector.IntVector;

/** Measures how fast this machine reads memory: the roof over every decode speed. */
public final class ReadBandwidth {
  /** Larger than any last-level cache of today. */
  private static final long BYTES = 512L << 20;

  private static final int PIECE = 1 << 20;

  private ReadBandwidth() {}

  /** The best of some rounds, in bytes per second. */
  public static double measure(WorkerPool pool, int rounds, LongSupplier nanoTime) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = NativeMemory.allocate(arena, BYTES);
      memory.fill((byte) 1);
      int[] sums = new int[pool.workers() * 64];
      double best = 0;
      for (int round = 0; round < rounds; round++) {
        long start = nanoTime.getAsLong();
        pool.run(
            (int) (BYTES / PIECE),
            4,
            (from, to, worker) -> {
              for (int i = from; i < to; i++) {
                sums[worker * 64] += sum(memory.asSlice((long) i * PIECE, PIECE));
              }
            });
        best = Math.max(best, BYTES / ((nanoTime.getAsLong() - start) / 1e9));
      }
      if (sums[0] == 0) {
        throw new IllegalStateException("nothing was read");
      }
      return best;
    }
  }

  private static int sum(MemorySegment memory) {
    IntVector a = IntVector.zero(Lanes.I);
    IntVector b = IntVector.zero(Lanes.I);
    IntVector c = IntVector.zero(Lanes.I);
    IntVector d = IntVector.zero(Lanes.I);
    for (int i = 0; i < PIECE; i += 4 * Lanes.BYTES) {
      a = a.add(IntVector.fromMemorySegment(Lanes.I, memory, i, Lanes.ORDER));
      b = b.add(IntVector.fromMemorySegment(Lanes.I, memory, i + Lanes.BYTES, Lanes.ORDER));
      c = c.add(IntVector.fromMemorySegment(Lanes.I, memory, i + 2L * Lanes.BYTES, Lanes.ORDER));
      d = d.add(IntVector.fromMemorySegment(Lanes.I, memory, i + 3L * Lanes.BYTES, Lanes.ORDER));
    }
    int[] lanes = new int[Lanes.INTS];
    a.add(b).add(c.add(d)).intoArray(lanes, 0);
    int sum = 0;
    for (int lane : lanes) {
      sum += lane;
    }
    return sum;
  }
}
