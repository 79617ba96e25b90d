package org.folkmoot.engine.tokenizer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.folkmoot.engine.tokenizer.Splitter.Gpt2;
import org.folkmoot.engine.tokenizer.Splitter.MarkedWords;
import org.folkmoot.engine.tokenizer.Splitter.Runs;
import org.folkmoot.engine.tokenizer.Splitter.Spaced;
import org.folkmoot.engine.tokenizer.Splitter.ThreeDigits;
import org.folkmoot.engine.tokenizer.Splitter.Word;
import org.folkmoot.engine.tokenizer.Splitter.Words;

/**
 * How a family of byte-level vocabularies cuts text into words, by the names that GGUF files give
 * it in {@code tokenizer.ggml.pre}. The rules are those of the families' own {@code
 * tokenizer.json}; the grouping of names is llama.cpp's.
 *
 * @param stages each cuts the pieces of the one before
 * @param wholeWordsFirst whether a word that is a token is that token, whatever the merges say
 *     ({@code ignore_merges})
 * @param beginsSequences whether sequences begin with BOS where the file does not say
 */
record PreTokenizer(List<Splitter> stages, boolean wholeWordsFirst, boolean beginsSequences) {
  private static final int ANY = Integer.MAX_VALUE;

  /** What files without a name are split by. */
  static final PreTokenizer DEFAULT =
      of(
          new Runs(CharClass.PUNCTUATION | CharClass.ASCII_SYMBOL, ANY),
          new Gpt2(),
          new Runs(CharClass.NUMBER, ANY),
          new ThreeDigits());

  private static final Map<String, PreTokenizer> KNOWN = new TreeMap<>();

  static {
    know(DEFAULT, "default");
    know(of(new Gpt2()), "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling");
    know(of(new Gpt2()), "exaone4", "gigachat", "mellum", "modern-bert", "a.x-4.0", "roberta-bpe");
    know(of(new Gpt2()), "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en");
    know(of(new Gpt2()), "jina-v2-code");
    PreTokenizer digits = of(new Runs(CharClass.NUMBER, 1), new Gpt2());
    know(digits, "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone");
    know(digits, "minerva-7b", "mellum2");
    know(
        of(
            new Runs(CharClass.PUNCTUATION | CharClass.ASCII_SYMBOL | CharClass.GRAVE, ANY),
            new Gpt2(),
            new ThreeDigits()),
        "falcon");
    PreTokenizer llama3 = new PreTokenizer(List.of(new Words(Word.LETTERS, false, 3)), true, true);
    know(llama3, "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "lfm2");
    know(llama3, "midm-2.0", "jina-v5-nano");
    know(of(new Words(Word.LETTERS, false, 3)), "dbrx", "smaug-bpe", "glm4", "chatglm-bpe");
    know(
        new PreTokenizer(
            List.of(new Runs(CharClass.NUMBER, 3), new Words(Word.LETTERS, false, ANY)),
            true,
            false),
        "minicpm5");
    PreTokenizer qwen2 = of(new Words(Word.LETTERS, false, 1));
    know(qwen2, "qwen2", "stablelm2", "deepseek-r1-qwen", "kormo", "megrez", "hunyuan");
    know(qwen2, "solar-open", "grok-2", "f2llmv2", "bailingmoe", "bailingmoe2", "llada-moe");
    know(of(new Words(Word.LETTERS, false, 1, false)), "seed-coder");
    know(of(new Words(Word.LETTERS_AND_MARKS, false, 1)), "qwen35");
    know(new PreTokenizer(List.of(new Words(Word.CASED, false, 1)), true, true), "tekken");
    know(of(new Words(Word.CASED, true, 3)), "gpt-4o", "llama4", "kanana2", "minimax-m2", "talkie");
    know(
        of(
            new Runs(CharClass.NEWLINE, 1),
            new Spaced(CharClass.LETTER, false, true),
            new Spaced(CharClass.PUNCTUATION, false, true),
            new Runs(CharClass.EASTERN, ANY),
            new Runs(CharClass.NUMBER, 1)),
        "deepseek-coder");
    know(
        of(new Runs(CharClass.NUMBER, 3), new Runs(CharClass.HAN_KANA, ANY), new MarkedWords()),
        "deepseek-v3",
        "hunyuan-dense",
        "joyai-llm",
        "hy_v4");
    Spaced words = new Spaced(CharClass.SPACE | CharClass.STOP, true, false);
    know(of(words), "bloom", "poro-chat", "gpt3-finnish");
    know(of(words, new Runs(CharClass.NUMBER, 1)), "viking");
  }

  private static void know(PreTokenizer rule, String... names) {
    for (String name : names) {
      KNOWN.put(name, rule);
    }
  }

  /** The pre-tokenizer of a name; empty where this version does not know it. */
  static Optional<PreTokenizer> named(String name) {
    return Optional.ofNullable(KNOWN.get(name));
  }

  /** All names, for a message. */
  static String names() {
    return String.join(", ", KNOWN.keySet());
  }

  private static PreTokenizer of(Splitter... stages) {
    return new PreTokenizer(List.of(stages), false, false);
  }
}
