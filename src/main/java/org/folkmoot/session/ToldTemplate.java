package org.folkmoot.session;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A chat template together with what it is told beside the messages, {@code enable_thinking} for
 * instance: a template of its own, which begins by setting that. Receipts name it, so that what
 * shaped a prompt is signed, and rendering it again needs nothing else.
 */
public final class ToldTemplate {
  /** What a template can ask for. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private ToldTemplate() {}

  /**
   * The template that gives without variables what another one gives with them.
   *
   * @param variables truth values and texts by name
   */
  public static String of(String template, Map<String, @Nullable Object> variables) {
    StringBuilder all = new StringBuilder();
    new TreeMap<>(variables)
        .forEach((name, value) -> {
          if (NAME.matcher(name).matches()) {
            all.append("{% set ").append(name).append(" = ").append(literal(value)).append(" %}");
          }
        });
    return all + template;
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
