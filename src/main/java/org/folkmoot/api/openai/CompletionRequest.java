package org.folkmoot.api.openai;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.folkmoot.api.openai.JsonObject.JsonValue;
import org.folkmoot.session.GenerationRequest;

/**
 * A request to {@code POST /v1/completions}.
 *
 * @param options what it shares with chats; its {@code maxTokens} is always there
 * @param prompts at least one; each has {@code options.choices()} answers
 * @param topLogprobs as in {@link GenerationRequest}: -1 for none
 * @param echo whether the text begins with the prompt
 */
public record CompletionRequest(
    AnswerOptions options, List<Prompt> prompts, int topLogprobs, boolean echo) {
  /** OpenAI's default. */
  private static final int DEFAULT_MAX_TOKENS = 16;

  /** A prompt, in either of the forms in which it can come. */
  public sealed interface Prompt {
    /** As text, to be tokenised. */
    record Text(String text) implements Prompt {}

    /** As the ids themselves, none negative. */
    record Ids(List<Integer> ids) implements Prompt {
      /** Copies the list. */
      public Ids {
        ids = List.copyOf(ids);
      }
    }
  }

  /** Copies the list. */
  public CompletionRequest {
    prompts = List.copyOf(prompts);
  }

  /**
   * Reads a body.
   *
   * @throws ApiException 400 that names the field at fault
   */
  public static CompletionRequest parse(byte[] json) {
    JsonObject body = JsonObject.parse(json);
    if (body.text("suffix").filter(suffix -> !suffix.isEmpty()).isPresent()) {
      throw ApiException.unsupported("suffix", "suffix is not supported: leave it out");
    }
    OptionalInt maxTokens =
        OptionalInt.of(AnswerOptions.maxTokens(body, "max_tokens").orElse(DEFAULT_MAX_TOKENS));
    AnswerOptions options = AnswerOptions.read(body, maxTokens);
    if (body.integer("best_of", 1, Integer.MAX_VALUE).orElse(options.choices())
        != options.choices()) {
      throw ApiException.unsupported("best_of", "best_of is not supported: use n");
    }
    boolean echo = body.flag("echo");
    int topLogprobs =
        (int) body.integer("logprobs", 0, GenerationRequest.MAX_TOP_LOGPROBS).orElse(-1);
    if (echo && topLogprobs >= 0) {
      throw ApiException.unsupported(
          "echo", "echo with logprobs is not supported: a prompt's own tokens have none here");
    }
    List<Prompt> prompts =
        prompts(
            body.value("prompt")
                .orElseThrow(() -> ApiException.invalid("prompt", "prompt is missing")));
    if (prompts.size() * options.choices() > AnswerOptions.MAX_ANSWERS) {
      throw ApiException.invalid(
          "prompt", "prompts times n must be at most " + AnswerOptions.MAX_ANSWERS);
    }
    return new CompletionRequest(options, prompts, topLogprobs, echo);
  }

  private static List<Prompt> prompts(JsonValue prompt) {
    if (!prompt.isList()) {
      return List.of(new Prompt.Text(prompt.text()));
    }
    if (prompt.size() == 0) {
      throw ApiException.invalid("prompt", "prompt is empty");
    }
    if (prompt.at(0).isWhole()) {
      return List.of(ids(prompt));
    }
    if (prompt.size() > AnswerOptions.MAX_ANSWERS) {
      throw ApiException.invalid(
          "prompt", "a request may hold at most " + AnswerOptions.MAX_ANSWERS + " prompts");
    }
    List<Prompt> prompts = new ArrayList<>();
    for (int i = 0; i < prompt.size(); i++) {
      JsonValue one = prompt.at(i);
      prompts.add(one.isList() ? ids(one) : new Prompt.Text(one.text()));
    }
    return prompts;
  }

  private static Prompt ids(JsonValue list) {
    List<Integer> ids = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      long id = list.at(i).whole();
      if (id < 0 || id > Integer.MAX_VALUE) {
        throw ApiException.invalid(list.path(), list.path() + " holds what is no token id");
      }
      ids.add((int) id);
    }
    return new Prompt.Ids(ids);
  }
}
