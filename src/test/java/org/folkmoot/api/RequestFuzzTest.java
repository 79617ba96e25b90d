package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.completion;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ChatRequest;
import org.folkmoot.api.openai.CompletionRequest;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

/** Whatever a body is, it is read or refused, and nothing else happens. */
class RequestFuzzTest {
  private static final List<String> SEEDS =
      List.of(
          chat(
              "\"n\": 2",
              "\"stop\": [\"a\", \"b\"]",
              "\"logit_bias\": {\"5\": 1.5}",
              "\"stream\": true",
              "\"stream_options\": {\"include_usage\": true}",
              "\"folkmoot\": {\"privacy\": \"local\", \"disclose\": true, \"salt\": \""
                  + "5c".repeat(32)
                  + "\"}"),
          chat(
              "\"logprobs\": true",
              "\"top_logprobs\": 3",
              "\"response_format\": {\"type\": \"text\"}"),
          completion("[1, 2, 3]", "\"echo\": true", "\"max_tokens\": 5"),
          completion("[\"a\", [1, 2]]", "\"logprobs\": 3", "\"seed\": -5"));

  private static final String[] SPLICES = {
    "null",
    "true",
    "-1",
    "1e400",
    "\"\"",
    "[]",
    "{}",
    "[[",
    "\\ud800",
    "\"",
    ",",
    ":",
    "0x1",
    "99999999999999999999",
    "\u0000",
    "{\"type\":\"text\"}",
    "[null]",
    "\\u0000"
  };

  @Test
  void mutatedBodies() {
    fuzz(1, 10_000);
  }

  /** Run with {@code -Dtest.excluded.groups= -Dfolkmoot.fuzz.rounds=…}. */
  @Test
  @Soak
  void mutatedBodiesForLong() {
    for (long seed = 2; seed < 2 + Long.getLong("folkmoot.fuzz.rounds", 100); seed++) {
      fuzz(seed, 10_000);
    }
  }

  private static void fuzz(long seed, int rounds) {
    Random random = new Random(seed);
    int read = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] body = mutate(random, SEEDS.get(random.nextInt(SEEDS.size())));
      read += isRead(ChatRequest::parse, body, seed, round) ? 1 : 0;
      read += isRead(CompletionRequest::parse, body, seed, round) ? 1 : 0;
    }
    assertThat(read).as("some mutations are harmless").isPositive();
  }

  private static boolean isRead(Consumer<byte[]> parser, byte[] body, long seed, int round) {
    try {
      parser.accept(body);
      return true;
    } catch (ApiException refused) {
      assertThat(refused.status()).isEqualTo(400);
      return false;
    } catch (FolkmootException outOfRange) {
      return false;
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError("seed " + seed + " round " + round, e);
    }
  }

  private static byte[] mutate(Random random, String seed) {
    StringBuilder text = new StringBuilder(seed);
    for (int i = 0; i < 1 + random.nextInt(3); i++) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(4)) {
        case 0 -> text.setCharAt(at, (char) random.nextInt(128));
        case 1 -> text.insert(at, SPLICES[random.nextInt(SPLICES.length)]);
        case 2 -> text.delete(at, Math.min(text.length() - 1, at + random.nextInt(8)));
        default -> {
          int end = Math.min(text.length(), at + random.nextInt(6));
          text.replace(at, end, SPLICES[random.nextInt(SPLICES.length)]);
        }
      }
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    if (random.nextInt(8) == 0) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return bytes;
  }
}
