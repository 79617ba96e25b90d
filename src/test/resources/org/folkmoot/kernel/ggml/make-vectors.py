"""Makes the vectors in this folder with implementations that share nothing with ours.

    pip install gguf==0.19.0 numpy && python make-vectors.py path/to/libggml-base.so

The library is the one in the npm package @node-llama-cpp/linux-x64 3.22.1 (GGML for any x86-64).

TYPE.dequantised: blocks of random bytes with scales of all kinds, then the floats that
gguf.quants.dequantize makes of them. TYPE.quantised: floats of all kinds, then the bytes that
ggml_quantize_chunk of the library makes of them (gguf.quants.quantize for F16 and BF16). Both begin with the number of blocks (uint32); all is
little-endian.
"""
import ctypes
import pathlib
import struct
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T, quants

HERE = pathlib.Path(__file__).parent
# Where in a block the binary16 numbers lie.
HALVES = {
    T.F16: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0],
    T.IQ4_NL: [0], T.IQ4_XS: [0], T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208], T.MXFP4: [],
}
SCALES = [0x0000, 0x8000, 0x0001, 0x83ff, 0x7bff, 0xfbff, 0x3c00]  # ±0, subnormal, largest, one
BYTES = [0, 1, 2, 3, 127, 252, 100, 118]  # of MXFP4: subnormal, …, the largest with finite weights
FLOATS = [T.F16, T.BF16]
BLOCKS = [
    T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.IQ4_NL, T.IQ4_XS, T.Q2_K, T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K]


GGML = ctypes.CDLL(sys.argv[1])
GGML.ggml_quantize_chunk.argtypes = (
    [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + 3 * [ctypes.c_int64] + [ctypes.c_void_p])


def dequantised(kind, random):
    size, length = GGML_QUANT_SIZES[kind]
    count = 10 if size > 1 else 64
    blocks = random.integers(0, 256, (count, length), dtype=np.uint8)
    for i, block in enumerate(blocks):
        if i == 8:
            block[:] = 0
        if i == 9:
            block[:] = 255
        if kind == T.MXFP4:
            block[0] = BYTES[i] if i < len(BYTES) else 120
        for at in HALVES[kind]:
            half = SCALES[i] if i < len(SCALES) else random.integers(0x1000, 0x3c00)
            block[at:at + 2] = np.frombuffer(struct.pack("<H", half), dtype=np.uint8)
    floats = quants.dequantize(blocks.reshape(-1), kind).astype("<f4")
    return struct.pack("<I", count) + blocks.tobytes() + floats.tobytes()


def quantised(kind, random):
    size, _ = GGML_QUANT_SIZES[kind]
    count = 40 if size > 1 else 512
    floats = random.standard_normal((count, size)).astype("<f4")
    floats[1::8] *= np.float32(1e-3)
    floats[2::8] = np.abs(floats[2::8]) + np.float32(3)
    floats[3::8] = np.round(floats[3::8] * 8) / 8
    floats[4] = 0
    floats[5] = -0.0
    floats[6] = 1
    floats[7] = 2 ** -24
    if size > 1:
        floats[12] = np.linspace(-1, 1, size, dtype=np.float32)
        floats[13] = np.linspace(127, -128, size, dtype=np.float32)
    if kind in BLOCKS:
        floats[14] = 1e-16
        floats[15, :16] = 0
        floats[16, 16:32] = -5
        bits = np.zeros((count, GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
        GGML.ggml_quantize_chunk(
            kind.value, floats.ctypes.data, bits.ctypes.data, 0, count, size, None)
        if kind in (T.Q4_1, T.Q5_1, T.Q8_0):
            assert bits.tobytes() == quants.quantize(floats, kind).tobytes()
    else:
        bits = quants.quantize(floats, kind)
    return struct.pack("<I", count) + floats.tobytes() + bits.tobytes()


def main():
    for kind in HALVES:
        random = np.random.default_rng(kind.value)
        (HERE / f"{kind.name}.dequantised").write_bytes(dequantised(kind, random))
    for kind in FLOATS + BLOCKS:
        random = np.random.default_rng(1000 + kind.value)
        (HERE / f"{kind.name}.quantised").write_bytes(quantised(kind, random))


main()
