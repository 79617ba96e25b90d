package org.folkmoot.engine.template;

import java.util.List;

/**
 * Values as Python prints them ({@code str}, {@code repr}) and as JSON. A text made of a whole
 * collection is trusted only if every string in it is; numbers and truth values carry no mark, for
 * they can spell nothing.
 */
final class Printer {
  private final Budget budget;
  private final StringBuilder out = new StringBuilder();
  private boolean trusted = true;

  private Printer(Budget budget) {
    this.budget = budget;
  }

  /** Python's {@code str(value)}: what a template prints. */
  static Text str(Value value, Budget budget) {
    return switch (value) {
      case Text text -> text;
      case Value.Undefined _ -> Text.EMPTY;
      default -> {
        Printer printer = new Printer(budget);
        printer.repr(value);
        yield printer.text();
      }
    };
  }

  /** Python's {@code repr(value)}. */
  static Text repr(Value value, Budget budget) {
    Printer printer = new Printer(budget);
    printer.repr(value);
    return printer.text();
  }

  /** Python's {@code json.dumps(value)} under these options. */
  static Text json(Value value, JsonStyle style, Budget budget) {
    Printer printer = new Printer(budget);
    new JsonWriter(printer, style).write(value, 0);
    return printer.text();
  }

  private Text text() {
    budget.characters(out.length());
    return Text.of(out.toString(), trusted);
  }

  Printer put(String text) {
    if (text.length() > Budget.MAX_TEXT - out.length()) {
      throw Budget.tooLong();
    }
    out.append(text);
    return this;
  }

  /** Notes that this text becomes part of what is printed. */
  String reads(Text text) {
    budget.characters(text.units());
    trusted &= text.isTrusted();
    return text.string();
  }

  /** Pays for one more value. */
  void step() {
    budget.steps(1);
  }

  private void repr(Value value) {
    budget.steps(1);
    switch (value) {
      case Value.None _ -> put("None");
      case Value.Undefined _ -> put("Undefined");
      case Value.Bool bool -> put(bool.value() ? "True" : "False");
      case Value.Int number -> put(Long.toString(number.value()));
      case Value.Real number -> put(Numbers.repr(number.value()));
      case Text text -> quoted(reads(text));
      case Value.Sequence sequence -> sequence(sequence);
      case Value.Dict dict -> dict(dict);
      case Value.Stream _,
          Value.Namespace _,
          Value.Loop _,
          Value.Function _,
          Value.Method _,
          Value.Macro _ ->
          throw TemplateFault.unsupported("printing " + value.type());
    }
  }

  private void sequence(Value.Sequence sequence) {
    List<Value> items = sequence.items();
    switch (sequence.kind()) {
      case LIST -> items("[", items, "]");
      case TUPLE -> items("(", items, items.size() == 1 ? ",)" : ")");
      case KEYS, VALUES, ITEMS -> items(sequence.kind().python + "([", items, "])");
      case RANGE -> throw TemplateFault.unsupported("printing a range");
    }
  }

  private void items(String open, List<Value> items, String close) {
    put(open);
    for (int i = 0; i < items.size(); i++) {
      put(i == 0 ? "" : ", ");
      repr(items.get(i));
    }
    put(close);
  }

  private void dict(Value.Dict dict) {
    put("{");
    boolean first = true;
    for (Value.Dict.Entry entry : dict.entries()) {
      put(first ? "" : ", ");
      first = false;
      repr(entry.key());
      put(": ");
      repr(entry.value());
    }
    put("}");
  }

  private void quoted(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    put(String.valueOf(quote));
    StringBuilder escaped = new StringBuilder(text.length() + 2);
    text.codePoints().forEach(c -> escape(c, quote, escaped));
    put(escaped.append(quote).toString());
  }

  private static void escape(int c, char quote, StringBuilder to) {
    switch (c) {
      case '\\' -> to.append("\\\\");
      case '\n' -> to.append("\\n");
      case '\r' -> to.append("\\r");
      case '\t' -> to.append("\\t");
      default -> {
        if (c == quote) {
          to.append('\\').append(quote);
        } else if (Characters.isPrintable(c)) {
          to.appendCodePoint(c);
        } else if (c < 0x100) {
          to.append(String.format("\\x%02x", c));
        } else {
          to.append(String.format(c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
        }
      }
    }
  }
}
