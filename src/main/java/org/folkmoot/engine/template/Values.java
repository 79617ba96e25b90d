package org.folkmoot.engine.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.folkmoot.engine.template.Value.Dict;
import org.folkmoot.engine.template.Value.Sequence;
import org.jspecify.annotations.Nullable;

/** Turns what callers give into values of templates. None of it is trusted. */
final class Values {
  /**
   * Roles by the names that templates know. Only these are trusted: some templates spell a special
   * token around the role ({@code '<|' + message.role + '|>'}), which a role of the caller's own
   * making must not become.
   */
  private static final Set<String> KNOWN_ROLES =
      Set.of("assistant", "developer", "function", "ipython", "model", "system", "tool", "user");

  private final Budget budget;

  Values(Budget budget) {
    this.budget = budget;
  }

  /** The message as templates see it: a dictionary of role, content and the further fields. */
  Dict of(ChatMessage message) {
    Dict dict = new Dict();
    dict.put("role", Text.of(message.role(), KNOWN_ROLES.contains(message.role())));
    dict.put("content", text(message.content()));
    message.fields().forEach((name, value) -> put(dict, name, value, 1));
    return dict;
  }

  /** The value of what JSON can say. */
  Value of(@Nullable Object json) {
    return of(json, 0);
  }

  private Value of(@Nullable Object json, int depth) {
    budget.elements(1);
    if (depth > Budget.MAX_VALUE_DEPTH - 8) {
      throw TemplateFault.wrong("tools or fields of messages nest too deep");
    }
    return switch (json) {
      case null -> Value.None.NONE;
      case String string -> text(string);
      case Boolean bool -> Value.Bool.of(bool);
      case Long number -> new Value.Int(number);
      case Integer number -> new Value.Int(number);
      case Short number -> new Value.Int(number);
      case Byte number -> new Value.Int(number);
      case BigInteger number when number.bitLength() < Long.SIZE ->
          new Value.Int(number.longValue());
      case Number number -> new Value.Real(number.doubleValue());
      case Map<?, ?> map -> {
        Dict dict = new Dict();
        map.forEach((name, value) -> put(dict, String.valueOf(name), value, depth + 1));
        yield dict;
      }
      case List<?> list -> {
        List<Value> items = new ArrayList<>(list.size());
        list.forEach(item -> items.add(of(item, depth + 1)));
        yield Sequence.list(items);
      }
      default ->
          throw new IllegalArgumentException("no value of JSON: " + json.getClass().getName());
    };
  }

  private void put(Dict dict, String name, @Nullable Object value, int depth) {
    dict.put(name, text(name), of(value, depth));
  }

  private static Text text(String string) {
    if (string.length() > Budget.MAX_TEXT) {
      throw TemplateFault.wrong(
          "a message has more than " + Budget.MAX_TEXT + " characters: shorten it");
    }
    return Text.untrusted(string);
  }
}
