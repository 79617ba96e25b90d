package org.folkmoot.engine.template;

import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a template sees beside the messages. Immutable.
 *
 * @param bosToken how the vocabulary spells its begin-of-sequence token; empty where it has none
 * @param eosToken how it spells its end-of-sequence token; empty where it has none
 * @param addGenerationPrompt whether the prompt ends where the model is to speak
 * @param tools the tools on offer, each as JSON would say it; empty for none, which templates see
 *     as {@code none}
 * @param variables further variables by name, as JSON would say them: {@code enable_thinking},
 *     {@code date_string}, {@code documents}, … They are text of the caller, never trusted
 * @param now what {@code strftime_now} tells, in the reader's own time zone; null leaves that
 *     function undefined, and templates that test for it print their fixed date. Templates never
 *     read a clock, so equal contexts give equal prompts
 */
public record TemplateContext(
    String bosToken,
    String eosToken,
    boolean addGenerationPrompt,
    List<Map<String, @Nullable Object>> tools,
    Map<String, @Nullable Object> variables,
    @Nullable LocalDateTime now) {
  /** Checks that all are there and copies the collections. */
  public TemplateContext {
    Objects.requireNonNull(bosToken, "bosToken");
    Objects.requireNonNull(eosToken, "eosToken");
    tools = List.copyOf(tools);
    variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
  }

  /** A context for the model to speak next, without tools, variables or a date. */
  public static TemplateContext of(String bosToken, String eosToken) {
    return new TemplateContext(bosToken, eosToken, true, List.of(), Map.of(), null);
  }

  /** The same with or without the model's turn opened. */
  public TemplateContext withGenerationPrompt(boolean add) {
    return new TemplateContext(bosToken, eosToken, add, tools, variables, now);
  }

  /** The same with these tools. */
  public TemplateContext withTools(List<Map<String, @Nullable Object>> others) {
    return new TemplateContext(bosToken, eosToken, addGenerationPrompt, others, variables, now);
  }

  /** The same with these variables instead of the present ones. */
  public TemplateContext withVariables(Map<String, @Nullable Object> others) {
    return new TemplateContext(bosToken, eosToken, addGenerationPrompt, tools, others, now);
  }

  /** The same at this time. */
  public TemplateContext withNow(LocalDateTime time) {
    return new TemplateContext(bosToken, eosToken, addGenerationPrompt, tools, variables, time);
  }
}
