package org.folkmoot.engine.template;

/**
 * A token of a template.
 *
 * @param kind what it is
 * @param text its characters: unescaped for strings, without underscores for numbers
 * @param line where it begins, counted from 1
 */
record Token(Kind kind, String text, int line) {
  /** The kinds of token. */
  enum Kind {
    /** Text outside of tags. */
    DATA,
    /** <code>{{</code>. */
    VARIABLE_BEGIN,
    /** <code>}}</code>. */
    VARIABLE_END,
    /** <code>{%</code>. */
    BLOCK_BEGIN,
    /** <code>%}</code>. */
    BLOCK_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    /** The end of the template. */
    END
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  boolean isOperator(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }

  /** How an error message shows it. */
  String shown() {
    return switch (kind) {
      case DATA -> "text";
      case END -> "the end of the template";
      case STRING -> "a string";
      case VARIABLE_BEGIN, VARIABLE_END, BLOCK_BEGIN, BLOCK_END, NAME, INTEGER, FLOAT, OPERATOR ->
          "'" + (text.length() > 40 ? text.substring(0, 40) + "…" : text) + "'";
    };
  }
}
