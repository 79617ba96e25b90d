package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Writes values as Python's {@code json.dumps} does: with a space after commas and colons where
 * there is no indentation, and NaN and infinities by their JavaScript names.
 */
final class JsonWriter {
  private final Printer out;
  private final JsonStyle style;

  JsonWriter(Printer out, JsonStyle style) {
    this.out = out;
    this.style = style;
  }

  void write(Value value, int level) {
    out.step();
    switch (value) {
      case Value.None _ -> out.put("null");
      case Value.Bool bool -> out.put(bool.value() ? "true" : "false");
      case Value.Int number -> out.put(Long.toString(number.value()));
      case Value.Real number -> out.put(real(number.value()));
      case Text text -> string(out.reads(text));
      case Value.Sequence sequence when sequence.kind() == Value.Sequence.Kind.LIST ->
          list(sequence.items(), level);
      case Value.Sequence sequence when sequence.kind() == Value.Sequence.Kind.TUPLE ->
          list(sequence.items(), level);
      case Value.Dict dict -> dict(dict, level);
      case Value.Undefined undefined -> throw undefined.fault();
      case Value.Sequence _,
          Value.Stream _,
          Value.Namespace _,
          Value.Loop _,
          Value.Function _,
          Value.Method _,
          Value.Macro _ ->
          throw TemplateFault.wrong(value.type() + " cannot be written as JSON");
    }
  }

  private static String real(double value) {
    if (Double.isFinite(value)) {
      return Numbers.repr(value);
    }
    return Double.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }

  private void list(List<Value> items, int level) {
    out.put("[");
    for (int i = 0; i < items.size(); i++) {
      beforeItem(i == 0, level + 1);
      write(items.get(i), level + 1);
    }
    afterItems(items.isEmpty(), level);
    out.put("]");
  }

  private void dict(Value.Dict dict, int level) {
    List<Value.Dict.Entry> entries = new ArrayList<>(dict.size());
    dict.entries().forEach(entries::add);
    if (style.sorted()) {
      entries.sort(Comparator.comparing(entry -> key(entry.key())));
    }
    out.put("{");
    for (int i = 0; i < entries.size(); i++) {
      beforeItem(i == 0, level + 1);
      string(key(entries.get(i).key()));
      out.put(style.keySeparator());
      write(entries.get(i).value(), level + 1);
    }
    afterItems(entries.isEmpty(), level);
    out.put("}");
  }

  private String key(Value key) {
    return switch (key) {
      case Text text -> out.reads(text);
      case Value.None _ -> "null";
      case Value.Bool bool -> bool.value() ? "true" : "false";
      case Value.Int number -> Long.toString(number.value());
      case Value.Real number -> real(number.value());
      default -> throw TemplateFault.wrong(key.type() + " cannot be a key in JSON");
    };
  }

  private void beforeItem(boolean first, int level) {
    out.put(first ? "" : style.itemSeparator());
    newLine(level);
  }

  private void afterItems(boolean none, int level) {
    if (!none) {
      newLine(level);
    }
  }

  private void newLine(int level) {
    String indent = style.indent();
    if (indent != null) {
      out.put("\n");
      for (int i = 0; i < level; i++) {
        out.put(indent);
      }
    }
  }

  private void string(String text) {
    StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\t' -> quoted.append("\\t");
        case '\b' -> quoted.append("\\b");
        case '\f' -> quoted.append("\\f");
        default -> {
          if (c < 0x20 || (style.ascii() && c > 0x7e)) {
            quoted.append(String.format("\\u%04x", (int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    out.put(quoted.append('"').toString());
  }
}
