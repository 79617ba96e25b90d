"""Writes a Hugging Face folder of the shape of SmolLM2-135M with random weights, for Jlama.

Usage: model.py FOLDER. Weights are numbers of about 0.01 whose bits are random; speed does not hang
on them.
"""

import json
import os
import struct
import sys

DIM, LAYERS, HEADS, KV_HEADS, HEAD, FFN, VOCABULARY = 576, 30, 9, 3, 64, 1536, 49152


def tensors():
    yield "model.embed_tokens.weight", (VOCABULARY, DIM)
    yield "lm_head.weight", (VOCABULARY, DIM)
    yield "model.norm.weight", (DIM,)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        yield at + "input_layernorm.weight", (DIM,)
        yield at + "post_attention_layernorm.weight", (DIM,)
        yield at + "self_attn.q_proj.weight", (HEADS * HEAD, DIM)
        yield at + "self_attn.k_proj.weight", (KV_HEADS * HEAD, DIM)
        yield at + "self_attn.v_proj.weight", (KV_HEADS * HEAD, DIM)
        yield at + "self_attn.o_proj.weight", (DIM, HEADS * HEAD)
        yield at + "mlp.gate_proj.weight", (FFN, DIM)
        yield at + "mlp.up_proj.weight", (FFN, DIM)
        yield at + "mlp.down_proj.weight", (DIM, FFN)


def vocabulary():
    """Special tokens, one for each byte as GPT-2 spells it, and names that no text has."""
    spelt = [b for b in range(256) if 33 <= b < 127 or 161 <= b < 173 or 174 <= b]
    signs = [chr(b) for b in spelt] + [chr(256 + i) for i in range(256 - len(spelt))]
    words = ["<unk>", "<s>", "</s>", *signs]
    words += [f"tok{i}" for i in range(len(words), VOCABULARY)]
    return {word: i for i, word in enumerate(words)}


def write(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
        json.dump(value, out)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    write(
        folder,
        "config.json",
        {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": DIM,
            "intermediate_size": FFN,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "num_hidden_layers": LAYERS,
            "head_dim": HEAD,
            "rms_norm_eps": 1e-5,
            "rope_theta": 100000.0,
            "vocab_size": VOCABULARY,
            "max_position_embeddings": 2048,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "hidden_act": "silu",
            "tie_word_embeddings": False,
            "torch_dtype": "float32",
        },
    )
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    write(
        folder,
        "tokenizer.json",
        {
            "version": "1.0",
            "added_tokens": [
                {"id": i, "content": word, **special} for i, word in enumerate(["<unk>", "<s>", "</s>"])
            ],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": True,
            },
            "post_processor": None,
            "decoder": {"type": "ByteLevel"},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": "<unk>",
                "fuse_unk": False,
                "byte_fallback": False,
                "vocab": vocabulary(),
                "merges": [],
            },
        },
    )
    write(
        folder,
        "tokenizer_config.json",
        {"bos_token": "<s>", "eos_token": "</s>", "chat_template": "{{ messages[0]['content'] }}"},
    )
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as out:
        out.write("Random weights.\n")  # Jlama copies it
    head, end = {}, 0
    for name, shape in tensors():
        size = 4
        for length in shape:
            size *= length
        head[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    # The sign and an exponent near 2^-7, then random bits.
    signs = bytes(0x3C if byte & 1 else 0xBC for byte in range(256))
    with open(os.path.join(folder, "model.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(text)))
        out.write(text)
        for tensor in head.values():
            count = (tensor["data_offsets"][1] - tensor["data_offsets"][0]) // 4
            data = bytearray(4 * count)
            data[2::4] = os.urandom(count)
            data[3::4] = os.urandom(count).translate(signs)
            out.write(data)


main(sys.argv[1])
