package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R10;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R11;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R12;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R13;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R14;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R15;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R8;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R9;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBP;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSP;
import static org.folkmoot.kernel.machine.VectorOp.VMASKMOVPS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLVD;
import static org.folkmoot.kernel.machine.VectorOp.VPSUBD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Gpr;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;

/**
 * Rule 2's matrix product of one format for a fixed number of tokens, as machine code for {@link
 * Tier#AVX2}: the walk over tiles, panels, blocks and the four vectors of a tile's rows, whose sums
 * lie on the stack. {@link PairBlockCode} is what it does with a block. Its parameters are those of
 * {@link ProductCode}.
 */
final class PairProductCode {
  private static final int LANES = 8;
  private static final int VECTORS = PackedLayout.ROWS / LANES;
  private static final int VECTOR_BYTES = 4 * LANES;
  private static final Gpr[] SAVED = {RBX, RBP, R12, R13, R14, R15};

  private final VectorCode v = new VectorCode(Tier.AVX2);
  private final Assembler a = v.code();
  private final PackedLayout layout;
  private final int tokens;
  private final PairBlockCode block;

  // What lies on the stack.
  private final int rowMasks;
  private final int constants;
  private final int slots;
  private final int frame;

  PairProductCode(PackedLayout layout, TensorType type, int tokens) {
    this.layout = layout;
    this.tokens = tokens;
    this.rowMasks = VECTORS * tokens * VECTOR_BYTES;
    this.constants = rowMasks + VECTORS * VECTOR_BYTES;
    this.slots = constants + PairBlockCode.CONSTANTS * VECTOR_BYTES;
    this.frame = slots + 64;
    this.block = new PairBlockCode(v, layout, type, tokens, constants);
  }

  private Memory slot(int number) {
    return Memory.at(RSP, slots + 8 * number);
  }

  private Memory stackPointer() {
    return slot(0);
  }

  private Memory panelBase() {
    return slot(1);
  }

  private Memory panelCount() {
    return slot(2);
  }

  private Memory outputs() {
    return slot(3);
  }

  private Memory tilesLeft() {
    return slot(4);
  }

  /** Zero if all rows of the tiles count. */
  private Memory someRows() {
    return slot(5);
  }

  byte[] assemble() {
    for (Gpr saved : SAVED) {
      a.push(saved);
    }
    a.mov(RAX, RSP);
    a.add(RSP, -frame);
    a.and(RSP, -64); // a vector should not lie across cache lines
    a.store(stackPointer(), RAX);
    parameters();
    block.constants();
    int tile = a.here();
    a.load(RSI, panelBase());
    a.load(R13, panelCount());
    a.load(R15, outputs());
    int panel = a.here();
    panel();
    store();
    a.mov(RSI, R11);
    a.mov(R15, RAX);
    a.sub(R13, 1);
    a.jumpIfNotZero(panel);
    a.add(RDI, R10);
    a.load(RAX, outputs());
    a.add(RAX, 4 * PackedLayout.ROWS);
    a.store(outputs(), RAX);
    a.load(RAX, tilesLeft());
    a.sub(RAX, 1);
    a.store(tilesLeft(), RAX);
    a.jumpIfNotZero(tile);
    a.load(RSP, stackPointer());
    a.vzeroupper();
    a.mov(RAX, 0);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.code();
  }

  private void parameters() {
    a.store(panelBase(), RSI);
    a.store(outputs(), RDX);
    a.mov(RAX, RCX);
    a.shr(RAX, 32);
    rowMasks();
    a.add(RAX, 1);
    a.keep32(RAX);
    a.store(someRows(), RAX);
    a.keep32(RCX);
    a.store(tilesLeft(), RCX);
    a.mov(R14, R8);
    a.shr(R14, 32);
    a.keep32(R8);
    a.store(panelCount(), R8);
    a.imul(R10, R9, layout.superBytes());
  }

  /** A vector for each vector of rows, whose signs are the bits of {@code eax}. */
  private void rowMasks() {
    a.broadcast(v.width(), 0, RAX);
    a.mov(RDX, 0x1c1d_1e1f); // lane i is shifted left by 31 - i
    a.store32(Memory.at(RSP, rowMasks), RDX);
    a.mov(RDX, 0x1819_1a1b);
    a.store32(Memory.at(RSP, rowMasks + 4), RDX);
    v.op(VPMOVZXBD, 1, 0, Memory.at(RSP, rowMasks));
    a.mov(RDX, LANES);
    a.broadcast(v.width(), 2, RDX);
    for (int i = 0; i < VECTORS; i++) {
      v.op(VPSLLVD, 3, 0, 1);
      v.op(VMOVDQU32_STORE, 3, 0, Memory.at(RSP, rowMasks + i * VECTOR_BYTES));
      v.op(VPSUBD, 1, 1, 2);
    }
  }

  /** All blocks of a tile's rows for one panel: leaves their sums on the stack. */
  private void panel() {
    v.op(VPXORD, 0, 0, 0);
    for (int i = 0; i < VECTORS * tokens; i++) {
      v.op(VMOVDQU32_STORE, 0, 0, Memory.at(RSP, i * VECTOR_BYTES));
    }
    a.mov(RDX, RDI);
    a.mov(R11, RSI);
    a.mov(RBP, R9);
    int superBlock = a.here();
    a.mov(RAX, RDX);
    a.add(RAX, layout.headBytes());
    if (layout.blocks() > 1) {
      a.mov(R12, layout.blocks());
    }
    int start = a.here();
    block();
    a.add(R11, tokens * TokenRecords.BYTES);
    if (layout.blocks() > 1) {
      a.sub(R12, 1);
      a.jumpIfNotZero(start);
    }
    a.add(RDX, layout.superBytes());
    a.sub(RBP, 1);
    a.jumpIfNotZero(superBlock);
  }

  private void block() {
    boolean scales = layout.scaleRows() > 0;
    if (scales) {
      a.mov(RBX, RAX);
    }
    a.mov(RCX, RSP);
    a.mov(R8, VECTORS);
    int vector = a.here();
    block.rows();
    a.add(RAX, VECTOR_BYTES);
    a.add(RDX, 2 * LANES);
    a.add(RCX, tokens * VECTOR_BYTES);
    if (scales) {
      a.add(RBX, LANES);
    }
    a.sub(R8, 1);
    a.jumpIfNotZero(vector);
    a.add(RAX, layout.blockBytes() - VECTORS * VECTOR_BYTES);
    a.add(RDX, -2 * PackedLayout.ROWS);
  }

  /** Stores a panel's sums; {@code rax} gets the outputs of the token behind its last. */
  private void store() {
    a.load(RAX, someRows());
    a.test(RAX);
    a.mov(RAX, R15); // leaves the flags
    int whole = a.jumpIfZero();
    for (int i = 0; i < VECTORS; i++) {
      v.op(VMOVDQU32, 4 + i, 0, Memory.at(RSP, rowMasks + i * VECTOR_BYTES));
    }
    storeAll(VMASKMOVPS_STORE);
    a.mov(RCX, 0);
    a.test(RCX);
    int done = a.jumpIfZero();
    a.land(whole);
    storeAll(VMOVDQU32_STORE);
    a.land(done);
  }

  private void storeAll(VectorOp op) {
    for (int t = 0; t < tokens; t++) {
      for (int i = 0; i < VECTORS; i++) {
        v.op(VMOVDQU32, i, 0, Memory.at(RSP, (i * tokens + t) * VECTOR_BYTES));
        int mask = op == VMASKMOVPS_STORE ? 4 + i : 0;
        v.op(op, i, mask, Memory.at(RAX, i * VECTOR_BYTES));
      }
      a.add(RAX, R14);
    }
  }
}
