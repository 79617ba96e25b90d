"""Makes vectors.json with implementations that share nothing with ours.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3 && python make-vectors.py

Two small vocabularies are trained on the text below. Byte-level BPE: the ids that Hugging Face's
tokenizers gives for the texts, for each way to cut words. SentencePiece's BPE: those of sentencepiece.
"""
import io
import json
import pathlib

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
CORPUS = """\
A moot is a meeting of the people who live in a place. They come together under an old tree, and each of
them may speak. Whoever doesn't agree says so; nobody's voice counts for more than another's, and what they
decide is written down where everyone can read it. In 1215 or in 2026: the rule hasn't changed.
Peers keep the weights of a model, some of its layers each. When you ask something, your words are cut into
tokens, the tokens become numbers, and the numbers travel from peer to peer until an answer comes back.
We've seen that they'll give the same bits on every machine. I'd say it's a good thing, don't you?
for i in range(10):
    if total[i] != 42 and i >= 7:
        print("value:", total[i] / 3.14159, "\\n")
Die Leute treffen sich unter einer alten Linde, und jeder darf etwas sagen. Größe, Maß und Übermut.
Les gens se réunissent là où ça leur plaît. Где люди говорят вместе, там их слышно. 人们在树下说话。
"""
TEXTS = [
    "", " ", "  ", "   \n", "\n\n", "\t\tx", "Hello", " Hello", "Hello  world", "the people", " nobody",
    "They'll say it's what I'D do, don't WE'VE?", "1234567890", "3.14159 and 1,000,000", "a1b22c333d4444",
    "camelCaseWORDAndMore HTTPServer iPhones", "for i in range(10):\n    print(i)\n\n\nend  \n",
    "if (a!=b) { c+=1; } // why?\r\n/* x */", "Größe über Maß, naïve façade", "Где люди? там.",
    "人们在树下说话。日本語もある", "emoji 🌳🌍 and 👩‍👧 too", "ܐ ก็ हिन्दी \u00a0 nbsp", "e\u0301 combining n\u0303o",
    "…—“quotes”—…", "!!!??? ... ,,,", "url: https://example.org/a?b=c&d=%20", "tab\tbetween\twords",
    "trailing space ", "line\n  indented\n\tmore", "<s> </s> <|end|> [INST]", "\x00\x01\x7f", "½ ² Ⅷ ١٢٣",
]
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
ENDS = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
LETTERS = r"|[^\r\n\p{L}\p{N}]?\p{L}+|"
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
FIRST = r"[^\r\n\p{L}\p{N}]?"


def cased(after):
    return f"{FIRST}{UPPER}*{LOWER}+{after}|{FIRST}{UPPER}+{LOWER}*{after}|"


REGEXES = {
    "llama-bpe": CONTRACTIONS + LETTERS + r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + ENDS,
    "qwen2": CONTRACTIONS + LETTERS + r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + ENDS,
    "tekken": cased("") + r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + ENDS,
    "gpt-4o": cased(CONTRACTIONS + "?") + r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + ENDS,
}


def ways():
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    all_ways = {
        "gpt-2": byte_level,
        "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level]),
    }
    for name, regex in REGEXES.items():
        split = pre_tokenizers.Split(Regex(regex), behavior="isolated")
        all_ways[name] = pre_tokenizers.Sequence([split, plain])
    return all_ways


def byte_level():
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.train_from_iterator([CORPUS], trainers.BpeTrainer(
        vocab_size=256 + 140, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    model = json.loads(trained.to_str())["model"]
    vocabulary = dict(model["vocab"])
    # Words that no merges lead to: found by tokenizers that look for whole words first.
    for word in ["Ġnobody", "Hello", "333"]:
        vocabulary[word] = len(vocabulary)
    merges = [tuple(pair) for pair in model["merges"]]
    results = {}
    for name, way in ways().items():
        whole = name in ("llama-bpe", "tekken")
        tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=whole))
        tokenizer.pre_tokenizer = way
        tokenizer.decoder = decoders.ByteLevel()
        saved = json.loads(tokenizer.to_str())
        results[name] = {
            "ignore_merges": whole,
            "pre_tokenizer": saved["pre_tokenizer"],
            "ids": [tokenizer.encode(text).ids for text in TEXTS],
        }
    tokens = [token for token, _ in sorted(vocabulary.items(), key=lambda entry: entry[1])]
    return {"tokens": " ".join(tokens), "merges": [" ".join(pair) for pair in merges], "ways": results}


def sentence_piece():
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS.split("\n")), model_writer=out, model_type="bpe", vocab_size=460,
        byte_fallback=True, split_digits=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, minloglevel=2)
    model = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    known = range(3 + 256, model.get_piece_size())
    return {
        "pieces": [model.id_to_piece(id) for id in known],
        "scores": [model.get_score(id) for id in known],
        "ids": [model.encode(text) for text in TEXTS],
    }


def main():
    made = {"texts": TEXTS, "byteLevel": byte_level(), "sentencePiece": sentence_piece()}
    lines = json.dumps(made, ensure_ascii=True, indent=1)
    # Lists of numbers and of short strings on one line each.
    short = []
    depth = 0
    for line in lines.split("\n"):
        stripped = line.strip()
        if depth and stripped in ("]", "],"):
            depth -= 1
            short[-1] += stripped
        elif depth:
            short[-1] += stripped
        else:
            short.append(line)
        if stripped.endswith("[") and not stripped.startswith(('"ids"', '"pretokenizers"')):
            depth += 1
    (HERE / "vectors.json").write_text("\n".join(short) + "\n", "utf-8")
    assert json.loads((HERE / "vectors.json").read_text("utf-8")) == made


main()
