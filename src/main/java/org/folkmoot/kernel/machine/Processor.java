package org.folkmoot.kernel.machine;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R8;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** What this processor can do and its system lets it do, asked by {@code CPUID} itself. */
public final class Processor {
  private static final int OSXSAVE = 1 << 27;
  private static final int FMA = 1 << 12;
  private static final int F16C = 1 << 29;

  /** The states of XMM, YMM, mask registers and both parts of ZMM. */
  private static final int ALL_STATES = 0b1110_0110;

  /** The states of XMM and YMM. */
  private static final int YMM_STATES = 0b110;

  private static final int AVX2 = 1 << 5;

  /** AVX512F, DQ, BW and VL in {@code ebx} of leaf 7. */
  private static final int AVX512 = (1 << 16) | (1 << 17) | (1 << 30) | (1 << 31);

  private static final int AVX512_VNNI = 1 << 11;

  private Processor() {}

  /** Whether there are 512-bit vectors with byte products (AVX-512 VNNI), and FMA and F16C. */
  public static boolean hasAvx512Vnni() {
    return has(ALL_STATES, AVX512, AVX512_VNNI);
  }

  /** Whether there are 256-bit vectors of integers (AVX2), and FMA and F16C. */
  public static boolean hasAvx2() {
    return has(YMM_STATES, AVX2, 0);
  }

  /** Whether there are FMA and F16C, the system saves some states, and leaf 7 has some bits. */
  private static boolean has(int saved, int ebx, int ecx) {
    Optional<MachineCode> cpuid = MachineCode.of(cpuid());
    Optional<MachineCode> xgetbv = MachineCode.of(xgetbv());
    if (cpuid.isEmpty() || xgetbv.isEmpty()) {
      return false;
    }
    int[] first = ask(cpuid.get(), 1);
    if (ask(cpuid.get(), 0)[0] < 7 || (first[2] & OSXSAVE) == 0) {
      return false;
    }
    int states = ask(xgetbv.get(), 0)[0];
    int[] extended = ask(cpuid.get(), 7);
    return (states & saved) == saved
        && (first[2] & (FMA | F16C)) == (FMA | F16C)
        && (extended[1] & ebx) == ebx
        && (extended[2] & ecx) == ecx;
  }

  private static int[] ask(MachineCode question, int leaf) {
    int[] registers = new int[4];
    MemorySegment out = MemorySegment.ofArray(registers);
    question.call(out, out, out, leaf, 0, 0);
    return registers;
  }

  private static byte[] cpuid() {
    Assembler a = new Assembler();
    a.push(RBX);
    a.mov(RAX, RCX);
    a.mov(RCX, R8);
    a.cpuid();
    a.store32(Assembler.Memory.at(RDI, 0), RAX);
    a.store32(Assembler.Memory.at(RDI, 4), RBX);
    a.store32(Assembler.Memory.at(RDI, 8), RCX);
    a.store32(Assembler.Memory.at(RDI, 12), RDX);
    a.pop(RBX);
    a.ret();
    return a.code();
  }

  private static byte[] xgetbv() {
    Assembler a = new Assembler();
    a.xgetbv();
    a.store32(Assembler.Memory.at(RDI, 0), RAX);
    a.ret();
    return a.code();
  }
}
