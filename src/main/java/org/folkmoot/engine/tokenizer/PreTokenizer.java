package org.folkmoot.engine.tokenizer;

import java.util.List;
import java.util.Optional;
import org.folkmoot.engine.tokenizer.Splitter.Gpt2;
import org.folkmoot.engine.tokenizer.Splitter.Runs;
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

  /** What files without a name, or with one that is not known, are split by. */
  static final PreTokenizer DEFAULT =
      of(
          new Runs(CharClass.PUNCTUATION | CharClass.ASCII_SYMBOL, ANY),
          new Gpt2(),
          new Runs(CharClass.NUMBER, ANY),
          new ThreeDigits());

  /** The pre-tokenizer of a name; empty where this version does not know it. */
  static Optional<PreTokenizer> named(String name) {
    return Optional.ofNullable(
        switch (name) {
          case "default" -> DEFAULT;
          case "gpt-2",
              "phi-2",
              "mpt",
              "olmo",
              "jais",
              "trillion",
              "granite-docling",
              "exaone4",
              "gigachat",
              "mellum",
              "modern-bert",
              "a.x-4.0" ->
              of(new Gpt2());
          case "starcoder",
              "refact",
              "command-r",
              "smollm",
              "codeshell",
              "exaone",
              "minerva-7b",
              "mellum2" ->
              of(new Runs(CharClass.NUMBER, 1), new Gpt2());
          case "falcon" ->
              of(
                  new Runs(CharClass.PUNCTUATION | CharClass.ASCII_SYMBOL | CharClass.GRAVE, ANY),
                  new Gpt2(),
                  new ThreeDigits());
          case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "lfm2" ->
              new PreTokenizer(List.of(new Words(Word.LETTERS, false, 3)), true, true);
          case "dbrx", "smaug-bpe", "glm4", "chatglm-bpe" -> of(new Words(Word.LETTERS, false, 3));
          case "qwen2",
              "stablelm2",
              "deepseek-r1-qwen",
              "kormo",
              "megrez",
              "hunyuan",
              "solar-open",
              "grok-2" ->
              of(new Words(Word.LETTERS, false, 1));
          case "qwen35" -> of(new Words(Word.LETTERS_AND_MARKS, false, 1));
          case "tekken" -> new PreTokenizer(List.of(new Words(Word.CASED, false, 1)), true, true);
          case "gpt-4o", "llama4", "kanana2", "minimax-m2" -> of(new Words(Word.CASED, true, 3));
          default -> null;
        });
  }

  private static PreTokenizer of(Splitter... stages) {
    return new PreTokenizer(List.of(stages), false, false);
  }
}
