package org.folkmoot.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.folkmoot.api.Answering.Job;
import org.folkmoot.api.openai.AnswerOptions;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ChatRequest;
import org.folkmoot.api.openai.CompletionRequest;
import org.folkmoot.api.openai.CompletionRequest.Prompt;
import org.folkmoot.api.openai.Provenance;
import org.folkmoot.api.openai.Provenance.Touch;
import org.folkmoot.api.openai.Wishes;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary.Shaping;
import org.folkmoot.session.ToldTemplate;
import org.jspecify.annotations.Nullable;

/**
 * A request in the terms of one model: prompts as ids, limits resolved. It holds no more of the
 * request than the generations need, for it may wait long.
 *
 * @param jobs the answers to make, their choices numbered from 0
 * @param promptTokens tokens of all prompts, each counted once
 * @param stream whether to stream
 * @param includeUsage whether a stream ends with counts
 * @param logprobs whether answers come with log-probabilities
 * @param asksOthers whether other peers compute the answers
 * @param disclose whether to send what opens the receipts
 * @param policy what the operator's policy does to the request
 * @param refusal what to answer if that is to refuse it
 */
record AnswerPlan(
    List<Job> jobs,
    long promptTokens,
    boolean stream,
    boolean includeUsage,
    boolean logprobs,
    boolean asksOthers,
    boolean disclose,
    Optional<Touch> policy,
    Optional<String> refusal) {
  AnswerPlan {
    jobs = List.copyOf(jobs);
  }

  static AnswerPlan of(ChatRequest request, LanguageModel model, ApiEnvironment environment) {
    Optional<Policy> policy = environment.policy();
    List<ChatMessage> messages =
        policy.map(one -> one.told(request.messages())).orElse(request.messages());
    List<String> said =
        request.messages().stream()
            .filter(message -> message.role().equals("user"))
            .map(ChatMessage::content)
            .toList();
    boolean told = policy.map(Policy::hasSystemPrompt).orElse(false);
    Map<String, @Nullable Object> variables =
        ToldTemplate.today(environment.clock(), request.variables());
    int[] ids = model.chatIds(messages, variables);
    AnswerOptions options = request.options().withStops(model.chatStops());
    Shaping shaping =
        new Shaping(
            Optional.of(ToldTemplate.of(model.chatTemplate(), variables)), system(messages));
    Prompts prompts = new Prompts(List.of(ids), List.of(""), shaping, said, told);
    return of(options, prompts, request.topLogprobs(), model, environment, policy);
  }

  static AnswerPlan of(CompletionRequest request, LanguageModel model, ApiEnvironment environment) {
    Optional<Policy> policy = environment.policy();
    Tokenizer tokenizer = model.tokenizer();
    List<int[]> prompts = new ArrayList<>();
    List<String> echoes = new ArrayList<>();
    List<String> said = new ArrayList<>();
    for (Prompt prompt : request.prompts()) {
      int[] ids = ids(prompt, tokenizer);
      if (ids.length == 0) {
        throw ApiException.invalid("prompt", "the prompt is empty: give at least one token");
      }
      prompts.add(ids);
      if (policy.isPresent()) {
        said.add(text(prompt, ids, tokenizer));
      }
      echoes.add(request.echo() ? text(prompt, ids, tokenizer) : "");
    }
    Prompts all = new Prompts(prompts, echoes, Shaping.RAW, said, false);
    return of(request.options(), all, request.topLogprobs(), model, environment, policy);
  }

  /** What the model is told first. */
  private static Optional<String> system(List<ChatMessage> messages) {
    return messages.stream()
        .limit(1)
        .filter(first -> first.role().equals("system"))
        .map(ChatMessage::content)
        .findFirst();
  }

  /** Where its answers come from. */
  Provenance provenance(List<Provenance.Proven> proven) {
    return new Provenance(asksOthers, disclose, proven, policy);
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
      Prompts prompts,
      int topLogprobs,
      LanguageModel model,
      ApiEnvironment environment,
      Optional<Policy> policy) {
    checkBias(options.sampling(), model.tokenizer().size());
    Wishes wishes = options.wishes();
    wishes.check(model.asksOthers(), prompts.ids.size() * options.choices());
    Optional<Touch> touch =
        policy.map(one -> new Touch(one.hash(), prompts.told, one.refuses(prompts.said)));
    long seed = options.seed().orElseGet(environment.random());
    List<Job> jobs = new ArrayList<>();
    long promptTokens = 0;
    for (int p = 0; p < prompts.ids.size(); p++) {
      int[] ids = prompts.ids.get(p);
      promptTokens += ids.length;
      int maxTokens = maxTokens(options.maxTokens(), ids.length, model.contextLength());
      for (int choice = 0; choice < options.choices(); choice++) {
        GenerationRequest request =
            new GenerationRequest(
                ids, options.sampler(seed, choice), maxTokens, options.stops(), topLogprobs);
        String echo = prompts.echoes.get(p);
        jobs.add(
            new Job(
                jobs.size(),
                choice == 0,
                request,
                echo,
                prompts.shaping.template().isPresent(),
                prompts.shaping,
                wishes.salt()));
      }
    }
    return new AnswerPlan(
        jobs,
        promptTokens,
        options.stream(),
        options.includeUsage(),
        topLogprobs >= 0,
        model.asksOthers(),
        wishes.disclose(),
        touch,
        touch.filter(Touch::refused).flatMap(_ -> policy).map(Policy::refusal));
  }

  /**
   * Prompts in the model's terms.
   *
   * @param echoes the text with which each answer begins
   * @param shaping what made the ids
   * @param said what the caller says, as a policy looks at it
   * @param told whether a policy's system prompt is in it
   */
  private record Prompts(
      List<int[]> ids, List<String> echoes, Shaping shaping, List<String> said, boolean told) {}

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
