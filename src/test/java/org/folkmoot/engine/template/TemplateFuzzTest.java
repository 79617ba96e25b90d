package org.folkmoot.engine.template;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.testing.Soak;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random templates, and mutations of real ones, either render or end in a FolkmootException. The
 * system property {@code folkmoot.soak.rounds} says how many the long run tries.
 */
class TemplateFuzzTest {
  private static final long SEED = 20260305;
  private static final int ROUNDS = 20_000;

  private static final List<String> PIECES =
      List.of(
          "{{",
          "}}",
          "{%",
          "%}",
          "{#",
          "#}",
          "-",
          "+",
          " ",
          "\n",
          "(",
          ")",
          "[",
          "]",
          "{",
          "}",
          "'",
          "\"",
          "\\",
          "|",
          ".",
          ",",
          ":",
          "=",
          "==",
          "~",
          "*",
          "**",
          "//",
          "%",
          "<",
          "not ",
          " in ",
          " is ",
          " if ",
          " else ",
          " for ",
          "endfor",
          "endif",
          "set ",
          "endset",
          "macro m(x)",
          "endmacro",
          "m(",
          "loop.index",
          "messages",
          "message",
          "role",
          "content",
          "[1:]",
          "[::-1]",
          "0",
          "1",
          "-1",
          "9999999999",
          "1e9",
          "0x1f",
          "'a'",
          "none",
          "true",
          "range(",
          "namespace(",
          "ns",
          "|length",
          "|tojson",
          "|list",
          "|join(",
          "|map(",
          "|trim",
          ".split(",
          ".strip()",
          "raw",
          "endraw",
          "break",
          "continue",
          "caller()",
          "\u2028",
          "\ud83d",
          "é",
          "\0");

  @Test
  void survives() {
    fuzz(SEED, ROUNDS);
  }

  @Test
  @Soak
  void soak() {
    fuzz(SEED + 1, Integer.getInteger("folkmoot.soak.rounds", 1_000_000));
  }

  private static void fuzz(long seed, int rounds) {
    JsonNode fixture = Fixtures.json("constructs.json");
    Map<String, @Nullable Object> variables = Fixtures.map(fixture.path("variables"));
    List<String> seeds = new ArrayList<>(List.of(Fixtures.SMOLLM2));
    fixture.path("cases").forEach(sample -> seeds.add(sample.path("template").textValue()));
    fixture.path("errors").forEach(sample -> seeds.add(sample.path("template").textValue()));
    SplittableRandom random = new SplittableRandom(seed);
    int rendered = 0;
    for (int round = 0; round < rounds; round++) {
      String template = template(random.split(), seeds);
      try {
        Text output = Fixtures.run(template, variables);
        assertThat(output.segments().stream().map(Segment::text).collect(Collectors.joining()))
            .isEqualTo(output.string());
        rendered++;
      } catch (FolkmootException fault) {
        assertThat(Fixtures.message(fault).lines().count())
            .as("seed %d, round %d: %s", seed, round, template)
            .isEqualTo(1);
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        throw new AssertionError("seed %d, round %d: %s".formatted(seed, round, template), e);
      }
    }
    assertThat(rendered).as("templates that still render").isGreaterThan(rounds / 20);
  }

  private static String template(SplittableRandom random, List<String> seeds) {
    return switch (random.nextInt(10)) {
      case 0 -> noise(random);
      case 1, 2 -> pieces(random);
      default -> mutated(random, seeds);
    };
  }

  private static String noise(SplittableRandom random) {
    byte[] bytes = new byte[random.nextInt(200)];
    random.nextBytes(bytes);
    return "{{" + new String(bytes, ISO_8859_1);
  }

  private static String pieces(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(30); i >= 0; i--) {
      text.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    return text.toString();
  }

  private static String mutated(SplittableRandom random, List<String> seeds) {
    StringBuilder text = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(text.length() + 1);
      int to = Math.min(text.length(), at + random.nextInt(12));
      switch (random.nextInt(5)) {
        case 0 -> text.delete(at, to);
        case 1 -> text.insert(at, text.substring(at, to));
        case 2 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
        case 3 -> {
          String other = seeds.get(random.nextInt(seeds.size()));
          int from = random.nextInt(other.length());
          text.insert(at, other.substring(from, Math.min(other.length(), from + 40)));
        }
        default -> {
          if (at < text.length()) {
            text.setCharAt(at, (char) (text.charAt(at) ^ (1 << random.nextInt(7))));
          }
        }
      }
    }
    return text.toString();
  }
}
