package org.folkmoot.api;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.folkmoot.api.Answering.Job;
import org.folkmoot.api.openai.AnswerOptions;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ChatRequest;
import org.folkmoot.api.openai.CompletionRequest;
import org.folkmoot.api.openai.CompletionRequest.Prompt;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;

/**
 * A request in the terms of one model: prompts as ids, limits resolved. It holds no more of the
 * request than the generations need, for it may wait long.
 *
 * @param jobs the answers to make, their choices numbered from 0
 * @param promptTokens tokens of all prompts, each counted once
 * @param stream whether to stream
 * @param includeUsage whether a stream ends with counts
 * @param logprobs whether answers come with log-probabilities
 */
record AnswerPlan(
    List<Job> jobs, long promptTokens, boolean stream, boolean includeUsage, boolean logprobs) {
  AnswerPlan {
    jobs = List.copyOf(jobs);
  }

  static AnswerPlan of(ChatRequest request, LanguageModel model, ApiEnvironment environment) {
    int[] ids = model.chatIds(request.messages());
    AnswerOptions options = request.options().withStops(model.chatStops());
    return of(options, List.of(ids), List.of(""), request.topLogprobs(), model, environment);
  }

  static AnswerPlan of(CompletionRequest request, LanguageModel model, ApiEnvironment environment) {
    Tokenizer tokenizer = model.tokenizer();
    List<int[]> prompts = new ArrayList<>();
    List<String> echoes = new ArrayList<>();
    for (Prompt prompt : request.prompts()) {
      int[] ids = ids(prompt, tokenizer);
      if (ids.length == 0) {
        throw ApiException.invalid("prompt", "the prompt is empty: give at least one token");
      }
      prompts.add(ids);
      echoes.add(request.echo() ? text(prompt, ids, tokenizer) : "");
    }
    return of(request.options(), prompts, echoes, request.topLogprobs(), model, environment);
  }

  private static int[] ids(Prompt prompt, Tokenizer tokenizer) {
    return switch (prompt) {
      // Whoever sends a raw prompt writes its template too, so its control tokens count.
      case Prompt.Text(String text) -> tokenizer.encodePrompt(text, Tokenizer.Specials.PARSE);
      case Prompt.Ids(List<Integer> ids) -> checked(ids, tokenizer.size());
    };
  }

  private static int[] checked(List<Integer> ids, int size) {
    for (int id : ids) {
      if (id >= size) {
        throw ApiException.invalid(
            "prompt",
            "the prompt holds token id " + id + ", but this model's end at " + (size - 1));
      }
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private static String text(Prompt prompt, int[] ids, Tokenizer tokenizer) {
    return switch (prompt) {
      case Prompt.Text(String text) -> text;
      case Prompt.Ids same -> tokenizer.decode(ids);
    };
  }

  private static AnswerPlan of(
      AnswerOptions options,
      List<int[]> prompts,
      List<String> echoes,
      int topLogprobs,
      LanguageModel model,
      ApiEnvironment environment) {
    checkBias(options.sampling(), model.tokenizer().size());
    long seed = options.seed().orElseGet(environment.random());
    List<Job> jobs = new ArrayList<>();
    long promptTokens = 0;
    for (int p = 0; p < prompts.size(); p++) {
      int[] ids = prompts.get(p);
      promptTokens += ids.length;
      int maxTokens = maxTokens(options.maxTokens(), ids.length, model.contextLength());
      for (int choice = 0; choice < options.choices(); choice++) {
        GenerationRequest request =
            new GenerationRequest(
                ids, options.sampler(seed, choice), maxTokens, options.stops(), topLogprobs);
        jobs.add(new Job(jobs.size(), request, echoes.get(p)));
      }
    }
    return new AnswerPlan(
        jobs, promptTokens, options.stream(), options.includeUsage(), topLogprobs >= 0);
  }

  private static int maxTokens(OptionalInt asked, int promptTokens, int contextLength) {
    int room = contextLength - promptTokens;
    if (room < 1) {
      throw ApiException.invalid(
          null,
          "context_length_exceeded",
          "the prompt has "
              + promptTokens
              + " tokens, and this model's context holds "
              + contextLength
              + " with the answer: shorten it");
    }
    return Math.min(room, asked.orElse(room));
  }

  private static void checkBias(SamplerSettings sampling, int size) {
    for (int id : sampling.logitBias().keySet()) {
      if (id >= size) {
        throw ApiException.invalid(
            "logit_bias", "logit_bias names token id " + id + ", which this model does not have");
      }
    }
  }
}
