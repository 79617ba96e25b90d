package org.folkmoot.api.openai;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.folkmoot.engine.tokenizer.Tokenizer;

/**
 * A token with its log-probability, as OpenAI's API reports it.
 *
 * @param token the token's text; where its bytes are no whole characters, {@code bytes:\xe2\x80};
 *     where it adds no text at all, its name in the vocabulary
 * @param bytes what it adds to the text
 * @param logprob natural logarithm of its probability
 * @param offset where it begins in the answer's text, in characters
 * @param top what could have come instead, likeliest first
 */
public record TokenLogprob(
    String token, byte[] bytes, float logprob, int offset, List<TokenLogprob> top) {
  /** Copies the list. */
  public TokenLogprob {
    top = List.copyOf(top);
  }

  /** An entry without alternatives. */
  public static TokenLogprob of(Tokenizer tokenizer, int id, float logprob) {
    byte[] bytes = tokenizer.bytes(id);
    String token = bytes.length == 0 ? tokenizer.spelling(id) : text(bytes);
    return new TokenLogprob(token, bytes, logprob, 0, List.of());
  }

  private static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return "bytes:\\x" + HexFormat.ofDelimiter("\\x").formatHex(bytes);
    }
  }

  /** How many characters of the answer's text it stands for. */
  public int length() {
    return bytes.length == 0 ? 0 : token.length();
  }
}
