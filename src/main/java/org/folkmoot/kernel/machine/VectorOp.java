package org.folkmoot.kernel.machine;

/**
 * Vector instructions: opcode map, mandatory prefix, W, opcode, as the manual's tables give them,
 * and how many bytes a memory operand has, which an eight-bit displacement counts in (EVEX). Most
 * are the same in both encodings, but for their names, which are those of EVEX.
 */
public enum VectorOp {
  /** Four products of unsigned and signed bytes added to each 32-bit lane. */
  VPDPBUSD(2, 1, 0, 0x50, Tuple.FULL),
  /** 32-bit integers to binary32. */
  VCVTDQ2PS(1, 0, 0, 0x5b, Tuple.FULL),
  /** Binary32 to 32-bit integers, rounded as MXCSR says. */
  VCVTPS2DQ(1, 1, 0, 0x5b, Tuple.FULL),
  /** Binary16 to binary32, exact. */
  VCVTPH2PS(2, 1, 0, 0x13, Tuple.HALF),
  VMULPS(1, 0, 0, 0x59, Tuple.FULL),
  VDIVPS(1, 0, 0, 0x5e, Tuple.FULL),
  VADDPS(1, 0, 0, 0x58, Tuple.FULL),
  VSUBPS(1, 0, 0, 0x5c, Tuple.FULL),
  VSQRTPS(1, 0, 0, 0x51, Tuple.FULL),
  /** The second operand if one is not a number. */
  VMINPS(1, 0, 0, 0x5d, Tuple.FULL),
  /** The second operand if one is not a number. */
  VMAXPS(1, 0, 0, 0x5f, Tuple.FULL),
  /** A mask of the lanes where a comparison, the immediate, holds; the mask is the target. */
  VCMPPS(1, 0, 0, 0xc2, Tuple.FULL),
  /** {@code to = a * b + to}, rounded once. */
  VFMADD231PS(2, 1, 0, 0xb8, Tuple.FULL),
  /** {@code to = -(a * b) + to}, rounded once. */
  VFNMADD231PS(2, 1, 0, 0xbc, Tuple.FULL),
  VPMULLD(2, 1, 0, 0x40, Tuple.FULL),
  /** {@code to = a * to + b}, rounded once. */
  VFMADD213PS(2, 1, 0, 0xa8, Tuple.FULL),
  VPADDD(1, 1, 0, 0xfe, Tuple.FULL),
  VPSUBD(1, 1, 0, 0xfa, Tuple.FULL),
  VPANDD(1, 1, 0, 0xdb, Tuple.FULL),
  VPORD(1, 1, 0, 0xeb, Tuple.FULL),
  VPXORD(1, 1, 0, 0xef, Tuple.FULL),
  VPMAXSD(2, 1, 0, 0x3d, Tuple.FULL),
  VPMINSD(2, 1, 0, 0x39, Tuple.FULL),
  VPMAXUD(2, 1, 0, 0x3f, Tuple.FULL),
  VPSRLD(1, 1, 0, 0x72, Tuple.FULL, 2),
  VPSLLD(1, 1, 0, 0x72, Tuple.FULL, 6),
  VPSRAD(1, 1, 0, 0x72, Tuple.FULL, 4),
  /** Any function of three bits: the immediate is its table. */
  VPTERNLOGD(3, 1, 0, 0x25, Tuple.FULL),
  /** Bytes chosen from each 16 by indices. */
  VPSHUFB(2, 1, 0, 0x00, Tuple.FULL_MEMORY),
  /** 32-bit lanes chosen within each 128 bits by an immediate. */
  VPSHUFD(1, 1, 0, 0x70, Tuple.FULL),
  /** 128-bit lanes of two vectors, chosen by an immediate. */
  VSHUFI32X4(3, 1, 0, 0x43, Tuple.FULL),
  /** Loads 32-bit lanes. */
  VMOVDQU32(1, 2, 0, 0x6f, Tuple.FULL_MEMORY),
  /** Stores 32-bit lanes. */
  VMOVDQU32_STORE(1, 2, 0, 0x7f, Tuple.FULL_MEMORY),
  /** Four bytes of memory, or the first lane of a register, in every lane. */
  VPBROADCASTD(2, 1, 0, 0x58, Tuple.FOUR),
  /** A general register in every lane. */
  VPBROADCASTD_GPR(2, 1, 0, 0x7c, Tuple.FOUR),
  VPMOVZXBD(2, 1, 0, 0x31, Tuple.QUARTER),
  VPMOVZXWD(2, 1, 0, 0x33, Tuple.HALF),
  VPMOVSXBD(2, 1, 0, 0x21, Tuple.QUARTER),
  /** The lowest bytes of 32-bit lanes, side by side; the source is the first operand. */
  VPMOVDB_STORE(2, 2, 0, 0x31, Tuple.QUARTER),
  /** The lower halves of 32-bit lanes, side by side; the source is the first operand. */
  VPMOVDW_STORE(2, 2, 0, 0x33, Tuple.HALF),
  /** 32-bit lanes from a base and offsets, those that a mask names, which is cleared. */
  VPGATHERDD(2, 1, 0, 0x90, Tuple.FOUR),
  /** A mask of the lanes where two vectors have no bit in common; the mask is the target. */
  VPTESTNMD(2, 2, 0, 0x27, Tuple.FULL),
  /** The first lane into a general register. */
  VMOVD_GPR(1, 1, 0, 0x7e, Tuple.FOUR),
  /** Stores the first lane. */
  VMOVSS_STORE(1, 2, 0, 0x11, Tuple.FOUR),

  // In VEX only, here or at all.

  /** A general register into the first lane. */
  VMOVD(1, 1, 0, 0x6e, Tuple.FOUR),
  /** Products of unsigned (first) and signed bytes, neighbours added, saturated to 16 bits. */
  VPMADDUBSW(2, 1, 0, 0x04, Tuple.FULL_MEMORY),
  /** Products of 16-bit lanes, neighbours added, 32 bits. */
  VPMADDWD(1, 1, 0, 0xf5, Tuple.FULL_MEMORY),
  VPADDW(1, 1, 0, 0xfd, Tuple.FULL_MEMORY),
  VPSLLW(1, 1, 0, 0x71, Tuple.FULL_MEMORY, 6),
  /** Bytes of the first times the signs of the second. */
  VPSIGNB(2, 1, 0, 0x08, Tuple.FULL_MEMORY),
  VPABSB(2, 1, 0, 0x1c, Tuple.FULL_MEMORY),
  /** 16-bit lanes of the second where the immediate has a bit, else of the first. */
  VPBLENDW(3, 1, 0, 0x0e, Tuple.FULL_MEMORY),
  /** All bits of the lanes that are equal. */
  VPCMPEQD(1, 1, 0, 0x76, Tuple.FULL_MEMORY),
  /** 32-bit to 16-bit lanes, saturated, within each 128 bits. */
  VPACKSSDW(1, 1, 0, 0x6b, Tuple.FULL_MEMORY),
  /** 16-bit lanes to bytes, saturated, within each 128 bits. */
  VPACKSSWB(1, 1, 0, 0x63, Tuple.FULL_MEMORY),
  /** 32-bit lanes of the second chosen by the first. */
  VPERMD(2, 1, 0, 0x36, Tuple.FULL_MEMORY),
  /** 128-bit lanes of two vectors, chosen by an immediate. */
  VPERM2I128(3, 1, 0, 0x46, Tuple.FULL_MEMORY),
  /** Lanes shifted by the lanes of the second. */
  VPSLLVD(2, 1, 0, 0x47, Tuple.FULL_MEMORY),
  /** Loads the lanes whose sign bit the first operand has; the others are zero. */
  VMASKMOVPS(2, 1, 0, 0x2c, Tuple.FULL_MEMORY),
  /** Lanes of the second where the register that the immediate's upper half names is negative. */
  VBLENDVPS(3, 1, 0, 0x4a, Tuple.FULL_MEMORY),
  /** Bits of the second that the first has not. */
  VANDNPS(1, 0, 0, 0x55, Tuple.FULL_MEMORY),
  /** Stores the lanes whose sign bit the first operand has. */
  VMASKMOVPS_STORE(2, 1, 0, 0x2e, Tuple.FULL_MEMORY),
  /** Stores the first two lanes. */
  VMOVQ_STORE(1, 1, 0, 0xd6, Tuple.FOUR);

  /** Width of vectors. */
  public enum Width {
    W128(0),
    W256(1),
    W512(2);

    private final int bits;

    Width(int bits) {
      this.bits = bits;
    }

    int bits() {
      return bits;
    }

    /** Bytes of a vector. */
    public int bytes() {
      return 16 << bits;
    }
  }

  /** How much memory an operand takes. */
  private enum Tuple {
    FULL,
    FULL_MEMORY,
    HALF,
    QUARTER,
    FOUR
  }

  private final int map;
  private final int prefix;
  private final int wide;
  private final int opcode;
  private final Tuple tuple;
  private final int digit;

  VectorOp(int map, int prefix, int wide, int opcode, Tuple tuple) {
    this(map, prefix, wide, opcode, tuple, -1);
  }

  VectorOp(int map, int prefix, int wide, int opcode, Tuple tuple, int digit) {
    this.map = map;
    this.prefix = prefix;
    this.wide = wide;
    this.opcode = opcode;
    this.tuple = tuple;
    this.digit = digit;
  }

  /** 1 for {@code 0F}, 2 for {@code 0F 38}, 3 for {@code 0F 3A}. */
  int map() {
    return map;
  }

  /** 0 for none, 1 for {@code 66}, 2 for {@code F3}, 3 for {@code F2}. */
  int prefix() {
    return prefix;
  }

  int wide() {
    return wide;
  }

  int opcode() {
    return opcode;
  }

  /** A part of the opcode that stands where a register would, or -1. */
  int digit() {
    return digit;
  }

  int memoryBytes(Width width) {
    return switch (tuple) {
      case FULL, FULL_MEMORY -> width.bytes();
      case HALF -> width.bytes() / 2;
      case QUARTER -> width.bytes() / 4;
      case FOUR -> 4;
    };
  }
}
