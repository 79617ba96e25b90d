package org.folkmoot.engine.template;

import java.util.List;
import org.folkmoot.engine.template.Token.Kind;

/** A place in a list of tokens, and how deep the parser stands in brackets and blocks. */
final class Cursor {
  /**
   * Brackets in brackets and blocks in blocks. Shipped templates reach 13; the bound keeps the
   * parser's recursion far from the end of any thread's stack.
   */
  private static final int MAX_NESTING = 64;

  private final List<Token> tokens;
  private int at;
  private int line = 1;
  private int nesting;

  /** The tokens must end with one of kind END. */
  Cursor(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  /** The token after the next. */
  Token peekSecond() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = peek();
    line = token.line();
    if (token.kind() != Kind.END) {
      at++;
    }
    return token;
  }

  /** The line of the token that was read last, or of the one that was wrong. */
  int line() {
    return line;
  }

  boolean at(Kind kind) {
    return peek().kind() == kind;
  }

  /** Passes this name if it is next. */
  boolean skipName(String name) {
    boolean found = peek().isName(name);
    if (found) {
      next();
    }
    return found;
  }

  /** Passes this operator if it is next. */
  boolean skipOperator(String operator) {
    boolean found = peek().isOperator(operator);
    if (found) {
      next();
    }
    return found;
  }

  Token expect(Kind kind, String expected) {
    if (!at(kind)) {
      throw unexpected(expected);
    }
    return next();
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw unexpected("'" + operator + "'");
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected("'" + name + "'");
    }
  }

  /** The fault of a token that does not belong here. */
  TemplateFault unexpected(String expected) {
    line = peek().line();
    return TemplateFault.broken("expected " + expected + ", found " + peek().shown());
  }

  void enter() {
    if (++nesting > MAX_NESTING) {
      line = peek().line();
      throw TemplateFault.broken("nests deeper than " + MAX_NESTING + " levels");
    }
  }

  void leave() {
    nesting--;
  }
}
