package org.folkmoot.kernel.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;

/**
 * What the system does for memory (POSIX {@code <sys/mman.h>}); addresses are numbers. Where a
 * function is missing, this class cannot be initialised.
 */
final class SystemCalls {
  // As Linux has them on x86-64 and AArch64.
  static final int READ_WRITE = 1 | 2;
  static final int PRIVATE_ANONYMOUS = 0x02 | 0x20;

  /** {@code mmap(address, bytes, protection, flags, file, offset)}: the address, or -1. */
  static final MethodHandle MMAP =
      function("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);

  /** {@code mprotect(address, bytes, protection)}. */
  static final MethodHandle MPROTECT =
      function("mprotect", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);

  /** {@code madvise(address, bytes, advice)}. */
  static final MethodHandle MADVISE = function("madvise", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);

  /** {@code munmap(address, bytes)}. */
  static final MethodHandle MUNMAP = function("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);

  private SystemCalls() {}

  private static MethodHandle function(
      String name, MemoryLayout result, MemoryLayout... parameters) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(result, parameters));
  }
}
