package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufStrings;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.junit.jupiter.api.Test;

/** What a file may say, what it may not, and what follows from it. */
class TokenizersTest {
  private static SmallVocabulary bytePair() {
    return SmallVocabulary.bytePair(new SplittableRandom(3), "gpt-2");
  }

  private static SmallVocabulary sentencePiece() {
    return SmallVocabulary.sentencePiece(new SplittableRandom(3), true, false);
  }

  private static void refused(SmallVocabulary vocabulary, Code code, String part) {
    assertThatThrownBy(vocabulary::tokenizer)
        .isInstanceOfSatisfying(
            FolkmootException.class,
            fault -> {
              assertThat(fault.code()).isEqualTo(code);
              assertThat(fault).hasMessageContaining(part);
              assertThat(fault.getMessage()).doesNotContain("\n");
            });
  }

  /** In gpt-oss an answer has several messages: the end of one is not its end. */
  @Test
  void messagesOnChannels() {
    List<String> marks = List.of("<|start|>", "<|channel|>", "<|message|>", "<|end|>");
    List<String> ends = List.of("<|return|>", "<|call|>");
    SmallVocabulary vocabulary = bytePair();
    vocabulary.merges.clear();
    for (int i = 0; i < 4; i++) {
      vocabulary.tokens.set(256 + i, marks.get(i));
    }
    assertThat(vocabulary.tokenizer().isEnd(259)).as("Phi's end of an answer").isTrue();
    assertThat(vocabulary.tokenizer().isMark(257)).isFalse();
    for (int i = 0; i < 2; i++) {
      vocabulary.tokens.set(260 + i, ends.get(i));
    }
    Tokenizer tokenizer = vocabulary.tokenizer();
    StreamDecoder answer = StreamDecoder.ofContinuation(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int id = 256; id < 262; id++) {
      text.append(answer.add(id));
      assertThat(tokenizer.isMark(id)).isEqualTo(id < 260);
      assertThat(tokenizer.isEnd(id)).isEqualTo(id >= 260);
      assertThat(tokenizer.bytes(id)).as("control tokens are no text").isEmpty();
      assertThat(tokenizer.encode(tokenizer.spelling(id), Tokenizer.Specials.AS_TEXT))
          .as("typed they stay text")
          .doesNotContain(id);
    }
    assertThat(text).hasToString("<|start|><|channel|><|message|><|end|>");
  }

  private static void damaged(SmallVocabulary vocabulary, String part) {
    refused(vocabulary, Code.BAD_FILE, part);
  }

  @Test
  void kindsOfVocabulary() {
    refused(bytePair().put("model", "t5"), Code.UNSUPPORTED, "'t5' is not supported");
    refused(bytePair().put("model", "a\n\u202eb"), Code.UNSUPPORTED, "'a??b'");
    damaged(bytePair().remove("model"), "tokenizer.ggml.model");
    damaged(bytePair().remove("tokens"), "tokenizer.ggml.tokens");
    damaged(bytePair().remove("merges"), "tokenizer.ggml.merges");
    damaged(sentencePiece().remove("scores"), "tokenizer.ggml.scores");
    assertThat(bytePair().remove("scores").tokenizer().size()).isGreaterThan(256);
  }

  @Test
  void valuesOfTheWrongType() {
    damaged(bytePair().put("tokens", "no array"), "tokenizer.ggml.tokens");
    damaged(bytePair().put("bos_token_id", "one"), "tokenizer.ggml.bos_token_id");
    damaged(bytePair().put("token_type", new float[] {1}), "tokenizer.ggml.token_type");
  }

  @Test
  void countsThatContradict() {
    damaged(bytePair().put("token_type", new long[] {1, 1}), "but 2 token types");
    damaged(sentencePiece().put("scores", new float[7]), "but 7 scores");
    damaged(bytePair().put("tokens", new String[0]), "0 tokens");
  }

  @Test
  void tokensThatCannotBe() {
    SmallVocabulary twice = bytePair();
    twice.tokens.set(300, twice.tokens.get(7));
    damaged(twice, "tokens 7 and 300 are spelled alike");
    SmallVocabulary longOne = bytePair();
    longOne.tokens.set(300, "é".repeat(513));
    damaged(longOne, "token 300 has 1026 bytes");
    SmallVocabulary type = bytePair();
    type.types.set(5, 99);
    damaged(type, "token 5 has the unknown type 99");
    SmallVocabulary noByte = sentencePiece();
    noByte.types.set(400, SmallVocabulary.BYTE);
    damaged(noByte, "token 400 is a byte");
    SmallVocabulary score = sentencePiece();
    score.scores.set(9, Float.NaN);
    damaged(score, "token 9 has no finite score");
  }

  @Test
  void specialTokensAreUtf8() {
    SmallVocabulary vocabulary = bytePair();
    vocabulary.merges.clear();
    int control = vocabulary.tokens.indexOf("<s>");
    GgufStrings tokens = GgufStrings.of(vocabulary.tokens.toArray(String[]::new));
    tokens.utf8()[tokens.starts()[300]] = (byte) 0x80;
    assertThat(vocabulary.put("tokens", tokens).tokenizer().spelling(300)).startsWith("\ufffd");
    tokens.utf8()[tokens.starts()[control]] = (byte) 0x80;
    damaged(vocabulary, "token " + control + " is special, but not UTF-8");
  }

  @Test
  void emptyTokensAreNever() {
    SmallVocabulary vocabulary = bytePair();
    int last = vocabulary.tokens.size() - 1;
    vocabulary.tokens.set(last, "");
    vocabulary.tokens.set(last - 1, "");
    Tokenizer tokenizer = vocabulary.tokenizer();
    assertThat(tokenizer.spelling(last)).isEmpty();
    assertThat(tokenizer.bytes(last)).isEmpty();
    assertThat(tokenizer.encode("abc", Specials.PARSE)).doesNotContain(last, last - 1);
  }

  @Test
  void mergesThatCannotBe() {
    for (String merge : List.of("", " ", "a", "a ", " a", "ab")) {
      SmallVocabulary vocabulary = bytePair();
      vocabulary.merges.set(17, merge);
      damaged(vocabulary, "merge 17 is not two tokens");
    }
    SmallVocabulary vocabulary = bytePair();
    vocabulary.merges.set(17, "q xyz");
    damaged(vocabulary, "merge 17 makes a token that is not there");
    vocabulary.merges.set(17, "a b c");
    damaged(vocabulary, "merge 17 makes a token that is not there");
  }

  @Test
  void aMergeThatComesTwiceCountsOnce() {
    SmallVocabulary vocabulary = bytePair();
    Tokenizer once = vocabulary.tokenizer();
    vocabulary.merges.addAll(List.copyOf(vocabulary.merges).reversed());
    assertThat(vocabulary.tokenizer().encode("abcabcabc aBcde", Specials.PARSE))
        .isEqualTo(once.encode("abcabcabc aBcde", Specials.PARSE));
  }

  @Test
  void idsOutOfRange() {
    for (String key : List.of("bos_token_id", "eos_token_id", "eot_token_id", "eom_token_id")) {
      damaged(bytePair().put(key, -1L), key + " is -1");
      damaged(bytePair().put(key, 1L << 40), key + " is 1099511627776");
    }
    damaged(sentencePiece().put("unknown_token_id", 1L << 32), "unknown_token_id");
    damaged(bytePair().put("add_bos_token", true), "does not say which");
    damaged(bytePair().put("add_eos_token", true), "does not say which");
  }

  @Test
  void whatFilesLeaveOut() {
    Tokenizer pieces = sentencePiece().remove("add_bos_token").tokenizer();
    assertThat(pieces.beginId()).hasValue(1);
    assertThat(pieces.endId()).hasValue(2);
    assertThat(pieces.isEnd(2)).isTrue();
    assertThat(pieces.decode(pieces.encode(" a", Specials.PARSE))).isEqualTo(" a");
    assertThat(pieces.encodePrompt("", Specials.PARSE)).containsExactly(1);
    Tokenizer merged = bytePair().remove("add_bos_token").tokenizer();
    assertThat(merged.beginId()).isEmpty();
    assertThat(merged.endId()).isEmpty();
    assertThat(merged.encodePrompt("", Specials.PARSE)).isEmpty();
    Tokenizer llama3 =
        SmallVocabulary.bytePair(new SplittableRandom(3), "llama-bpe")
            .remove("add_bos_token")
            .put("bos_token_id", 5L)
            .tokenizer();
    assertThat(llama3.encodePrompt("", Specials.PARSE)).containsExactly(5);
  }

  @Test
  void preTokenizersThatAreNotKnownAreRefusedByName() {
    assertThat(bytePair().tokenizer().notes()).isEmpty();
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> bytePair().put("pre", "future-1").tokenizer())
        .withMessageContaining("'future-1'")
        .withMessageContaining("qwen2")
        .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.UNSUPPORTED));
    Tokenizer nameless = bytePair().remove("pre").tokenizer();
    assertThat(nameless.notes()).hasSize(1);
    String text = "abc 12345, $5";
    assertThat(nameless.encode(text, Specials.PARSE))
        .isEqualTo(bytePair().put("pre", "default").tokenizer().encode(text, Specials.PARSE));
  }

  @Test
  void promptsBeginAndEndOnce() {
    Tokenizer tokenizer =
        bytePair()
            .put("bos_token_id", id(bytePair(), "<|im_start|>"))
            .put("eos_token_id", id(bytePair(), "<|im_end|>"))
            .put("add_bos_token", true)
            .put("add_eos_token", true)
            .tokenizer();
    int begin = tokenizer.beginId().orElseThrow();
    int end = tokenizer.endId().orElseThrow();
    assertThat(tokenizer.encodePrompt("", Specials.PARSE)).containsExactly(begin, end);
    assertThat(tokenizer.encodePrompt("z", Specials.PARSE)).containsExactly(begin, 'z', end);
    assertThat(tokenizer.encodePrompt("<|im_start|>z<|im_end|>", Specials.PARSE))
        .containsExactly(begin, 'z', end);
    assertThat(tokenizer.encodePrompt("<|im_start|>z", Specials.AS_TEXT))
        .startsWith(begin, '<', '|', 'i')
        .endsWith('z', end);
  }

  private static long id(SmallVocabulary vocabulary, String spelling) {
    return vocabulary.tokens.indexOf(spelling);
  }

  @Test
  void answersEndWithTheTokensThatFamiliesUse() {
    SmallVocabulary vocabulary = bytePair().put("eot_token_id", 65L).put("eom_token_id", 66L);
    vocabulary.tokens.set(256, "<|eot_id|>");
    vocabulary.tokens.set(257, "</s>");
    vocabulary.tokens.set(258, "<end_of_turn>");
    vocabulary.types.set(258, SmallVocabulary.USER_DEFINED);
    vocabulary.merges.clear();
    Tokenizer tokenizer = vocabulary.tokenizer();
    assertThat(tokenizer.isEnd(65)).isTrue();
    assertThat(tokenizer.isEnd(66)).isTrue();
    assertThat(tokenizer.isEnd(67)).isFalse();
    assertThat(tokenizer.isEnd(vocabulary.tokens.indexOf("<|im_end|>"))).isTrue();
    assertThat(tokenizer.isEnd(256)).as("even if the file calls it text").isTrue();
    assertThat(tokenizer.bytes(256)).isEmpty();
    assertThat(tokenizer.isEnd(257)).as("a piece of HTML in this vocabulary").isFalse();
    assertThat(tokenizer.bytes(257)).isNotEmpty();
    assertThat(tokenizer.isEnd(258)).isTrue();
    assertThat(tokenizer.encode("<end_of_turn>", Specials.AS_TEXT)).doesNotContain(258);
    assertThat(tokenizer.encode("<end_of_turn>", Specials.PARSE)).containsExactly(258);
  }

  /** Where all the parts of a control token are tokens and merge, typed text still cannot be it. */
  @Test
  void textNeverBecomesAControlToken() {
    SmallVocabulary merging = bytePair();
    merging.merges.clear();
    merging.tokens.set(256, "ab");
    merging.tokens.set(257, "abc");
    merging.types.set(257, SmallVocabulary.CONTROL);
    merging.merges.addAll(List.of("a b", "ab c"));
    for (String pre : List.of("gpt-2", "llama-bpe")) {
      Tokenizer merged = merging.put("pre", pre).tokenizer();
      assertThat(merged.encode("abc", Specials.AS_TEXT)).containsExactly(256, 'c');
      assertThat(merged.encode("abc", Specials.PARSE)).containsExactly(257);
    }
    SmallVocabulary scored = sentencePiece().put("add_space_prefix", false);
    scored.tokens.set(400, "<s");
    scored.scores.set(400, 9f);
    int control = scored.tokens.indexOf("<s>");
    Tokenizer pieces = scored.tokenizer();
    assertThat(pieces.encode("<s>", Specials.AS_TEXT)).doesNotContain(control).startsWith(400);
    assertThat(pieces.encode("<s>", Specials.PARSE)).containsExactly(control);
    assertThat(pieces.decode(pieces.encode("<0x41>", Specials.PARSE))).isEqualTo("<0x41>");
  }

  @Test
  void phi3SwallowsTheSpaceAfterSpecialTokens() {
    SmallVocabulary vocabulary = sentencePiece().put("add_space_prefix", false);
    Map<String, Object> values = new LinkedHashMap<>();
    GgufMetadata plain = vocabulary.metadata();
    plain.keys().forEach(key -> values.put(key, plain.value(key).orElseThrow()));
    values.put("general.name", "Phi3 mini");
    Tokenizer phi3 = Tokenizers.from(new GgufMetadata(values));
    int start = vocabulary.tokens.indexOf("<|im_start|>");
    int a = vocabulary.tokens.indexOf("a");
    assertThat(phi3.encode("<|im_start|> \n\ta", Specials.PARSE)).containsExactly(start, a);
    assertThat(phi3.encode("<|im_start|>         a", Specials.PARSE)).containsExactly(start, a);
    assertThat(vocabulary.tokenizer().encode("<|im_start|> a", Specials.PARSE)).hasSize(3);
  }

  @Test
  void idsAreChecked() {
    for (Tokenizer tokenizer : List.of(bytePair().tokenizer(), sentencePiece().tokenizer())) {
      List<IntConsumer> uses =
          List.of(
              tokenizer::bytes,
              tokenizer::spelling,
              tokenizer::isEnd,
              tokenizer::hasSpacePrefix,
              id -> tokenizer.decode(new int[] {id}));
      for (IntConsumer use : uses) {
        use.accept(0);
        use.accept(tokenizer.size() - 1);
        for (int id : new int[] {-1, tokenizer.size(), Integer.MIN_VALUE, Integer.MAX_VALUE}) {
          assertThatThrownBy(() -> use.accept(id)).isInstanceOf(IndexOutOfBoundsException.class);
        }
      }
    }
  }

  @Test
  void textsAreBounded() {
    assertThatThrownBy(() ->
            bytePair()
                .tokenizer()
                .encode("a".repeat(Tokenizer.MAX_TEXT_LENGTH + 1), Specials.PARSE))
        .isInstanceOfSatisfying(
            FolkmootException.class, fault -> assertThat(fault.code()).isEqualTo(Code.BAD_REQUEST))
        .hasMessageContaining("4194304");
  }

  @Test
  void whatBytesATokenStandsFor() {
    SmallVocabulary merged = bytePair();
    merged.tokens.set(256, "中Ġ");
    merged.merges.clear();
    Tokenizer tokenizer = merged.tokenizer();
    for (int value = 0; value < 256; value++) {
      assertThat(tokenizer.bytes(value)).containsExactly((byte) value);
    }
    assertThat(tokenizer.bytes(256)).as("not byte-level").asString().isEqualTo("中Ġ");
    assertThat(tokenizer.spelling(' ')).isEqualTo("Ġ");
    Tokenizer pieces = sentencePiece().tokenizer();
    for (int value = 0; value < 256; value++) {
      assertThat(pieces.bytes(3 + value)).containsExactly((byte) value);
    }
  }
}
