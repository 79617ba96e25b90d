package org.folkmoot.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
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
import static org.folkmoot.kernel.machine.VectorOp.VANDNPS;
import static org.folkmoot.kernel.machine.VectorOp.VBLENDVPS;
import static org.folkmoot.kernel.machine.VectorOp.VCMPPS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTDQ2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPH2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPS2DQ;
import static org.folkmoot.kernel.machine.VectorOp.VDIVPS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD213PS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VFNMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMASKMOVPS;
import static org.folkmoot.kernel.machine.VectorOp.VMASKMOVPS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMAXPS;
import static org.folkmoot.kernel.machine.VectorOp.VMINPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMOVQ_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMOVSS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPABSB;
import static org.folkmoot.kernel.machine.VectorOp.VPACKSSDW;
import static org.folkmoot.kernel.machine.VectorOp.VPACKSSWB;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPADDW;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPBLENDW;
import static org.folkmoot.kernel.machine.VectorOp.VPBROADCASTD;
import static org.folkmoot.kernel.machine.VectorOp.VPCMPEQD;
import static org.folkmoot.kernel.machine.VectorOp.VPDPBUSD;
import static org.folkmoot.kernel.machine.VectorOp.VPERM2I128;
import static org.folkmoot.kernel.machine.VectorOp.VPERMD;
import static org.folkmoot.kernel.machine.VectorOp.VPGATHERDD;
import static org.folkmoot.kernel.machine.VectorOp.VPMADDUBSW;
import static org.folkmoot.kernel.machine.VectorOp.VPMADDWD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXUD;
import static org.folkmoot.kernel.machine.VectorOp.VPMINSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDB_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDW_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVSXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXWD;
import static org.folkmoot.kernel.machine.VectorOp.VPMULLD;
import static org.folkmoot.kernel.machine.VectorOp.VPORD;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFB;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFD;
import static org.folkmoot.kernel.machine.VectorOp.VPSIGNB;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLVD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLW;
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

  private static void vex(Consumer<Assembler> instruction, String bytes) {
    Assembler assembler = new Assembler(Assembler.Encoding.VEX);
    instruction.accept(assembler);
    assertThat(HEX.formatHex(assembler.code())).isEqualTo(bytes);
  }

  @Test
  void generalRegisters() {
    is(a -> a.and(RSP, -64), "48 81 e4 c0 ff ff ff"); // and rsp, -64 (long form)
    is(a -> a.store(Memory.at(RSP, 256), RAX), "48 89 84 24 00 01 00 00"); // mov [rsp+256], rax
    is(a -> a.store(Memory.at(R9, 8), R14), "4d 89 71 08"); // mov [r9+8], r14
    is(a -> a.load(RSP, Memory.at(RSP, 1200)), "48 8b a4 24 b0 04 00 00"); // mov rsp, [rsp+1200]
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
        a -> a.vector(VPMOVZXWD, W512, 26, 0, Memory.at(RAX, 32)),
        "62 62 7d 48 33 50 01"); // vpmovzxwd zmm26, [rax+32]
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
  void avx2() {
    vex(a -> a.vector(VPADDD, W256, 8, 9, 15), "c4 41 35 fe c7"); // vpaddd ymm8, ymm9, ymm15
    vex(a -> a.vector(VPADDD, W256, 1, 2, 3), "c5 ed fe cb"); // vpaddd ymm1, ymm2, ymm3
    vex(
        a -> a.vector(VPMADDUBSW, W256, 13, 8, 13),
        "c4 42 3d 04 ed"); // vpmaddubsw ymm13, ymm8, ymm13
    vex(
        a -> a.vector(VPMADDWD, W256, 12, 12, 14),
        "c4 41 1d f5 e6"); // vpmaddwd ymm12, ymm12, ymm14
    vex(a -> a.vector(VPADDW, W256, 0, 0, 13), "c4 c1 7d fd c5"); // vpaddw ymm0, ymm0, ymm13
    vex(a -> a.vector(VPSIGNB, W256, 13, 13, 8), "c4 42 15 08 e8"); // vpsignb ymm13, ymm13, ymm8
    vex(a -> a.vector(VPABSB, W256, 9, 0, 8), "c4 42 7d 1c c8"); // vpabsb ymm9, ymm8
    vex(
        a -> a.vector(VPBLENDW, W256, 14, 14, 13, 0xaa),
        "c4 43 0d 0e f5 aa"); // vpblendw ymm14, ymm14, ymm13, 0xaa
    vex(a -> a.vector(VPSLLW, W256, 8, 0, 8, 5), "c4 c1 3d 71 f0 05"); // vpsllw ymm8, ymm8, 5
    vex(a -> a.vector(VPSLLD, W256, 13, 0, 14, 16), "c4 c1 15 72 f6 10"); // vpslld ymm13, ymm14, 16
    vex(a -> a.vector(VPSRLD, W256, 8, 0, 8, 4), "c4 c1 3d 72 d0 04"); // vpsrld ymm8, ymm8, 4
    vex(a -> a.vector(VPCMPEQD, W256, 1, 1, 12), "c4 c1 75 76 cc"); // vpcmpeqd ymm1, ymm1, ymm12
    vex(a -> a.vector(VPACKSSDW, W256, 7, 0, 1), "c5 fd 6b f9"); // vpackssdw ymm7, ymm0, ymm1
    vex(a -> a.vector(VPACKSSWB, W256, 7, 7, 5), "c5 c5 63 fd"); // vpacksswb ymm7, ymm7, ymm5
    vex(a -> a.vector(VPERMD, W256, 7, 8, 7), "c4 e2 3d 36 ff"); // vpermd ymm7, ymm8, ymm7
    vex(
        a -> a.vector(VPERM2I128, W256, 1, 1, 1, 1),
        "c4 e3 75 46 c9 01"); // vperm2i128 ymm1, ymm1, ymm1, 1
    vex(a -> a.vector(VPSLLVD, W256, 3, 0, 1), "c4 e2 7d 47 d9"); // vpsllvd ymm3, ymm0, ymm1
    vex(a -> a.vector(VPSHUFD, W256, 3, 0, 2, 0x4e), "c5 fd 70 da 4e"); // vpshufd ymm3, ymm2, 0x4e
    vex(
        a -> a.vector(VPMOVZXWD, W256, 8, 0, Memory.at(RDX, 0)),
        "c4 62 7d 33 02"); // vpmovzxwd ymm8, [rdx]
    vex(a -> a.vector(VPMULLD, W256, 15, 15, 0), "c4 62 05 40 f8"); // vpmulld ymm15, ymm15, ymm0
    vex(a -> a.vector(VCVTDQ2PS, W256, 3, 0, 3), "c5 fc 5b db"); // vcvtdq2ps ymm3, ymm3
    vex(
        a -> a.vector(VFNMADD231PS, W256, 3, 12, 13),
        "c4 c2 1d bc dd"); // vfnmadd231ps ymm3, ymm12, ymm13
    vex(
        a -> a.vector(VFMADD213PS, W256, 3, 12, Memory.at(RCX, 96)),
        "c4 e2 1d a8 59 60"); // vfmadd213ps ymm3, ymm12, [rcx+96]
    vex(
        a -> a.vector(VMOVDQU32, W256, 12, 0, Memory.at(RAX, 256)),
        "c5 7e 6f a0 00 01 00 00"); // vmovdqu ymm12, [rax+256]
    vex(
        a -> a.vector(VMOVDQU32_STORE, W256, 3, 0, Memory.at(R12, 0)),
        "c4 c1 7e 7f 1c 24"); // vmovdqu [r12], ymm3
    vex(
        a -> a.vector(VPANDD, W256, 8, 15, Memory.at(RAX, 128)),
        "c5 05 db 80 80 00 00 00"); // vpand ymm8, ymm15, [rax+128]
    vex(
        a -> a.vector(VPBROADCASTD, W256, 13, 0, Memory.at(R11, 252)),
        "c4 42 7d 58 ab fc 00 00 00"); // vpbroadcastd ymm13, [r11+252]
    vex(
        a -> a.vector(VCVTPH2PS, W256, 8, 0, Memory.at(RDX, 64)),
        "c4 62 7d 13 42 40"); // vcvtph2ps ymm8, [rdx+64]
    vex(
        a -> a.vector(VPMOVSXBD, W256, 14, 0, Memory.at(RBX, 32)),
        "c4 62 7d 21 73 20"); // vpmovsxbd ymm14, [rbx+32]
    vex(
        a -> a.vector(VPSHUFB, W256, 1, 0, Memory.at(RSP, -64)),
        "c4 e2 7d 00 4c 24 c0"); // vpshufb ymm1, ymm0, [rsp-64]
    vex(
        a -> a.vector(VPGATHERDD, W256, 1, 2, new Memory(RAX, 15, 104)),
        "c4 a2 6d 90 4c 38 68"); // vpgatherdd ymm1, [rax+ymm15+104], ymm2
    vex(
        a -> a.vector(VPGATHERDD, W256, 5, 2, new Memory(R9, 7, 2)),
        "c4 c2 6d 90 6c 39 02"); // vpgatherdd ymm5, [r9+ymm7+2], ymm2
    vex(
        a -> a.vector(VMASKMOVPS_STORE, W256, 1, 5, Memory.at(RAX, 32)),
        "c4 e2 55 2e 48 20"); // vmaskmovps [rax+32], ymm5, ymm1
    vex(
        a -> a.vector(VMOVSS_STORE, W128, 10, 0, Memory.at(RAX, 0)),
        "c5 7a 11 10"); // vmovss [rax], xmm10
    vex(
        a -> a.vector(VMOVQ_STORE, W128, 1, 0, Memory.at(RBP, 8)),
        "c5 f9 d6 4d 08"); // vmovq [rbp+8], xmm1
    vex(
        a -> a.vector(VMASKMOVPS, W256, 1, 13, Memory.at(RSI, 32)),
        "c4 e2 15 2c 4e 20"); // vmaskmovps ymm1, ymm13, [rsi+32]
    vex(
        a -> a.vector(VBLENDVPS, W256, 0, 13, 0, 8 << 4),
        "c4 e3 15 4a c0 80"); // vblendvps ymm0, ymm13, ymm0, ymm8
    vex(a -> a.vector(VANDNPS, W256, 0, 8, 0), "c5 bc 55 c0"); // vandnps ymm0, ymm8, ymm0
    vex(
        a -> a.vector(VCMPPS, W256, 8, 2, Memory.at(RSP, 0), 1),
        "c5 6c c2 04 24 01"); // vcmpltps ymm8, ymm2, [rsp]
    vex(a -> a.first(RAX, 15), "c5 79 7e f8"); // vmovd eax, xmm15
    vex(
        a -> a.broadcast(W256, 8, R9),
        "c4 41 79 6e c1 c4 42 7d 58 c0"); // vmovd xmm8, r9d; vpbroadcastd ymm8, xmm8
  }

  @Test
  void refusesWhatAvx2HasNot() {
    Assembler assembler = new Assembler(Assembler.Encoding.VEX);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> assembler.vector(VPADDD, W512, 1, 2, 3))
        .withMessageContaining("VPADDD");
    assertThatIllegalArgumentException().isThrownBy(() -> assembler.vector(VPADDD, W256, 16, 2, 3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> assembler.masked(VPADDD, W256, 1, 0, 2, 3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> assembler.broadcast(VMULPS, W256, 1, 2, Memory.at(RAX, 0)));
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
