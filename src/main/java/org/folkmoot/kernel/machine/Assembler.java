package org.folkmoot.kernel.machine;

import java.util.Arrays;

/**
 * Encodes x86-64 instructions (Intel's manual, volume 2, chapters 2.3, 2.7 and 3 to 5), no more of
 * them than the kernels use. General registers are those of {@link Gpr}, vector registers numbers
 * from 0 to 31, or to 15 in {@link Encoding#VEX}. {@link VectorOp} says what vector instructions
 * there are.
 */
public final class Assembler {
  /** General registers by their numbers in machine code. */
  public enum Gpr {
    RAX(0),
    RCX(1),
    RDX(2),
    RBX(3),
    RSP(4),
    RBP(5),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11),
    R12(12),
    R13(13),
    R14(14),
    R15(15);

    private final int number;

    Gpr(int number) {
      this.number = number;
    }
  }

  /** How vector instructions are encoded. */
  public enum Encoding {
    /** AVX-512: 32 registers of up to 512 bits, mask registers, one number of memory for all. */
    EVEX,
    /** AVX and AVX2: 16 registers of up to 256 bits, and none of these. */
    VEX
  }

  /**
   * Memory at {@code [base + displacement]}, or for gathers {@code [base + index + displacement]}.
   *
   * @param index a vector register of offsets in bytes, or -1
   */
  public record Memory(Gpr base, int index, int displacement) {
    /** {@code [base + displacement]}. */
    public static Memory at(Gpr base, int displacement) {
      return new Memory(base, -1, displacement);
    }
  }

  private final Encoding encoding;
  private byte[] code = new byte[4096];
  private int length;

  /** An assembler of AVX-512. */
  public Assembler() {
    this(Encoding.EVEX);
  }

  /** An assembler of what an encoding has. */
  public Assembler(Encoding encoding) {
    this.encoding = encoding;
  }

  /** What has been assembled so far. */
  public byte[] code() {
    return Arrays.copyOf(code, length);
  }

  /** The place of the next instruction, for a jump back to it. */
  public int here() {
    return length;
  }

  private void put(int value) {
    if (length == code.length) {
      code = Arrays.copyOf(code, 2 * length);
    }
    code[length++] = (byte) value;
  }

  private void put32(int value) {
    for (int shift = 0; shift < 32; shift += 8) {
      put(value >>> shift);
    }
  }

  // General registers, all 64 bits wide.

  private void rex(int reg, int rm) {
    put(0x48 | ((reg >> 3) << 2) | (rm >> 3));
  }

  /** ModRM of two registers, or of a digit and a register. */
  private void direct(int reg, int rm) {
    put(0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  private void registers(int opcode, int reg, int rm) {
    rex(reg, rm);
    put(opcode);
    direct(reg, rm);
  }

  /** {@code to = from}. */
  public void mov(Gpr to, Gpr from) {
    registers(0x89, from.number, to.number);
  }

  /** {@code to = value}. */
  public void mov(Gpr to, int value) {
    rex(0, to.number);
    put(0xc7);
    direct(0, to.number);
    put32(value);
  }

  /** {@code to += by}. */
  public void add(Gpr to, Gpr by) {
    registers(0x01, by.number, to.number);
  }

  /** {@code to += by}. */
  public void add(Gpr to, int by) {
    rex(0, to.number);
    put(0x81);
    direct(0, to.number);
    put32(by);
  }

  /** {@code to -= by}, and sets the zero flag. */
  public void sub(Gpr to, int by) {
    rex(0, to.number);
    put(0x81);
    direct(5, to.number);
    put32(by);
  }

  /** {@code to &= with}, whose sign is extended. */
  public void and(Gpr to, int with) {
    rex(0, to.number);
    put(0x81);
    direct(4, to.number);
    put32(with);
  }

  /** {@code to >>>= by}. */
  public void shr(Gpr to, int by) {
    rex(0, to.number);
    put(0xc1);
    direct(5, to.number);
    put(by);
  }

  /** {@code to |= from}. */
  public void or(Gpr to, Gpr from) {
    registers(0x09, from.number, to.number);
  }

  /** The lower 32 bits of {@code to} alone. */
  public void keep32(Gpr to) {
    int n = to.number;
    if (n >= 8) {
      put(0x45);
    }
    put(0x89);
    direct(n, n);
  }

  /** {@code to = from * factor}. */
  public void imul(Gpr to, Gpr from, int factor) {
    rex(to.number, from.number);
    put(0x69);
    direct(to.number, from.number);
    put32(factor);
  }

  /** Sets the zero flag if {@code a} is zero. */
  public void test(Gpr a) {
    registers(0x85, a.number, a.number);
  }

  /** Saves a register on the stack. */
  public void push(Gpr register) {
    if (register.number >= 8) {
      put(0x41);
    }
    put(0x50 | (register.number & 7));
  }

  /** Takes it back. */
  public void pop(Gpr register) {
    if (register.number >= 8) {
      put(0x41);
    }
    put(0x58 | (register.number & 7));
  }

  /** {@code to = [from]}, 64 bits. */
  public void load(Gpr to, Memory from) {
    rex(to.number, from.base().number);
    put(0x8b);
    operand(to.number, from, 1);
  }

  /** {@code [to] = from}, 64 bits. */
  public void store(Memory to, Gpr from) {
    rex(from.number, to.base().number);
    put(0x89);
    operand(from.number, to, 1);
  }

  /** {@code [to] = from}, 32 bits. */
  public void store32(Memory to, Gpr from) {
    int extension = ((from.number >> 3) << 2) | (to.base().number >> 3);
    if (extension != 0) {
      put(0x40 | extension);
    }
    put(0x89);
    operand(from.number, to, 1);
  }

  /** Asks for a cache line. */
  public void prefetch(Memory at) {
    if (at.base().number >= 8) {
      put(0x41);
    }
    put(0x0f);
    put(0x18);
    operand(1, at, 1);
  }

  /** Jumps back to {@code target} unless the zero flag is set. */
  public void jumpIfNotZero(int target) {
    put(0x0f);
    put(0x85);
    put32(target - (length + 4));
  }

  /** Jumps to where {@link #land} will be called with the result, if the zero flag is set. */
  public int jumpIfZero() {
    put(0x0f);
    put(0x84);
    put32(0);
    return length;
  }

  /** The end of a jump. */
  public void land(int jump) {
    int distance = length - jump;
    for (int i = 0; i < 4; i++) {
      code[jump - 4 + i] = (byte) (distance >>> (8 * i));
    }
  }

  /** Asks the processor what it is: {@code rax, rbx, rcx, rdx} by {@code rax, rcx}. */
  public void cpuid() {
    put(0x0f);
    put(0xa2);
  }

  /** {@code rdx:rax} gets the states of registers that the system saves. */
  public void xgetbv() {
    put(0x0f);
    put(0x01);
    put(0xd0);
  }

  /** Returns. */
  public void ret() {
    put(0xc3);
  }

  // Vector registers.

  /** Clears the upper parts of the first 16 vector registers: older code is slow with them. */
  public void vzeroupper() {
    put(0xc5);
    put(0xf8);
    put(0x77);
  }

  /** A mask register gets the lower 16 bits of a general one. */
  public void kmov(int mask, Gpr from) {
    if (from.number >= 8) {
      put(0xc4);
      put(0xc1);
      put(0x78);
    } else {
      put(0xc5);
      put(0xf8);
    }
    put(0x92);
    direct(mask, from.number);
  }

  /** The 16 bits of a mask register. */
  public void kmov(Gpr to, int mask) {
    put(0xc5);
    put(to.number >= 8 ? 0x78 : 0xf8);
    put(0x93);
    direct(to.number, mask);
  }

  /** {@code to = from}, mask registers. */
  public void kmov(int to, int from) {
    put(0xc5);
    put(0xf8);
    put(0x90);
    direct(to, from);
  }

  /** {@code to |= with}, mask registers. */
  public void kor(int to, int with) {
    put(0xc5);
    put(0x84 | ((15 - to) << 3));
    put(0x45);
    direct(to, with);
  }

  /** A vector gets the lower 32 bits of a general register in every lane. */
  public void broadcast(VectorOp.Width width, int to, Gpr from) {
    if (encoding == Encoding.VEX) {
      prefix(VectorOp.VMOVD, VectorOp.Width.W128, to, 0, from.number, 0, false);
      direct(to, from.number);
      vector(VectorOp.VPBROADCASTD, width, to, 0, to);
      return;
    }
    prefix(VectorOp.VPBROADCASTD_GPR, width, to, 0, from.number, 0, false);
    direct(to, from.number);
  }

  /** The first lane of a vector register. */
  public void first(Gpr to, int from) {
    prefix(VectorOp.VMOVD_GPR, VectorOp.Width.W128, from, 0, to.number, 0, false);
    direct(from, to.number);
  }

  /** {@code to = op(a, b)}, all registers; {@code a} is 0 where an instruction has no such. */
  public void vector(VectorOp op, VectorOp.Width width, int to, int a, int b) {
    masked(op, width, 0, to, a, b);
  }

  /** The same in those lanes only that a mask register names. */
  public void masked(VectorOp op, VectorOp.Width width, int mask, int to, int a, int b) {
    prefix(op, width, to, a, b, mask, false);
    direct(to, b);
  }

  /** {@code to = op(a, b, immediate)}. */
  public void vector(VectorOp op, VectorOp.Width width, int to, int a, int b, int immediate) {
    if (op.digit() >= 0) {
      prefix(op, width, op.digit(), to, b, 0, false);
      direct(op.digit(), b);
    } else {
      vector(op, width, to, a, b);
    }
    put(immediate);
  }

  /** {@code to = op([memory], immediate)}, an instruction whose opcode has a digit. */
  public void vector(VectorOp op, VectorOp.Width width, int to, Memory b, int immediate) {
    memoryPrefix(op, width, op.digit(), to, b, 0, false);
    operand(op.digit(), b, unit(op, width));
    put(immediate);
  }

  /** {@code to = op(a, [memory])}; a store writes {@code to} into memory. */
  public void vector(VectorOp op, VectorOp.Width width, int to, int a, Memory b) {
    masked(op, width, 0, to, a, b);
  }

  /** The same in those lanes only that a mask register names. */
  public void masked(VectorOp op, VectorOp.Width width, int mask, int to, int a, Memory b) {
    memoryPrefix(op, width, to, a, b, mask, false);
    operand(to, b, unit(op, width));
  }

  /** {@code to = op(a, [memory], immediate)}. */
  public void vector(VectorOp op, VectorOp.Width width, int to, int a, Memory b, int immediate) {
    vector(op, width, to, a, b);
    put(immediate);
  }

  /** {@code to = op(a, x)} where {@code x} is four bytes of memory in every lane. */
  public void broadcast(VectorOp op, VectorOp.Width width, int to, int a, Memory b) {
    memoryPrefix(op, width, to, a, b, 0, true);
    operand(to, b, 4);
  }

  /** {@code to = op(x, immediate)} where {@code x} is four bytes of memory in every lane. */
  public void broadcast(VectorOp op, VectorOp.Width width, int to, Memory b, int immediate) {
    memoryPrefix(op, width, op.digit(), to, b, 0, true);
    operand(op.digit(), b, 4);
    put(immediate);
  }

  /** What an eight-bit displacement counts. */
  private int unit(VectorOp op, VectorOp.Width width) {
    return encoding == Encoding.VEX ? 1 : op.memoryBytes(width);
  }

  private void memoryPrefix(
      VectorOp op, VectorOp.Width width, int reg, int second, Memory b, int mask, boolean every) {
    int base = b.base().number;
    if (b.index() < 0) {
      prefix(op, width, reg, second, base, mask, every);
    } else if (encoding == Encoding.VEX) { // a gather's mask is its second operand
      prefix(op, width, reg, second, base | (b.index() & 8) << 1, mask, every);
    } else { // its index takes the place of the second operand's fifth bit, and of X
      prefix(op, width, reg, b.index() & 16, base | (b.index() & 8) << 1, mask, every);
    }
  }

  private void prefix(
      VectorOp op, VectorOp.Width width, int reg, int second, int rm, int mask, boolean every) {
    if (encoding == Encoding.EVEX) {
      evex(op, width, reg, second, rm, mask, every);
    } else if (((reg | second) & 16) != 0 || mask != 0 || every || width == VectorOp.Width.W512) {
      throw new IllegalArgumentException(op + " is not in AVX2");
    } else {
      vex(op, width, reg, second, rm);
    }
  }

  /** The prefix and the opcode; the fifth bit of {@code rm} goes to X. */
  private void vex(VectorOp op, VectorOp.Width width, int reg, int second, int rm) {
    int last = ((~second & 15) << 3) | (width.bits() << 2) | op.prefix();
    if ((rm & 24) == 0 && op.map() == 1 && op.wide() == 0) {
      put(0xc5);
      put(((~reg & 8) << 4) | last);
    } else {
      put(0xc4);
      put(((~reg & 8) << 4) | ((~rm & 24) << 2) | op.map());
      put((op.wide() << 7) | last);
    }
    put(op.opcode());
  }

  /**
   * The prefix and the opcode.
   *
   * @param rm the other register, or a base register; the fifth bit goes to X
   */
  private void evex(
      VectorOp op, VectorOp.Width width, int reg, int second, int rm, int mask, boolean every) {
    put(0x62);
    put(((~reg & 8) << 4) | ((~rm & 24) << 2) | (~reg & 16) | op.map());
    put((op.wide() << 7) | ((~second & 15) << 3) | 4 | op.prefix());
    put((width.bits() << 5) | (every ? 16 : 0) | ((~second & 16) >> 1) | mask);
    put(op.opcode());
  }

  /** ModRM, SIB and displacement; {@code scale} is what an eight-bit displacement counts. */
  private void operand(int reg, Memory memory, int scale) {
    int base = memory.base().number;
    boolean sib = memory.index() >= 0 || (base & 7) == 4;
    int displacement = memory.displacement();
    boolean small =
        displacement % scale == 0
            && displacement / scale >= Byte.MIN_VALUE
            && displacement / scale <= Byte.MAX_VALUE;
    boolean none = displacement == 0 && (base & 7) != 5;
    int mode = none ? 0 : small ? 1 : 2;
    put((mode << 6) | ((reg & 7) << 3) | (sib ? 4 : base & 7));
    if (sib) {
      put(((memory.index() >= 0 ? memory.index() & 7 : 4) << 3) | (base & 7));
    }
    if (mode == 1) {
      put(displacement / scale);
    } else if (mode == 2) {
      put32(displacement);
    }
  }
}
