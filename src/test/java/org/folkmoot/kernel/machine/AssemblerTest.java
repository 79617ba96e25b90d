package org.folkmoot.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
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
import static org.folkmoot.kernel.machine.VectorOp.VADDPS;
import static org.folkmoot.kernel.machine.VectorOp.VCMPPS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTDQ2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPH2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPS2DQ;
import static org.folkmoot.kernel.machine.VectorOp.VDIVPS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD213PS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VFNMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMAXPS;
import static org.folkmoot.kernel.machine.VectorOp.VMINPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMOVSS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPBROADCASTD;
import static org.folkmoot.kernel.machine.VectorOp.VPDPBUSD;
import static org.folkmoot.kernel.machine.VectorOp.VPGATHERDD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXUD;
import static org.folkmoot.kernel.machine.VectorOp.VPMINSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDB_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDW_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVSXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPMULLD;
import static org.folkmoot.kernel.machine.VectorOp.VPORD;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFB;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRAD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSUBD;
import static org.folkmoot.kernel.machine.VectorOp.VPTERNLOGD;
import static org.folkmoot.kernel.machine.VectorOp.VPTESTNMD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSHUFI32X4;
import static org.folkmoot.kernel.machine.VectorOp.VSQRTPS;
import static org.folkmoot.kernel.machine.VectorOp.VSUBPS;
import static org.folkmoot.kernel.machine.VectorOp.Width.W128;
import static org.folkmoot.kernel.machine.VectorOp.Width.W256;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.junit.jupiter.api.Test;

/** Every instruction as the GNU assembler encodes it. */
class AssemblerTest {
  private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

  private static void is(Consumer<Assembler> instruction, String bytes) {
    Assembler assembler = new Assembler();
    instruction.accept(assembler);
    assertThat(HEX.formatHex(assembler.code())).isEqualTo(bytes);
  }

  @Test
  void generalRegisters() {
    is(a -> a.mov(RAX, R9), "4c 89 c8"); // mov rax, r9
    is(a -> a.mov(R12, RDI), "49 89 fc"); // mov r12, rdi
    is(a -> a.mov(R8, -5), "49 c7 c0 fb ff ff ff"); // mov r8, -5
    is(a -> a.add(RBX, R14), "4c 01 f3"); // add rbx, r14
    is(a -> a.add(R11, 416), "49 81 c3 a0 01 00 00"); // add r11, 416
    is(a -> a.sub(RBP, 1), "48 81 ed 01 00 00 00"); // sub rbp, 1 (long form)
    is(a -> a.shr(RAX, 32), "48 c1 e8 20"); // shr rax, 32
    is(a -> a.or(RDX, R10), "4c 09 d2"); // or rdx, r10
    is(a -> a.keep32(R8), "45 89 c0"); // mov r8d, r8d
    is(a -> a.keep32(RCX), "89 c9"); // mov ecx, ecx
    is(a -> a.imul(R10, R9, 576), "4d 69 d1 40 02 00 00"); // imul r10, r9, 576
    is(a -> a.test(RCX), "48 85 c9"); // test rcx, rcx
    is(a -> a.push(RBX), "53"); // push rbx
    is(a -> a.push(R15), "41 57"); // push r15
    is(a -> a.pop(R15), "41 5f"); // pop r15
    is(a -> a.pop(RBP), "5d"); // pop rbp
    is(a -> a.load(R9, Memory.at(RDI, 8)), "4c 8b 4f 08"); // mov r9, [rdi+8]
    is(a -> a.load(RAX, Memory.at(RSP, 256)), "48 8b 84 24 00 01 00 00"); // mov rax, [rsp+256]
    is(a -> a.store32(Memory.at(RDI, 12), RDX), "89 57 0c"); // mov [rdi+12], edx
    is(a -> a.prefetch(Memory.at(RAX, 1024)), "0f 18 88 00 04 00 00"); // prefetcht0 [rax+1024]
    is(a -> a.prefetch(Memory.at(R13, 0)), "41 0f 18 4d 00"); // prefetcht0 [r13+0]
    is(a -> a.cpuid(), "0f a2"); // cpuid
    is(a -> a.xgetbv(), "0f 01 d0"); // xgetbv
    is(a -> a.ret(), "c3"); // ret
  }

  @Test
  void vectorRegisters() {
    is(a -> a.vzeroupper(), "c5 f8 77"); // vzeroupper
    is(a -> a.kmov(1, RAX), "c5 f8 92 c8"); // kmovw k1, eax
    is(a -> a.kmov(3, R9), "c4 c1 78 92 d9"); // kmovw k3, r9d
    is(a -> a.kmov(RAX, 3), "c5 f8 93 c3"); // kmovw eax, k3
    is(a -> a.kmov(R10, 5), "c5 78 93 d5"); // kmovw r10d, k5
    is(a -> a.kmov(2, 1), "c5 f8 90 d1"); // kmovw k2, k1
    is(a -> a.kor(3, 2), "c5 e4 45 da"); // korw k3, k3, k2
    is(a -> a.broadcast(W512, 29, RAX), "62 62 7d 48 7c e8"); // vpbroadcastd zmm29, eax
    is(a -> a.broadcast(W512, 1, R9), "62 d2 7d 48 7c c9"); // vpbroadcastd zmm1, r9d
    is(a -> a.first(RAX, 31), "62 61 7d 08 7e f8"); // vmovd eax, xmm31
    is(a -> a.vector(VPXORD, W512, 17, 17, 17), "62 a1 75 40 ef c9"); // vpxord zmm17, zmm17, zmm17
    is(a -> a.vector(VPADDD, W512, 8, 9, 26), "62 11 35 48 fe c2"); // vpaddd zmm8, zmm9, zmm26
    is(a -> a.vector(VPSUBD, W512, 24, 3, 12), "62 41 65 48 fa c4"); // vpsubd zmm24, zmm3, zmm12
    is(a -> a.vector(VPMULLD, W512, 8, 8, 31), "62 12 3d 48 40 c7"); // vpmulld zmm8, zmm8, zmm31
    is(a -> a.vector(VPORD, W256, 1, 1, 0), "62 f1 75 28 eb c8"); // vpord ymm1, ymm1, ymm0
    is(a -> a.vector(VPMAXUD, W512, 31, 31, 2), "62 62 05 40 3f fa"); // vpmaxud zmm31, zmm31, zmm2
    is(a -> a.vector(VPMAXSD, W512, 0, 0, 25), "62 92 7d 48 3d c1"); // vpmaxsd zmm0, zmm0, zmm25
    is(a -> a.vector(VPMINSD, W512, 1, 1, 26), "62 92 75 48 39 ca"); // vpminsd zmm1, zmm1, zmm26
    is(a -> a.vector(VDIVPS, W512, 5, 2, 29), "62 91 6c 48 5e ed"); // vdivps zmm5, zmm2, zmm29
    is(a -> a.vector(VMULPS, W512, 0, 0, 6), "62 f1 7c 48 59 c6"); // vmulps zmm0, zmm0, zmm6
    is(a -> a.vector(VADDPS, W512, 20, 30, 10), "62 c1 0c 40 58 e2"); // vaddps zmm20, zmm30, zmm10
    is(a -> a.vector(VCVTDQ2PS, W512, 8, 0, 18), "62 31 7c 48 5b c2"); // vcvtdq2ps zmm8, zmm18
    is(a -> a.vector(VCVTPS2DQ, W512, 1, 0, 1), "62 f1 7d 48 5b c9"); // vcvtps2dq zmm1, zmm1
    is(
        a -> a.vector(VFMADD231PS, W512, 3, 8, 31),
        "62 92 3d 48 b8 df"); // vfmadd231ps zmm3, zmm8, zmm31
    is(
        a -> a.vector(VFNMADD231PS, W512, 3, 8, 31),
        "62 92 3d 48 bc df"); // vfnmadd231ps zmm3, zmm8, zmm31
    is(
        a -> a.vector(VPSHUFB, W512, 31, 28, 31),
        "62 02 1d 40 00 ff"); // vpshufb zmm31, zmm28, zmm31
    is(a -> a.vector(VPTESTNMD, W512, 2, 1, 28), "62 92 76 48 27 d4"); // vptestnmd k2, zmm1, zmm28
  }

  @Test
  void moreArithmetic() {
    is(a -> a.vector(VSUBPS, W512, 0, 0, 29), "62 91 7c 48 5c c5"); // vsubps zmm0, zmm0, zmm29
    is(a -> a.vector(VSQRTPS, W512, 5, 0, 5), "62 f1 7c 48 51 ed"); // vsqrtps zmm5, zmm5
    is(a -> a.vector(VMINPS, W512, 2, 11, 2), "62 f1 24 48 5d d2"); // vminps zmm2, zmm11, zmm2
    is(a -> a.vector(VMAXPS, W512, 29, 29, 0), "62 61 14 40 5f e8"); // vmaxps zmm29, zmm29, zmm0
    is(
        a -> a.vector(VCMPPS, W512, 3, 2, 10, 1),
        "62 d1 6c 48 c2 da 01"); // vcmpltps k3, zmm2, zmm10
    is(
        a -> a.vector(VFMADD213PS, W512, 6, 7, 17),
        "62 b2 45 48 a8 f1"); // vfmadd213ps zmm6, zmm7, zmm17
    is(a -> a.masked(VPXORD, W512, 3, 2, 2, 2), "62 f1 6d 4b ef d2"); // vpxord zmm2{k3}, zmm2, zmm2
  }

  @Test
  void vectorsAndMemory() {
    is(a -> a.vector(VPSRLD, W512, 31, 0, 30, 4), "62 91 05 40 72 d6 04"); // vpsrld zmm31, zmm30, 4
    is(a -> a.vector(VPSLLD, W512, 8, 0, 1, 28), "62 f1 3d 48 72 f1 1c"); // vpslld zmm8, zmm1, 28
    is(a -> a.vector(VPSRAD, W512, 4, 0, 4, 31), "62 f1 5d 48 72 e4 1f"); // vpsrad zmm4, zmm4, 31
    is(
        a -> a.vector(VPSHUFD, W512, 3, 0, 2, 0x4e),
        "62 f1 7d 48 70 da 4e"); // vpshufd zmm3, zmm2, 0x4e
    is(
        a -> a.vector(VSHUFI32X4, W512, 3, 2, 2, 0xb1),
        "62 f3 6d 48 43 da b1"); // vshufi32x4 zmm3, zmm2, zmm2, 0xb1
    is(
        a -> a.vector(VPTERNLOGD, W512, 31, 30, 28, 0xf8),
        "62 03 0d 40 25 fc f8"); // vpternlogd zmm31, zmm30, zmm28, 0xf8
    is(
        a -> a.vector(VPANDD, W512, 31, 29, Memory.at(RAX, 64)),
        "62 61 15 40 db 78 01"); // vpandd zmm31, zmm29, [rax+64]
    is(
        a -> a.vector(VPSRLD, W512, 31, Memory.at(RAX, 192), 4),
        "62 f1 05 40 72 50 03 04"); // vpsrld zmm31, [rax+192], 4
    is(
        a -> a.vector(VMOVDQU32, W512, 31, 0, Memory.at(RAX, 100)),
        "62 61 7e 48 6f b8 64 00 00 00"); // vmovdqu32 zmm31, [rax+100]
    is(
        a -> a.vector(VMOVDQU32_STORE, W512, 1, 0, Memory.at(RBX, 8192)),
        "62 f1 7e 48 7f 8b 00 20 00 00"); // vmovdqu32 [rbx+8192], zmm1
    is(
        a -> a.masked(VMOVDQU32_STORE, W512, 2, 9, 0, Memory.at(R12, 64)),
        "62 51 7e 4a 7f 4c 24 01"); // vmovdqu32 [r12+64]{k2}, zmm9
    is(
        a -> a.masked(VMOVDQU32, W512, 3, 28, 0, 30),
        "62 01 7e 4b 6f e6"); // vmovdqu32 zmm28{k3}, zmm30
    is(
        a -> a.masked(VPADDD, W512, 1, 31, 31, 0),
        "62 61 05 41 fe f8"); // vpaddd zmm31{k1}, zmm31, zmm0
    is(
        a -> a.masked(VPGATHERDD, W512, 2, 16, 0, new Memory(RAX, 31, 104)),
        "62 a2 7d 42 90 44 38 1a"); // vpgatherdd zmm16{k2}, [rax+zmm31*1+104]
    is(
        a -> a.masked(VPGATHERDD, W512, 2, 1, 0, new Memory(R9, 9, 2)),
        "62 92 7d 4a 90 8c 09 02 00 00 00"); // vpgatherdd zmm1{k2}, [r9+zmm9*1+2]
    is(
        a -> a.vector(VCVTPH2PS, W512, 26, 0, Memory.at(RAX, 32)),
        "62 62 7d 48 13 50 01"); // vcvtph2ps zmm26, [rax+32]
    is(
        a -> a.vector(VPMOVSXBD, W512, 31, 0, Memory.at(RAX, 16)),
        "62 62 7d 48 21 78 01"); // vpmovsxbd zmm31, [rax+16]
    is(
        a -> a.vector(VPMOVZXBD, W512, 31, 0, Memory.at(R13, 0)),
        "62 42 7d 48 31 7d 00"); // vpmovzxbd zmm31, [r13+0]
    is(
        a -> a.vector(VPMOVDB_STORE, W512, 0, 0, Memory.at(RSI, 16)),
        "62 f2 7e 48 31 46 01"); // vpmovdb [rsi+16], zmm0
    is(
        a -> a.vector(VPMOVDW_STORE, W512, 0, 0, Memory.at(RBP, 64)),
        "62 f2 7e 48 33 45 02"); // vpmovdw [rbp+64], zmm0
    is(
        a -> a.vector(VMOVSS_STORE, W128, 10, 0, Memory.at(RAX, 0)),
        "62 71 7e 08 11 10"); // vmovss [rax], xmm10
    is(
        a -> a.broadcast(VPDPBUSD, W512, 23, 31, Memory.at(R11, 252)),
        "62 c2 05 50 50 7b 3f"); // vpdpbusd zmm23, zmm31, [r11+252]{1to16}
    is(
        a -> a.broadcast(VPDPBUSD, W512, 0, 31, Memory.at(R11, 1000)),
        "62 d2 05 50 50 83 e8 03 00 00"); // vpdpbusd zmm0, zmm31, [r11+1000]{1to16}
    is(
        a -> a.broadcast(VMULPS, W512, 31, 26, Memory.at(R11, 256)),
        "62 41 2c 50 59 7b 40"); // vmulps zmm31, zmm26, [r11+256]{1to16}
    is(
        a -> a.broadcast(VFMADD231PS, W512, 7, 31, Memory.at(R11, -4)),
        "62 d2 05 50 b8 7b ff"); // vfmadd231ps zmm7, zmm31, [r11-4]{1to16}
    is(
        a -> a.broadcast(VPSLLD, W512, 8, Memory.at(R11, 288), 7),
        "62 d1 3d 58 72 73 48 07"); // vpslld zmm8, [r11+288]{1to16}, 7
    is(
        a -> a.vector(VPBROADCASTD, W512, 8, 0, Memory.at(R11, 288)),
        "62 52 7d 48 58 43 48"); // vpbroadcastd zmm8, [r11+288]
  }

  @Test
  void jumps() {
    Assembler assembler = new Assembler();
    int start = assembler.here();
    int past = assembler.jumpIfZero();
    assembler.jumpIfNotZero(start);
    assembler.land(past);
    assembler.ret();
    assertThat(HEX.formatHex(assembler.code()))
        .isEqualTo("0f 84 06 00 00 00 0f 85 f4 ff ff ff c3"); // jz +6; jnz -12; ret
  }
}
