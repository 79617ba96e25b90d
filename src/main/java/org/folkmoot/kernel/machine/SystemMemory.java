package org.folkmoot.kernel.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Memory straight from the system: zeroed, and not there before it is touched. */
public final class SystemMemory {
  // As <sys/mman.h> of Linux has it.
  private static final int HUGE_PAGES = 14;
  private static final int NO_HUGE_PAGES = 15;
  private static final long LARGE_PAGE = 2L << 20;

  private SystemMemory() {}

  /**
   * Memory in large pages (2 MiB) where Linux lets a process ask for them. With small ones a walk
   * through 100 MB misses the translation cache 25,000 times, and on a virtual machine each of
   * these costs a walk of its own.
   *
   * @return memory that lives as long as the arena, or nothing where this is not how it is got
   */
  public static Optional<MemorySegment> large(Arena arena, long bytes) {
    return map(arena, bytes, HUGE_PAGES);
  }

  /**
   * Memory in small pages, of which no more is taken than is touched.
   *
   * @return memory that lives as long as the arena, or nothing where this is not how it is got
   */
  public static Optional<MemorySegment> sparse(Arena arena, long bytes) {
    return map(arena, bytes, NO_HUGE_PAGES);
  }

  private static Optional<MemorySegment> map(Arena arena, long bytes, int advice) {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return Optional.empty();
    }
    try {
      long size = bytes + LARGE_PAGE;
      long start =
          (long)
              SystemCalls.MMAP.invokeExact(
                  0L, size, SystemCalls.READ_WRITE, SystemCalls.PRIVATE_ANONYMOUS, -1, 0L);
      if (start == -1) {
        return Optional.empty();
      }
      long aligned = (start + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
      int _ = (int) SystemCalls.MADVISE.invokeExact(aligned, bytes, advice); // refused: any will do
      return Optional.of(
          MemorySegment.ofAddress(aligned).reinterpret(bytes, arena, _ -> unmap(start, size)));
    } catch (Throwable refused) { // no such function, no native access
      return Optional.empty();
    }
  }

  private static void unmap(long start, long size) {
    try {
      int _ = (int) SystemCalls.MUNMAP.invokeExact(start, size);
    } catch (Throwable impossible) {
      throw new IllegalStateException("memory cannot be given back", impossible);
    }
  }
}
