package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.VectorOp.VPBROADCASTD;
import static org.folkmoot.kernel.machine.VectorOp.VPERM2I128;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFD;
import static org.folkmoot.kernel.machine.VectorOp.VSHUFI32X4;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;
import org.folkmoot.kernel.machine.VectorOp.Width;

/** What kernels are made of: whole vectors of a tier. */
final class VectorCode {
  private final Tier tier;
  private final Width width;
  private final Assembler code;

  /** Vectors of 16 numbers. */
  VectorCode() {
    this(Tier.AVX512_VNNI);
  }

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
