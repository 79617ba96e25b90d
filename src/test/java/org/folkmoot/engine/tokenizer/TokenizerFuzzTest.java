package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufStrings;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Hostile metadata and texts. Whatever they are, the outcome is a tokenizer that encodes and
 * decodes anything, or one line for a person.
 *
 * <p>For longer: {@code ./check -Dtest=TokenizerFuzzTest -Dtest.excluded.groups=
 * -Dfolkmoot.fuzz.rounds=1000000}
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TokenizerFuzzTest {
  @Test
  void damagedMetadata() {
    fuzzMetadata(1, 600);
  }

  @Test
  void textsComeBack() {
    fuzzTexts(2, 500);
  }

  @Test
  @Soak
  void soak() {
    int rounds = Integer.getInteger("folkmoot.fuzz.rounds", 100_000);
    int seed = Integer.getInteger("folkmoot.fuzz.seed", 3);
    fuzzMetadata(seed, rounds);
    fuzzTexts(seed, rounds);
  }

  private static void fuzzMetadata(int seed, int rounds) {
    int made = 0;
    for (int round = 0; round < rounds; round++) {
      SplittableRandom random = new SplittableRandom(seed * 1_000_003L + round);
      GgufMetadata metadata = damage(vocabulary(random), random);
      try {
        use(Tokenizers.from(metadata), random);
        made++;
      } catch (FolkmootException refused) {
        assertThat(refused.getMessage()).doesNotContain("\n");
      } catch (RuntimeException | AssertionError broken) {
        throw new AssertionError("seed %d, round %d".formatted(seed, round), broken);
      }
    }
    assertThat(made).as("some damage must pass, or this tests nothing").isPositive();
  }

  private static SmallVocabulary vocabulary(SplittableRandom random) {
    List<String> names = Patterns.names();
    return random.nextBoolean()
        ? SmallVocabulary.bytePair(random, names.get(random.nextInt(names.size())))
        : SmallVocabulary.sentencePiece(random, random.nextBoolean(), random.nextBoolean());
  }

  private static GgufMetadata damage(SmallVocabulary vocabulary, SplittableRandom random) {
    Map<String, Object> values = new LinkedHashMap<>();
    GgufMetadata whole = vocabulary.metadata();
    whole.keys().forEach(key -> values.put(key, whole.value(key).orElseThrow()));
    List<String> keys = new ArrayList<>(values.keySet());
    keys.addAll(
        List.of("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "general.name"));
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      String key = keys.get(random.nextInt(keys.size()));
      switch (random.nextInt(4)) {
        case 0 -> values.remove(key);
        case 1 -> values.put(key, anything(random));
        default -> values.computeIfPresent(key, (_, value) -> changed(value, random));
      }
    }
    return new GgufMetadata(values);
  }

  private static Object anything(SplittableRandom random) {
    return switch (random.nextInt(8)) {
      case 0 -> random.nextLong();
      case 1 -> (long) random.nextInt(-2, 900);
      case 2 -> random.nextBoolean();
      case 3 -> random.nextBoolean() ? "phi3" : "gpt2";
      case 4 -> new String[random.nextInt(1)];
      case 5 -> new long[random.nextInt(900)];
      case 6 -> new float[random.nextInt(900)];
      default -> Double.NaN;
    };
  }

  private static Object changed(Object value, SplittableRandom random) {
    return switch (value) {
      case String[] strings when random.nextInt(4) == 0 -> {
        GgufStrings packed = GgufStrings.of(strings);
        for (int i = random.nextInt(4); i > 0 && packed.utf8().length > 0; i--) {
          packed.utf8()[random.nextInt(packed.utf8().length)] = (byte) random.nextInt();
        }
        yield packed;
      }
      case String[] strings when strings.length > 0 -> {
        String[] copy = strings.clone();
        int at = random.nextInt(copy.length);
        copy[at] =
            switch (random.nextInt(5)) {
              case 0 -> "";
              case 1 -> copy[random.nextInt(copy.length)];
              case 2 -> "x".repeat(random.nextInt(2_000));
              case 3 -> RandomText.of(random, 1);
              default -> copy[at] + " ";
            };
        yield copy;
      }
      case long[] numbers when numbers.length > 0 -> {
        long[] copy = numbers.clone();
        for (int i = random.nextInt(100); i > 0; i--) {
          copy[random.nextInt(copy.length)] =
              random.nextInt(20) == 0 ? random.nextLong() : random.nextInt(7);
        }
        yield copy;
      }
      case float[] numbers when numbers.length > 0 -> {
        float[] copy = numbers.clone();
        for (int i = random.nextInt(100); i > 0; i--) {
          copy[random.nextInt(copy.length)] =
              random.nextInt(50) == 0 ? Float.intBitsToFloat(random.nextInt()) : -0.0f;
        }
        yield copy;
      }
      case Boolean truth -> !truth;
      default -> anything(random);
    };
  }

  private static void use(Tokenizer tokenizer, SplittableRandom random) {
    for (int i = 0; i < 4; i++) {
      String text = RandomText.of(random, random.nextInt(8));
      for (Specials specials : Specials.values()) {
        int[] ids = tokenizer.encodePrompt(text, specials);
        String decoded = tokenizer.decode(ids);
        assertThat(decoded).isEqualTo(RandomText.wellFormed(decoded));
      }
    }
    int[] ids = random.ints(50, 0, tokenizer.size()).toArray();
    StreamDecoder decoder = StreamDecoder.ofText(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.add(id));
      assertThat(tokenizer.spelling(id)).isNotNull();
      assertThat(tokenizer.isEnd(id)).isIn(true, false);
    }
    assertThat(text.append(decoder.finish()).toString()).isEqualTo(tokenizer.decode(ids));
  }

  private static void fuzzTexts(int seed, int rounds) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Tokenizer> tokenizers = new ArrayList<>();
    for (String name : Patterns.names()) {
      tokenizers.add(SmallVocabulary.bytePair(random, name).tokenizer());
    }
    for (boolean spansWords : new boolean[] {true, false}) {
      // A user-defined token opens what follows it, with a space that decoding cannot take away.
      tokenizers.add(
          SmallVocabulary.sentencePiece(random, true, spansWords)
              .put("add_space_prefix", false)
              .tokenizer());
    }
    for (int round = 0; round < rounds; round++) {
      // SentencePiece cannot tell U+2581 from a space.
      String text = RandomText.of(random, random.nextInt(10)).replace('▁', '_');
      for (Tokenizer tokenizer : tokenizers) {
        assertThat(tokenizer.decode(tokenizer.encode(text, Specials.AS_TEXT)))
            .as("round %d", round)
            .isEqualTo(RandomText.wellFormed(text));
      }
    }
  }
}
