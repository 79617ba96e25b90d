package org.folkmoot.kernel.machine;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Memory that holds machine code: written first, then made executable, never both. It is kept until
 * the process ends, since nobody can tell when the last thread has left it.
 */
final class CodeMemory {
  // As <sys/mman.h> of Linux on x86-64 has them.
  private static final int READ_EXECUTE = 1 | 4;
  private static final long PAGE = 4096;

  private CodeMemory() {}

  /** The address of a copy of this code that can be called, or nothing if the system refuses. */
  static Optional<MemorySegment> of(byte[] code) {
    try {
      long size = (code.length + PAGE - 1) / PAGE * PAGE;
      long start =
          (long)
              SystemCalls.MMAP.invokeExact(
                  0L, size, SystemCalls.READ_WRITE, SystemCalls.PRIVATE_ANONYMOUS, -1, 0L);
      if (start == -1) {
        return Optional.empty();
      }
      MemorySegment memory = MemorySegment.ofAddress(start);
      MemorySegment.copy(MemorySegment.ofArray(code), 0, memory.reinterpret(size), 0, code.length);
      int refused = (int) SystemCalls.MPROTECT.invokeExact(start, size, READ_EXECUTE);
      return refused == 0 ? Optional.of(memory) : Optional.empty();
    } catch (Throwable refused) { // no such function, no native access: then there is no code
      return Optional.empty();
    }
  }
}
