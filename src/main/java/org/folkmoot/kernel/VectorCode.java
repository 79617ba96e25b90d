package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFD;
import static org.folkmoot.kernel.machine.VectorOp.VSHUFI32X4;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.VectorOp;

/** What kernels of vectors of 16 numbers are made of. */
final class VectorCode {
  private final Assembler code = new Assembler();

  Assembler code() {
    return code;
  }

  /** A number in every lane. Uses {@code rax}. */
  void constant(int to, int bits) {
    code.mov(RAX, bits);
    code.broadcast(W512, to, RAX);
  }

  /** A number in every lane. Uses {@code rax}. */
  void constant(int to, float value) {
    constant(to, Float.floatToRawIntBits(value));
  }

  /** {@code to = op(x, y)}. */
  void op(VectorOp op, int to, int x, int y) {
    code.vector(op, W512, to, x, y);
  }

  /** Every lane gets what {@code op} makes of all, pairwise: lane i with i + 8, then 4, 2, 1. */
  void overLanes(VectorOp op, int x, int spare) {
    code.vector(VSHUFI32X4, W512, spare, x, x, 0x4e);
    op(op, x, x, spare);
    code.vector(VSHUFI32X4, W512, spare, x, x, 0xb1);
    op(op, x, x, spare);
    code.vector(VPSHUFD, W512, spare, 0, x, 0x4e);
    op(op, x, x, spare);
    code.vector(VPSHUFD, W512, spare, 0, x, 0xb1);
    op(op, x, x, spare);
  }
}
