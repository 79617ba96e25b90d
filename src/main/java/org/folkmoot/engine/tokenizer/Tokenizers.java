package org.folkmoot.engine.tokenizer;

import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;
import static org.folkmoot.engine.tokenizer.Vocabulary.damaged;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufStrings;
import org.folkmoot.engine.tokenizer.VocabularyTokenizer.Rules;

/** Makes the tokenizer that a model file describes by its keys {@code tokenizer.ggml.*}. */
public final class Tokenizers {
  private static final String PREFIX = "tokenizer.ggml.";

  /** Tokens that end an answer in the families known, whatever a file says of them. */
  private static final List<String> ENDS =
      List.of(
          "<|im_end|>",
          "<|eot_id|>",
          "<|eom_id|>",
          "<|end|>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<end_of_turn>",
          "<end_of_utterance>",
          "<｜end▁of▁sentence｜>",
          // Code models put these between files: going on would begin another one.
          "<|fim_pad|>",
          "<|fim_repo|>",
          "<|repo_name|>",
          "<|file_sep|>");

  private static final List<String> HARMONY_ENDS = List.of("<|return|>", "<|call|>");

  /** What a vocabulary has whose answers are messages on channels. */
  private static final List<String> HARMONY =
      List.of("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>");

  /**
   * Spellings that end an answer unless the file says that they are a piece of text like others.
   */
  private static final List<String> ENDS_IF_SPECIAL =
      List.of(
          "</s>",
          "<eos>",
          "<EOT>",
          "_<EOT>",
          "[EOT]",
          "[EOS]",
          "<fim-pad>",
          "<fim_pad>",
          "<PAD>",
          "[PAD]",
          "<fim-repo>",
          "<REPO>",
          "<reponame>");

  /** Tokens that steer code models and end nothing, though files may call them user-defined. */
  private static final List<String> FILL_IN_THE_MIDDLE =
      List.of(
          "<|fim_prefix|>",
          "<|fim_middle|>",
          "<|fim_suffix|>",
          "<fim-prefix>",
          "<fim-middle>",
          "<fim-suffix>",
          "<fim_prefix>",
          "<fim_middle>",
          "<fim_suffix>",
          "<PRE>",
          "<MID>",
          "<SUF>",
          "▁<PRE>",
          "▁<MID>",
          "▁<SUF>");

  private final GgufMetadata metadata;
  private final Vocabulary vocabulary;
  private final List<String> notes = new ArrayList<>();

  private Tokenizers(GgufMetadata metadata) {
    this.metadata = metadata;
    GgufStrings tokens =
        metadata
            .packedStrings(PREFIX + "tokens")
            .orElseThrow(() -> damaged("the key '" + PREFIX + "tokens' is missing"));
    int[] types = metadata.integers(PREFIX + "token_type").orElse(null);
    this.vocabulary = Vocabulary.of(tokens, types);
    requireSpellings();
  }

  /**
   * The tokenizer of a model file.
   *
   * @throws FolkmootException BAD_FILE where the keys are missing or contradict each other,
   *     UNSUPPORTED where the kind of vocabulary is not known
   */
  public static Tokenizer from(GgufMetadata metadata) {
    String model =
        metadata
            .string(PREFIX + "model")
            .orElseThrow(() -> damaged("the key '" + PREFIX + "model' is missing"));
    return switch (model) {
      case "llama" -> new Tokenizers(metadata).sentencePiece();
      case "gpt2" -> new Tokenizers(metadata).bytePair();
      default ->
          throw new FolkmootException(
              UNSUPPORTED,
              "the model's tokenizer '%s' is not supported: take a model whose %smodel is 'llama'"
                      .formatted(shown(model), PREFIX)
                  + " (SentencePiece) or 'gpt2' (byte-level BPE)");
    };
  }

  private Tokenizer sentencePiece() {
    float[] scores =
        metadata
            .floats(PREFIX + "scores")
            .orElseThrow(() -> damaged("the key '" + PREFIX + "scores' is missing"));
    if (scores.length != vocabulary.size()) {
      throw damaged("%d tokens, but %d scores".formatted(vocabulary.size(), scores.length));
    }
    // SentencePiece's own defaults, for files that leave them out.
    OptionalInt begin = id("bos_token_id", 1);
    OptionalInt end = id("eos_token_id", 2);
    int unknown = id("unknown_token_id", 0).orElse(-1);
    Rules rules = rules(begin, end, true);
    boolean spacePrefix = metadata.bool(PREFIX + "add_space_prefix").orElse(true);
    return new VocabularyTokenizer(
        vocabulary, new SentencePiece(vocabulary, scores, unknown, spacePrefix), rules);
  }

  private Tokenizer bytePair() {
    PreTokenizer preTokenizer = preTokenizer();
    Rules rules =
        rules(id("bos_token_id", -1), id("eos_token_id", -1), preTokenizer.beginsSequences());
    GgufStrings merges =
        metadata
            .packedStrings(PREFIX + "merges")
            .orElseThrow(() -> damaged("the key '" + PREFIX + "merges' is missing"));
    return new VocabularyTokenizer(
        vocabulary,
        new BytePair(vocabulary, MergeTable.of(merges, vocabulary), preTokenizer),
        rules);
  }

  private PreTokenizer preTokenizer() {
    Optional<String> name = metadata.string(PREFIX + "pre");
    if (name.isEmpty()) {
      notes.add("The model file does not say how its tokenizer splits words; answers may suffer.");
      return PreTokenizer.DEFAULT;
    }
    // Words that are cut otherwise than in training are other tokens: answers would be wrong.
    return PreTokenizer.named(name.get())
        .orElseThrow(() ->
            new FolkmootException(
                UNSUPPORTED,
                "the tokenizer's way to split words, '%s', is not supported; supported are %s"
                    .formatted(shown(name.get()), PreTokenizer.names())));
  }

  private Rules rules(OptionalInt begin, OptionalInt end, boolean beginsByDefault) {
    boolean addsBegin = metadata.bool(PREFIX + "add_bos_token").orElse(beginsByDefault);
    boolean addsEnd = metadata.bool(PREFIX + "add_eos_token").orElse(false);
    if ((addsBegin && begin.isEmpty()) || (addsEnd && end.isEmpty())) {
      throw damaged("it wants a token at the start or end of each text, but does not say which");
    }
    BitSet ends = new BitSet();
    end.ifPresent(ends::set);
    id("eot_token_id", -1).ifPresent(ends::set);
    id("eom_token_id", -1).ifPresent(ends::set);
    for (String spelling : ENDS) {
      control(spelling, true).ifPresent(ends::set);
    }
    for (String spelling : ENDS_IF_SPECIAL) {
      control(spelling, false).ifPresent(ends::set);
    }
    for (String spelling : FILL_IN_THE_MIDDLE) {
      control(spelling, false);
    }
    BitSet marks = marks(ends);
    return new Rules(begin, end, addsBegin, addsEnd, ends, marks, swallowing(), List.copyOf(notes));
  }

  /**
   * In gpt-oss's vocabulary {@code <|end|>} ends a message, of which an answer has several; the
   * answer ends with {@code <|return|>}, or with {@code <|call|>} where a tool is to be asked.
   */
  private BitSet marks(BitSet ends) {
    BitSet marks = new BitSet();
    if (HARMONY.stream().allMatch(spelling -> vocabulary.find(spelling) >= 0)) {
      for (String spelling : HARMONY) {
        control(spelling, true).ifPresent(marks::set);
      }
      ends.andNot(marks);
      for (String spelling : HARMONY_ENDS) {
        control(spelling, true).ifPresent(ends::set);
      }
      marks.andNot(ends);
    }
    return marks;
  }

  /** Makes the token of a spelling a control token, if there is one, and one that may be. */
  private OptionalInt control(String spelling, boolean evenIfNormal) {
    int id = vocabulary.find(spelling);
    if (id < 0 || (vocabulary.type(id) == TokenType.NORMAL && !evenIfNormal)) {
      return OptionalInt.empty();
    }
    vocabulary.retype(id, TokenType.CONTROL);
    return OptionalInt.of(id);
  }

  /**
   * Phi-3's special tokens swallow the white space after them, which its file cannot say: GGUF has
   * no key for it, so the model's name must do, as in llama.cpp.
   */
  private BitSet swallowing() {
    BitSet swallowing = new BitSet();
    String name = metadata.string("general.name").orElse("").toLowerCase(Locale.ROOT);
    if (name.contains("phi3") || name.contains("phi-3") || name.contains("phi 3")) {
      for (int id : vocabulary.idsOf(VocabularyTokenizer.PARSED)) {
        swallowing.set(id);
      }
      for (String exempt : List.of("<unk>", "<s>", "<|endoftext|>")) {
        int id = vocabulary.find(exempt);
        if (id >= 0) {
          swallowing.clear(id);
        }
      }
    }
    return swallowing;
  }

  /** An id that the file names; the default, where it is not -1 and there, if it names none. */
  private OptionalInt id(String key, int otherwise) {
    OptionalLong id = metadata.integer(PREFIX + key);
    if (id.isEmpty()) {
      boolean isThere = otherwise >= 0 && otherwise < vocabulary.size();
      return isThere ? OptionalInt.of(otherwise) : OptionalInt.empty();
    }
    if (id.getAsLong() < 0 || id.getAsLong() >= vocabulary.size()) {
      throw damaged(
          "%s%s is %d, but there are %d tokens"
              .formatted(PREFIX, key, id.getAsLong(), vocabulary.size()));
    }
    return OptionalInt.of((int) id.getAsLong());
  }

  private void requireSpellings() {
    // Searched for as bytes, others might be found in the middle of a character.
    for (int id : vocabulary.idsOf(VocabularyTokenizer.PARSED)) {
      byte[] utf8 = vocabulary.utf8(id);
      if (!Arrays.equals(vocabulary.spelling(id).getBytes(StandardCharsets.UTF_8), utf8)) {
        throw damaged("token %d is special, but not UTF-8".formatted(id));
      }
    }
    for (int id : vocabulary.idsOf(Set.of(TokenType.BYTE))) {
      if (!SentencePiece.isByteSpelling(vocabulary.spelling(id))) {
        throw damaged("token %d is a byte, but is not spelled as one".formatted(id));
      }
    }
  }

  /** A foreign name made fit for a message: short, and nothing that breaks out of the line. */
  private static String shown(String name) {
    String clean = name.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    return clean.length() <= 40 ? clean : clean.substring(0, 40) + "…";
  }
}
