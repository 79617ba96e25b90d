package org.folkmoot.engine.template;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One message of a conversation.
 *
 * @param role who speaks: {@code system}, {@code user}, {@code assistant} or {@code tool}
 * @param content what is said
 * @param fields further fields as templates know them, for instance {@code tool_calls}, {@code
 *     tool_call_id} or {@code name}: what JSON can say (maps with string keys, lists, strings,
 *     numbers, truth values, null). Neither {@code role} nor {@code content} may be among them
 */
public record ChatMessage(String role, String content, Map<String, @Nullable Object> fields) {
  // Spelled out: in a compact constructor the compiler loses that values may be null.
  /** Checks that all are there and copies the fields. */
  public ChatMessage(String role, String content, Map<String, @Nullable Object> fields) {
    if (fields.containsKey("role") || fields.containsKey("content")) {
      throw new IllegalArgumentException("role and content are not further fields");
    }
    this.role = Objects.requireNonNull(role, "role");
    this.content = Objects.requireNonNull(content, "content");
    // Not Map.copyOf: the order of the fields shows in templates that print them, and JSON has
    // null.
    this.fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  /** A message that has nothing but its text. */
  public ChatMessage(String role, String content) {
    this(role, content, Map.of());
  }
}
