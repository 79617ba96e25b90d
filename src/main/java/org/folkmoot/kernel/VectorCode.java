package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSP;
import static org.folkmoot.kernel.machine.VectorOp.VPBROADCASTD;
import static org.folkmoot.kernel.machine.VectorOp.VPERM2I128;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLVD;
import static org.folkmoot.kernel.machine.VectorOp.VSHUFI32X4;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Gpr;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;
import org.folkmoot.kernel.machine.VectorOp.Width;

/** What kernels are made of: whole vectors of a tier. */
final class VectorCode {
  private final Tier tier;
  private final Width width;
  private final Assembler code;

  VectorCode(Tier tier) {
    this.tier = tier;
    this.width = tier.width();
    this.code = new Assembler(tier.encoding());
  }

  Assembler code() {
    return code;
  }

  Width width() {
    return width;
  }

  /** A number in every lane. Uses {@code rax}. */
  void constant(int to, int bits) {
    code.mov(RAX, bits);
    code.broadcast(width, to, RAX);
  }

  /** A number in every lane. Uses {@code rax}. */
  void constant(int to, float value) {
    constant(to, Float.floatToRawIntBits(value));
  }

  /** {@code to = op(x, y)}. */
  void op(VectorOp op, int to, int x, int y) {
    code.vector(op, width, to, x, y);
  }

  /** {@code to = op(x, y, immediate)}; {@code x} is 0 where an instruction has no such. */
  void op(VectorOp op, int to, int x, int y, int immediate) {
    code.vector(op, width, to, x, y, immediate);
  }

  /** {@code to = op(x, [memory])}. */
  void op(VectorOp op, int to, int x, Memory y) {
    code.vector(op, width, to, x, y);
  }

  /** Vectors that sixteen numbers take: sem/1 has sixteen lanes, whatever a machine has. */
  int vectors() {
    return 16 / tier.lanes();
  }

  /** Whether lanes can be masked by registers, and one number of memory be an operand for all. */
  boolean hasMasks() {
    return tier.hasMasks();
  }

  /** {@code to = op(x, number)} with four bytes of memory for every lane. */
  void every(VectorOp op, int to, int x, Memory number, int spare) {
    if (hasMasks()) {
      code.broadcast(op, width, to, x, number);
    } else {
      every(spare, number);
      op(op, to, x, spare);
    }
  }

  /**
   * Signs that are the lowest sixteen bits of a register, in two vectors, for where there are no
   * masks. Uses {@code rax} and what lies below the stack's end.
   */
  void signs(int low, int high, Gpr bits, int spare) {
    bytes(spare, 0x1c1d_1e1f, 0x1819_1a1b); // lane i is shifted left by 31 - i
    code.broadcast(width, high, bits);
    op(VPSLLVD, low, high, spare);
    bytes(spare, 0x1415_1617, 0x1011_1213);
    op(VPSLLVD, high, high, spare);
  }

  private void bytes(int to, int first, int second) {
    code.mov(RAX, first);
    code.store32(Memory.at(RSP, -8), RAX);
    code.mov(RAX, second);
    code.store32(Memory.at(RSP, -4), RAX);
    op(VPMOVZXBD, to, 0, Memory.at(RSP, -8));
  }

  /** Four bytes of memory in every lane. */
  void every(int to, Memory number) {
    code.vector(VPBROADCASTD, width, to, 0, number);
  }

  /** Every lane gets what {@code op} makes of all, pairwise: lane i with i + 8, then 4, 2, 1. */
  void overLanes(VectorOp op, int x, int spare) {
    if (tier.lanes() == 16) {
      code.vector(VSHUFI32X4, width, spare, x, x, 0x4e);
      op(op, x, x, spare);
      code.vector(VSHUFI32X4, width, spare, x, x, 0xb1);
    } else { // of eight lanes, from lane i with i + 4 on
      code.vector(VPERM2I128, width, spare, x, x, 1);
    }
    op(op, x, x, spare);
    code.vector(VPSHUFD, width, spare, 0, x, 0x4e);
    op(op, x, x, spare);
    code.vector(VPSHUFD, width, spare, 0, x, 0xb1);
    op(op, x, x, spare);
  }
}
