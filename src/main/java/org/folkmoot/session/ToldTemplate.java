package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.template.ChatTemplate;
import org.jspecify.annotations.Nullable;

/**
 * A chat template together with what it is told beside the messages, {@code enable_thinking} for
 * instance: a template of its own, which begins by setting that. Receipts name it, so that what
 * shaped a prompt is signed, and rendering it again needs nothing else.
 */
public final class ToldTemplate {
  /** What a template can ask for. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /**
   * The name under which variables hold the day that the template may write, {@code 2026-11-28}: of
   * the function that templates ask for it.
   */
  public static final String DAY = "strftime_now";

  private ToldTemplate() {}

  /**
   * Variables with the day, in UTC as in receipts, if they name none. Taken once for an answer:
   * prompt and receipt must be of the same day.
   */
  public static Map<String, @Nullable Object> today(
      InstantSource clock, Map<String, @Nullable Object> variables) {
    Map<String, @Nullable Object> all = new LinkedHashMap<>(variables);
    all.putIfAbsent(DAY, LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC).toString());
    return Collections.unmodifiableMap(all);
  }

  /**
   * The template that gives without variables what another one gives with them.
   *
   * @param variables truth values and texts by name; a day is left out where the template writes
   *     none
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the day is none
   */
  public static String of(String template, Map<String, @Nullable Object> variables) {
    StringBuilder all = new StringBuilder();
    new TreeMap<>(variables)
        .forEach((name, value) -> {
          if (NAME.matcher(name).matches() && !name.equals(DAY)) {
            all.append("{% set ").append(name).append(" = ").append(literal(value)).append(" %}");
          }
        });
    Object day = variables.get(DAY);
    String told = all + template;
    return day != null && template.contains(DAY) ? ChatTemplate.dated(told, day(day)) : told;
  }

  /** The day that a variable means. */
  static LocalDate day(Object value) {
    try {
      return LocalDate.parse(value.toString());
    } catch (DateTimeParseException noDay) {
      throw new FolkmootException(
          BAD_REQUEST, "'" + DAY + "' must be a day such as 2026-11-28", noDay);
    }
  }

  private static String literal(@Nullable Object value) {
    return switch (value) {
      case null -> "none";
      case String text ->
          "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
      case Object other -> other.toString();
    };
  }
}
