package org.folkmoot.kernel.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * A function in machine code. All have the same parameters, so that one method handle calls them
 * all: they find them in the registers {@code rdi, rsi, rdx, rcx, r8, r9} (System V's calling
 * convention), must keep {@code rbx, rbp, r12} to {@code r15}, and return {@code eax}.
 *
 * <p>Calls are "critical" in the linker's sense: they may be given arrays of the Java heap, and no
 * garbage collection begins before they return, so a call must be over within a fraction of a
 * millisecond.
 */
public final class MachineCode {
  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG),
              Linker.Option.critical(true));

  private final MemorySegment address;

  private MachineCode(MemorySegment address) {
    this.address = address;
  }

  /** Makes some code callable, or nothing if this system or processor is not the one for it. */
  public static Optional<MachineCode> of(byte[] code) {
    return isSupported() ? CodeMemory.of(code).map(MachineCode::new) : Optional.empty();
  }

  /** The function that begins {@code offset} bytes later. */
  public MachineCode at(int offset) {
    return new MachineCode(MemorySegment.ofAddress(address.address() + offset));
  }

  private static boolean isSupported() {
    return System.getProperty("os.name", "").equals("Linux")
        && System.getProperty("os.arch", "").equals("amd64");
  }

  /** Calls it. */
  public int call(MemorySegment a, MemorySegment b, MemorySegment c, long d, long e, long f) {
    try {
      return (int) CALL.invokeExact(address, a, b, c, d, e, f);
    } catch (Throwable broken) {
      throw new IllegalStateException(broken); // machine code throws nothing
    }
  }
}
