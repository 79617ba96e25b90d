package org.folkmoot.kernel.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Memory that holds machine code: written first, then made executable, never both. It is kept until
 * the process ends, since nobody can tell when the last thread has left it.
 */
final class CodeMemory {
  // As <sys/mman.h> of Linux on x86-64 has them.
  private static final int READ_WRITE = 1 | 2;
  private static final int READ_EXECUTE = 1 | 4;
  private static final int PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final long PAGE = 4096;

  private CodeMemory() {}

  private static final class Calls {
    static final MethodHandle MMAP =
        function(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
    static final MethodHandle MPROTECT =
        function(
            "mprotect",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
    }
  }

  /** The address of a copy of this code that can be called, or nothing if the system refuses. */
  static Optional<MemorySegment> of(byte[] code) {
    try {
      long size = (code.length + PAGE - 1) / PAGE * PAGE;
      MemorySegment memory =
          (MemorySegment) Calls.MMAP.invokeExact(0L, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      if (memory.address() == -1) {
        return Optional.empty();
      }
      MemorySegment.copy(MemorySegment.ofArray(code), 0, memory.reinterpret(size), 0, code.length);
      int refused = (int) Calls.MPROTECT.invokeExact(memory.address(), size, READ_EXECUTE);
      return refused == 0 ? Optional.of(memory) : Optional.empty();
    } catch (Throwable refused) { // no such function, no native access: then there is no code
      return Optional.empty();
    }
  }
}
