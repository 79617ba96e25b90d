package org.folkmoot.kernel;

import org.folkmoot.kernel.machine.Assembler.Encoding;
import org.folkmoot.kernel.machine.VectorOp.Width;

/** Kinds of processors that there is machine code for, by their vectors. */
enum Tier {
  /** 32 vectors of sixteen numbers, products of bytes in one instruction. */
  AVX512_VNNI("AVX-512 VNNI", Encoding.EVEX, Width.W512),
  /** 16 vectors of eight numbers. */
  AVX2("AVX2", Encoding.VEX, Width.W256);

  private final String label;
  private final Encoding encoding;
  private final Width width;

  Tier(String label, Encoding encoding, Width width) {
    this.label = label;
    this.encoding = encoding;
    this.width = width;
  }

  /** Its name for people. */
  String label() {
    return label;
  }

  Encoding encoding() {
    return encoding;
  }

  Width width() {
    return width;
  }

  /** Numbers of 32 bits in a vector. */
  int lanes() {
    return width.bytes() / 4;
  }

  /** Whether lanes can be masked by registers, and one number of memory be an operand for all. */
  boolean hasMasks() {
    return encoding == Encoding.EVEX;
  }
}
