package org.folkmoot.kernel.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
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

  /** A cache line, so that loops begin where they did when they were measured. */
  private static final int ALIGNMENT = 64;

  private final MemorySegment address;

  private MachineCode(MemorySegment address) {
    this.address = address;
  }

  /** Makes some code callable, or nothing if this system or processor is not the one for it. */
  public static Optional<MachineCode> of(byte[] code) {
    return isSupported() ? CodeMemory.of(code).map(MachineCode::new) : Optional.empty();
  }

  /** Makes some functions callable that share their memory, in their order. */
  public static Optional<List<MachineCode>> all(List<byte[]> functions) {
    int length = 0;
    for (byte[] function : functions) {
      length = aligned(length + function.length);
    }
    byte[] code = new byte[length];
    int[] starts = new int[functions.size()];
    int end = 0;
    for (int i = 0; i < starts.length; i++) {
      starts[i] = end;
      System.arraycopy(functions.get(i), 0, code, end, functions.get(i).length);
      end = aligned(end + functions.get(i).length);
    }
    return of(code)
        .map(first -> {
          List<MachineCode> all = new ArrayList<>();
          for (int start : starts) {
            all.add(new MachineCode(MemorySegment.ofAddress(first.address.address() + start)));
          }
          return all;
        });
  }

  private static int aligned(int length) {
    return (length + ALIGNMENT - 1) & -ALIGNMENT;
  }

  private static boolean isSupported() {
    return SystemMemory.isLinux() && System.getProperty("os.arch", "").equals("amd64");
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
