package org.folkmoot.engine.template;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.template.Value.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template: a program in Jinja that writes a conversation the way the model was
 * taught. Immutable and safe for use by many threads.
 *
 * <p>The language is the part of Jinja 3.1 that templates of model files use, with Python's values
 * and printing, under the settings that they are written for: {@code trim_blocks}, {@code
 * lstrip_blocks}, loop controls, and the functions {@code raise_exception} and {@code
 * strftime_now}. There is no access to anything but the values given, and every rendering is
 * bounded (see {@link Budget}): a template comes from a stranger.
 */
public final class ChatTemplate {
  /** The largest template. Those that models ship have up to 20,000 characters. */
  private static final int MAX_SOURCE = 256 << 10;

  /** The comment that a template of one day begins with: see {@link #dated}. */
  private static final Pattern DAY =
      Pattern.compile("\\A\\{# strftime_now: (\\d{4}-\\d{2}-\\d{2}) #\\}");

  private final String source;
  private final List<Node> nodes;
  private final @Nullable LocalDateTime day;

  private ChatTemplate(String source, List<Node> nodes) {
    this.source = source;
    this.nodes = nodes;
    this.day = day(source).map(LocalDate::atStartOfDay).orElse(null);
  }

  /** Its text. */
  public String source() {
    return source;
  }

  /**
   * The text of the template that is the same on any day as another one on this: a comment before
   * it says the day. Whoever renders it again needs no clock, and Jinja elsewhere passes over it.
   */
  public static String dated(String source, LocalDate day) {
    return "{# strftime_now: " + day + " #}" + source;
  }

  /** The day that a template's text says it is of. */
  public static Optional<LocalDate> day(String source) {
    Matcher says = DAY.matcher(source);
    try {
      return says.find() ? Optional.of(LocalDate.parse(says.group(1))) : Optional.empty();
    } catch (DateTimeParseException noDay) {
      return Optional.empty();
    }
  }

  /** A template's text without the comment that says its day. */
  public static String undated(String source) {
    return day(source).isEmpty() ? source : DAY.matcher(source).replaceFirst("");
  }

  /**
   * Parses a template.
   *
   * @throws FolkmootException BAD_FILE where it is not Jinja, UNSUPPORTED where it is Jinja that
   *     this engine does not speak; the message names the line and the construct
   */
  public static ChatTemplate compile(String source) {
    if (source.length() > MAX_SOURCE) {
      throw new FolkmootException(
          BAD_FILE,
          "the chat template has %d characters, more than %d: this model file is not usable for chat"
              .formatted(source.length(), MAX_SOURCE));
    }
    Lexer lexer = new Lexer(undated(source));
    List<Token> tokens;
    try {
      tokens = lexer.tokens();
    } catch (TemplateFault fault) {
      throw fault.at(lexer.line());
    }
    Cursor cursor = new Cursor(tokens);
    try {
      return new ChatTemplate(source, new StatementParser(cursor).template());
    } catch (TemplateFault fault) {
      throw fault.at(cursor.line());
    }
  }

  /**
   * The prompt of a conversation.
   *
   * @throws FolkmootException BAD_REQUEST if the template refuses the conversation, in the words of
   *     the template, cannot be applied to it, or takes more than any rendering may; UNSUPPORTED if
   *     the template does something that this engine does not. No message carries text of the
   *     conversation
   */
  public String render(List<ChatMessage> messages, TemplateContext context) {
    return renderText(messages, context).string();
  }

  /**
   * The prompt of a conversation in stretches, which tell what the template's author wrote from
   * what came with the conversation. Their concatenation is {@link #render}. Encode them so that
   * special tokens are found within trusted segments only: then nobody can end a turn and forge
   * another by typing {@code <|im_end|>}.
   *
   * @throws FolkmootException as {@link #render}
   */
  public List<Segment> renderSegments(List<ChatMessage> messages, TemplateContext context) {
    return renderText(messages, context).segments();
  }

  private Text renderText(List<ChatMessage> messages, TemplateContext context) {
    Budget budget = new Budget();
    Map<String, Value> variables;
    try {
      variables = variables(messages, context, new Values(budget));
    } catch (TemplateFault fault) {
      throw fault.at(0);
    }
    return run(variables, context.now() != null ? context.now() : day, budget);
  }

  private static Map<String, Value> variables(
      List<ChatMessage> messages, TemplateContext context, Values values) {
    List<Value> turns = new ArrayList<>(messages.size());
    messages.forEach(message -> turns.add(values.of(message)));
    Map<String, Value> variables = new LinkedHashMap<>();
    variables.put(
        "tools", context.tools().isEmpty() ? Value.None.NONE : values.of(context.tools()));
    variables.put("documents", Value.None.NONE);
    context.variables().forEach((name, value) -> variables.put(name, values.of(value)));
    variables.put("messages", Sequence.list(turns));
    variables.put("add_generation_prompt", Value.Bool.of(context.addGenerationPrompt()));
    variables.put("bos_token", Text.trusted(context.bosToken()));
    variables.put("eos_token", Text.trusted(context.eosToken()));
    return variables;
  }

  /** The output for any variables; {@code strftime_now} is defined only where a time is given. */
  Text run(Map<String, Value> variables, @Nullable LocalDateTime now, Budget budget) {
    Scope scope = new Scope(null);
    scope.set("range", Value.Function.RANGE);
    scope.set("namespace", Value.Function.NAMESPACE);
    scope.set("dict", Value.Function.DICT);
    scope.set("raise_exception", Value.Function.RAISE_EXCEPTION);
    if (now != null) {
      scope.set("strftime_now", Value.Function.STRFTIME_NOW);
    }
    variables.forEach(scope::set);
    try {
      return new Renderer(budget, now).render(nodes, scope);
    } catch (TemplateFault fault) {
      throw fault.at(budget.line());
    }
  }
}
