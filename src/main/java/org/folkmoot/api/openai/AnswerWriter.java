package org.folkmoot.api.openai;

import java.util.List;
import java.util.Optional;

/**
 * Writes the JSON of an answer, as a whole or in the chunks of a stream. Immutable, safe for many
 * threads.
 */
public interface AnswerWriter {
  /** Why an answer ended, in OpenAI's words. */
  enum FinishReason {
    /** The model ended it, or a stop string came. */
    STOP("stop"),
    /** It reached its token limit or the context's end. */
    LENGTH("length"),
    /** The node's declared policy refused it. */
    CONTENT_FILTER("content_filter");

    private final String text;

    FinishReason(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /**
   * What all chunks of one response say.
   *
   * @param id unique among responses
   * @param created seconds since 1970
   * @param model the model's name as the request gave it
   * @param digest SHA-256 of the model file, in hexadecimal
   * @param includeUsage whether the stream ends with a chunk of counts
   */
  record Head(String id, long created, String model, String digest, boolean includeUsage) {}

  /**
   * One whole answer.
   *
   * @param thought what the model thought before; empty for nothing
   * @param text its text
   * @param logprobs per token; empty if not asked for
   * @param reason why it ended
   */
  record Answer(
      String thought, String text, Optional<List<TokenLogprob>> logprobs, FinishReason reason) {}

  /**
   * How many tokens.
   *
   * @param prompt of all prompts, each counted once
   * @param cached those of them whose keys and values were there already
   * @param generated of all answers
   */
  record Tokens(long prompt, long cached, long generated) {}

  /** What opens one choice of a stream, where the shape has such a thing. */
  Optional<byte[]> opening(int choice);

  /** A piece of what the model thinks before one choice. */
  default byte[] thought(int choice, String text, Optional<List<TokenLogprob>> logprobs) {
    return piece(choice, text, logprobs);
  }

  /** A piece of one choice. */
  byte[] piece(int choice, String text, Optional<List<TokenLogprob>> logprobs);

  /**
   * The end of one choice.
   *
   * @param provenance of all choices, if this is the stream's last chunk
   */
  byte[] ending(int choice, FinishReason reason, Optional<Provenance> provenance);

  /** The chunk of counts, the stream's last. */
  byte[] usage(Tokens tokens, Provenance provenance);

  /** The response that is not a stream. */
  byte[] whole(List<Answer> answers, Tokens tokens, Provenance provenance);
}
