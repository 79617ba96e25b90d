package org.folkmoot.engine.template;

import org.jspecify.annotations.Nullable;

/**
 * How {@code tojson} writes: the parameters of Python's {@code json.dumps} that templates use.
 *
 * @param indent what indents one level; null for all on one line
 * @param ascii whether other characters are escaped
 * @param sorted whether keys are sorted
 * @param itemSeparator between items
 * @param keySeparator between key and value
 */
record JsonStyle(
    @Nullable String indent,
    boolean ascii,
    boolean sorted,
    String itemSeparator,
    String keySeparator) {
  /** The widest indentation: more is no layout but a way to fill memory. */
  private static final int MAX_INDENT = 64;

  /** By the arguments of the filter. */
  static JsonStyle of(Args.Bound arguments, Operators operators) {
    String indent =
        switch (arguments.get("indent", Value.None.NONE)) {
          case Value.None _ -> null;
          case Text text -> text.string();
          default -> " ".repeat(Math.clamp(arguments.wholeNumber("indent", 0), 0, MAX_INDENT));
        };
    String item = indent == null ? ", " : ",";
    String key = ": ";
    if (arguments.get("separators", Value.None.NONE) instanceof Value.Sequence pair) {
      if (pair.items().size() != 2
          || !(pair.items().get(0) instanceof Text first)
          || !(pair.items().get(1) instanceof Text second)) {
        throw TemplateFault.wrong("the argument 'separators' must be two strings");
      }
      item = first.string();
      key = second.string();
    }
    boolean ascii = operators.isTrue(arguments.get("ensure_ascii", Value.Bool.FALSE));
    boolean sorted = operators.isTrue(arguments.get("sort_keys", Value.Bool.FALSE));
    return new JsonStyle(indent, ascii, sorted, item, key);
  }
}
