package org.folkmoot.engine.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.kernel.LargeMemory;

/** Where the matrices of a span lie, in the order in which they are loaded. */
sealed interface WeightMemory {
  /** Memory of the next matrix. */
  MemorySegment next(long bytes);

  /** Whether the weights are there already. */
  boolean isFilled();

  /** Memory of this process, to be filled. */
  final class Fresh implements WeightMemory {
    private final LargeMemory memory;
    private final List<MemorySegment> pieces = new ArrayList<>();

    Fresh(Arena arena) {
      this.memory = new LargeMemory(arena);
    }

    @Override
    public MemorySegment next(long bytes) {
      MemorySegment piece = memory.allocate(bytes);
      pieces.add(piece);
      return piece;
    }

    @Override
    public boolean isFilled() {
      return false;
    }

    /** All that was given out. */
    List<MemorySegment> pieces() {
      return List.copyOf(pieces);
    }
  }

  /** What an earlier process has repacked. */
  final class Kept implements WeightMemory {
    private final MemorySegment all;
    private long end;

    Kept(MemorySegment all) {
      this.all = all;
    }

    /**
     * {@inheritDoc}
     *
     * @throws UnfitWeights if there is no more
     */
    @Override
    public MemorySegment next(long bytes) {
      if (bytes > all.byteSize() - end) {
        throw new UnfitWeights();
      }
      MemorySegment piece = all.asSlice(end, bytes);
      end = PackedFile.aligned(end + bytes);
      return piece;
    }

    @Override
    public boolean isFilled() {
      return true;
    }

    /**
     * Checks that nothing is left.
     *
     * @throws UnfitWeights if there is
     */
    void requireEnd() {
      if (end != all.byteSize()) {
        throw new UnfitWeights();
      }
    }
  }

  /** What was kept is not what the model's file gives. */
  final class UnfitWeights extends RuntimeException {
    private static final long serialVersionUID = 1;
  }
}
