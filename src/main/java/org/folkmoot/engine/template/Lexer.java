package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.engine.template.Token.Kind;

/**
 * Cuts a template into tokens, with the whitespace rules under which chat templates are written:
 * Jinja's {@code trim_blocks} (the newline after a block or comment goes) and {@code lstrip_blocks}
 * (spaces before one at the beginning of a line go), {@code -} and {@code +} signs, and no trailing
 * newline. Source: the lexer rules in the documentation of Jinja 3.1, "Whitespace Control".
 */
final class Lexer {
  private static final List<String> LONG_OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=");
  private static final String OPERATORS = "+-/*%~[](){}><=.:|,";

  private final String source;
  private final List<Token> tokens = new ArrayList<>();

  /** The closing brackets that are still to come. */
  private final StringBuilder brackets = new StringBuilder();

  private int at;
  private int line = 1;
  private boolean lineStart = true;

  Lexer(String template) {
    String unix = template.replace("\r\n", "\n").replace('\r', '\n');
    source = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
  }

  /** The line at which the lexer stands, for its faults. */
  int line() {
    return line;
  }

  List<Token> tokens() {
    while (at < source.length()) {
      int tag = nextTag(at);
      if (tag < 0) {
        data(source.substring(at));
        at = source.length();
      } else {
        tag(tag);
      }
    }
    tokens.add(new Token(Kind.END, "", line));
    return tokens;
  }

  private int nextTag(int from) {
    int brace = source.indexOf('{', from);
    while (brace >= 0 && brace + 1 < source.length()) {
      if ("{%#".indexOf(source.charAt(brace + 1)) >= 0) {
        return brace;
      }
      brace = source.indexOf('{', brace + 1);
    }
    return -1;
  }

  private void tag(int tag) {
    char kind = source.charAt(tag + 1);
    char sign = signAt(tag + 2);
    dataBefore(tag, sign, kind != '{');
    at = tag + (sign == ' ' ? 2 : 3);
    lineStart = false;
    switch (kind) {
      case '#' -> comment();
      case '{' -> {
        tokens.add(new Token(Kind.VARIABLE_BEGIN, "{{", line));
        expression(Kind.VARIABLE_END);
      }
      default -> {
        int raw = wordTag(at, "raw");
        if (raw >= 0) {
          raw(raw);
        } else {
          tokens.add(new Token(Kind.BLOCK_BEGIN, "{%", line));
          expression(Kind.BLOCK_END);
        }
      }
    }
  }

  private char signAt(int position) {
    char sign = position < source.length() ? source.charAt(position) : ' ';
    return sign == '-' || sign == '+' ? sign : ' ';
  }

  /** Emits what lies before a tag, cut as the tag's sign says. */
  private void dataBefore(int tag, char sign, boolean strips) {
    int end = tag;
    if (sign == '-') {
      while (end > at && Characters.isSpace(source.charAt(end - 1))) {
        end--;
      }
    } else if (sign != '+' && strips) {
      int blank = tag;
      while (blank > at && isBlankWithinLine(source.charAt(blank - 1))) {
        blank--;
      }
      if (blank > at ? source.charAt(blank - 1) == '\n' : lineStart) {
        end = blank;
      }
    }
    data(source.substring(at, end));
    count(end, tag);
  }

  private static boolean isBlankWithinLine(char c) {
    return c != '\n' && Characters.isSpace(c);
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      tokens.add(new Token(Kind.DATA, text, line));
      line += (int) text.chars().filter(c -> c == '\n').count();
    }
  }

  /** Counts the lines of what is passed over. */
  private void count(int from, int to) {
    for (int i = from; i < to; i++) {
      if (source.charAt(i) == '\n') {
        line++;
      }
    }
  }

  private void comment() {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw TemplateFault.broken("the comment is not closed with #}");
    }
    char sign = end > at ? signAt(end - 1) : ' ';
    count(at, end);
    afterTag(end + 2, sign, true);
  }

  /** Goes on after a tag: past all whitespace, past one newline, or right there. */
  private void afterTag(int end, char sign, boolean trims) {
    at = end;
    if (sign == '-') {
      while (at < source.length() && Characters.isSpace(source.charAt(at))) {
        at++;
      }
    } else if (sign != '+' && trims && at < source.length() && source.charAt(at) == '\n') {
      at++;
    }
    count(end, at);
    lineStart = at > 0 && source.charAt(at - 1) == '\n';
  }

  /**
   * The position of the {@code %}} that closes a tag of just this word, or of its sign; -1 for any
   * other tag.
   */
  private int wordTag(int from, String word) {
    int i = skipSpace(from);
    if (!source.startsWith(word, i)) {
      return -1;
    }
    i = skipSpace(i + word.length());
    return source.startsWith("%}", i) || (signAt(i) != ' ' && source.startsWith("%}", i + 1))
        ? i
        : -1;
  }

  private int skipSpace(int from) {
    int i = from;
    while (i < source.length() && Characters.isSpace(source.charAt(i))) {
      i++;
    }
    return i;
  }

  private void raw(int close) {
    char beginSign = signAt(close);
    count(at, close);
    afterTag(close + (beginSign == ' ' ? 2 : 3), beginSign, false);
    for (int tag = source.indexOf("{%", at); tag >= 0; tag = source.indexOf("{%", tag + 2)) {
      char sign = signAt(tag + 2);
      int inner = tag + (sign == ' ' ? 2 : 3);
      int end = wordTag(inner, "endraw");
      if (end >= 0) {
        dataBefore(tag, sign, true);
        count(tag, end);
        char endSign = signAt(end);
        afterTag(end + (endSign == ' ' ? 2 : 3), endSign, true);
        return;
      }
    }
    throw TemplateFault.broken("the raw block is not closed with {% endraw %}");
  }

  private void expression(Kind end) {
    String close = end == Kind.BLOCK_END ? "%}" : "}}";
    int begun = line;
    while (true) {
      int from = skipSpace(at);
      count(at, from);
      at = from;
      if (at >= source.length()) {
        line = begun;
        throw TemplateFault.broken("the tag is not closed with " + close);
      }
      if (brackets.isEmpty() && closes(end, close)) {
        return;
      }
      token();
    }
  }

  private boolean closes(Kind end, String close) {
    char sign = signAt(at);
    boolean block = end == Kind.BLOCK_END;
    int mark = sign == '-' || (sign == '+' && block) ? at + 1 : at;
    if (!source.startsWith(close, mark)) {
      return false;
    }
    tokens.add(new Token(end, close, line));
    afterTag(mark + 2, mark > at ? sign : ' ', block);
    return true;
  }

  private void token() {
    char c = source.charAt(at);
    if (Characters.isDigit(c)) {
      NumberScanner.Scanned number = NumberScanner.scan(source, at);
      tokens.add(new Token(number.isFloat() ? Kind.FLOAT : Kind.INTEGER, number.text(), line));
      at = number.end();
    } else if (c == '\'' || c == '"') {
      string(c);
    } else if (c == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(at))) {
      int begin = at;
      while (at < source.length() && Character.isUnicodeIdentifierPart(source.codePointAt(at))) {
        at += Character.charCount(source.codePointAt(at));
      }
      tokens.add(new Token(Kind.NAME, source.substring(begin, at), line));
    } else {
      operator(c);
    }
  }

  private void string(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw TemplateFault.broken("the string is not closed with " + quote);
    }
    tokens.add(new Token(Kind.STRING, Escapes.unescape(source.substring(at + 1, end)), line));
    count(at, end);
    at = end + 1;
  }

  private void operator(char c) {
    String operator = String.valueOf(c);
    for (String candidate : LONG_OPERATORS) {
      if (source.startsWith(candidate, at)) {
        operator = candidate;
      }
    }
    if (operator.length() == 1 && OPERATORS.indexOf(c) < 0) {
      throw TemplateFault.broken(
          "unexpected character " + Characters.shown(source.codePointAt(at)));
    }
    switch (c) {
      case '(' -> brackets.append(')');
      case '[' -> brackets.append(']');
      case '{' -> brackets.append('}');
      case ')', ']', '}' -> close(c);
      default -> {}
    }
    tokens.add(new Token(Kind.OPERATOR, operator, line));
    at += operator.length();
  }

  private void close(char bracket) {
    int last = brackets.length() - 1;
    if (last < 0 || brackets.charAt(last) != bracket) {
      throw TemplateFault.broken("unexpected '" + bracket + "'");
    }
    brackets.setLength(last);
  }
}
