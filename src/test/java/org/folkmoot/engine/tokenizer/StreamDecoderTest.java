package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamDecoderTest {
  private final Tokenizer bytes =
      SmallVocabulary.sentencePiece(new SplittableRandom(1), true, false).tokenizer();

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void piecesTogetherAreTheWholeForAnyTokens(boolean bytePair) {
    SplittableRandom random = new SplittableRandom(2);
    Tokenizer tokenizer = bytePair ? SmallVocabulary.bytePair(random, "gpt-2").tokenizer() : bytes;
    for (int round = 0; round < 2_000; round++) {
      int[] ids =
          round % 2 == 0
              ? random.ints(random.nextInt(60), 0, tokenizer.size()).toArray()
              : tokenizer.encode(RandomText.of(random, random.nextInt(6)), Specials.AS_TEXT);
      assertThat(stream(StreamDecoder.ofText(tokenizer), ids)).isEqualTo(tokenizer.decode(ids));
      ByteArrayOutputStream whole = new ByteArrayOutputStream();
      for (int id : ids) {
        whole.writeBytes(tokenizer.bytes(id));
      }
      assertThat(stream(StreamDecoder.ofContinuation(tokenizer), ids))
          .isEqualTo(whole.toString(StandardCharsets.UTF_8));
    }
  }

  /** Every sequence of a few bytes, of those on which UTF-8 decoders disagree. */
  @Test
  void brokenUtf8IsReplacedAsInOnePiece() {
    int[] values = {0x41, 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
    int count = values.length * values.length * values.length * values.length;
    for (int code = 0; code < count; code++) {
      int[] ids = new int[4];
      for (int i = 0, rest = code; i < 4; i++, rest /= values.length) {
        ids[i] = 3 + values[rest % values.length];
      }
      assertThat(stream(StreamDecoder.ofText(bytes), ids)).isEqualTo(bytes.decode(ids));
    }
  }

  private static String stream(StreamDecoder decoder, int[] ids) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      String piece = decoder.add(id);
      assertThat(piece.isEmpty() || !Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
          .isTrue();
      text.append(piece);
    }
    return text.append(decoder.finish()).toString();
  }

  @Test
  void aCharacterComesWhenItIsWhole() {
    StreamDecoder decoder = StreamDecoder.ofContinuation(bytes);
    byte[] emoji = "😀".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 3; i++) {
      assertThat(decoder.add(3 + (emoji[i] & 0xFF))).isEmpty();
    }
    assertThat(decoder.add(3 + (emoji[3] & 0xFF))).isEqualTo("😀");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void anUnfinishedCharacterIsReplacedAtTheEnd() {
    StreamDecoder decoder = StreamDecoder.ofText(bytes);
    assertThat(decoder.add(3 + 'x') + decoder.add(3 + 0xF0) + decoder.add(3 + 0x9F)).isEqualTo("x");
    assertThat(decoder.finish()).isEqualTo("\ufffd");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void onlyATextLosesTheSpaceThatEncodingPutBeforeIt() {
    int[] ids = bytes.encode("a a", Specials.AS_TEXT);
    assertThat(stream(StreamDecoder.ofText(bytes), ids)).isEqualTo("a a");
    assertThat(stream(StreamDecoder.ofContinuation(bytes), ids)).isEqualTo(" a a");
    Tokenizer without =
        SmallVocabulary.sentencePiece(new SplittableRandom(1), true, false)
            .put("add_space_prefix", false)
            .tokenizer();
    ids = without.encode(" a", Specials.AS_TEXT);
    assertThat(stream(StreamDecoder.ofText(without), ids)).isEqualTo(" a");
  }

  @Test
  void controlTokensAddNothingAndDoNotHideTheFirstSpace() {
    int[] ids = bytes.encodePrompt("  a<s>", Specials.PARSE);
    assertThat(bytes.beginId()).hasValue(ids[0]);
    assertThat(stream(StreamDecoder.ofText(bytes), ids)).isEqualTo("  a");
  }

  @Test
  void refusesIdsThatAreNotThere() {
    for (int id : List.of(-1, bytes.size(), Integer.MAX_VALUE, Integer.MIN_VALUE)) {
      assertThatThrownBy(() -> StreamDecoder.ofText(bytes).add(id))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
