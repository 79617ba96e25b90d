package org.folkmoot.kernel.machine;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Memory straight from the system: zeroed, and not there before it is touched. */
public final class SystemMemory {
  // As <sys/mman.h> of Linux has it.
  private static final int HUGE_PAGES = 14;
  private static final int NO_HUGE_PAGES = 15;
  private static final int POPULATE_READ = 22;
  private static final long LARGE_PAGE = 2L << 20;

  /** What Linux says of each mapping, and the line about large pages of a file. */
  private static final Path MAPS = Path.of("/proc/self/smaps");

  private static final String LARGE = "FilePmdMapped:";

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
    if (!isLinux()) {
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

  /**
   * Has a mapped file's pages read, large ones where the file system has them (Linux from 5.14, for
   * files as they are kept by ext4, XFS and others from 6.x).
   *
   * @return false if the system did not do it, for whatever reason
   */
  public static boolean load(MemorySegment mapped) {
    if (!isLinux()) {
      return false;
    }
    try {
      int _ =
          (int) SystemCalls.MADVISE.invokeExact(mapped.address(), mapped.byteSize(), HUGE_PAGES);
      return (int)
              SystemCalls.MADVISE.invokeExact(mapped.address(), mapped.byteSize(), POPULATE_READ)
          == 0;
    } catch (Throwable refused) { // no such function, no native access
      return false;
    }
  }

  /** How many bytes of a mapped file are in large pages, as far as the system tells. */
  public static long largePages(MemorySegment mapped) {
    String start = Long.toHexString(mapped.address()) + "-";
    boolean inside = false;
    try (BufferedReader maps = Files.newBufferedReader(MAPS)) {
      for (String line = maps.readLine(); line != null; line = maps.readLine()) {
        if (line.startsWith(start)) {
          inside = true;
        } else if (inside && line.startsWith(LARGE)) {
          return Long.parseLong(line.substring(LARGE.length()).replace("kB", "").strip()) << 10;
        }
      }
    } catch (IOException | NumberFormatException unknown) {
      return 0;
    }
    return 0;
  }

  static boolean isLinux() {
    return System.getProperty("os.name", "").equals("Linux");
  }

  private static void unmap(long start, long size) {
    try {
      int _ = (int) SystemCalls.MUNMAP.invokeExact(start, size);
    } catch (Throwable impossible) {
      throw new IllegalStateException("memory cannot be given back", impossible);
    }
  }
}
