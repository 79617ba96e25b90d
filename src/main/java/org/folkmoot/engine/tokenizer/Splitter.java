package org.folkmoot.engine.tokenizer;

/**
 * One stage of a pre-tokenizer: a regular expression, written out as a scan, that cuts a range of
 * text into its matches and what lies between them. Scans are linear in the range's length, keep no
 * stack, and never look outside of the range.
 */
sealed interface Splitter {
  /** Where the piece that begins at {@code from}, before {@code to}, ends; beyond {@code from}. */
  int end(byte[] utf8, int from, int to);

  /** The end of the run of characters of these classes; {@code from} where there are none. */
  private static int runEnd(byte[] utf8, int from, int to, int classes) {
    int at = from;
    while ((CharClass.at(utf8, at, to) & classes) != 0) {
      at += Utf8.length(utf8[at]);
    }
    return at;
  }

  /** The end of the run of characters of none of these classes. */
  private static int runEndWithout(byte[] utf8, int from, int to, int classes) {
    int at = from;
    while (at < to && (CharClass.at(utf8, at, to) & classes) == 0) {
      at += Utf8.length(utf8[at]);
    }
    return at;
  }

  /**
   * The end of {@code \s+(?!\S)|\s+}: a run of white space, less its last character where something
   * follows, so that one space stays with the next word.
   */
  private static int spaceEnd(byte[] utf8, int from, int to) {
    int last = from;
    int at = from;
    while ((CharClass.at(utf8, at, to) & CharClass.SPACE) != 0) {
      last = at;
      at += Utf8.length(utf8[at]);
    }
    return at < to && last > from ? last : at;
  }

  /** Bytes of {@code 's|'t|'re|'ve|'m|'ll|'d} at an index; 0 where there is none. */
  private static int contraction(byte[] utf8, int at, int to, boolean anyCase) {
    if (to - at < 2 || utf8[at] != '\'') {
      return 0;
    }
    // U+017F, the long s, is an s to Unicode's case folding.
    if (anyCase && to - at > 2 && utf8[at + 1] == (byte) 0xC5 && utf8[at + 2] == (byte) 0xBF) {
      return 3;
    }
    int fold = anyCase ? 0x20 : 0;
    int first = utf8[at + 1] | fold;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
      return 2;
    }
    int second = to - at < 3 ? 0 : utf8[at + 2] | fold;
    boolean pair = first == 'l' ? second == 'l' : (first == 'r' || first == 'v') && second == 'e';
    return pair ? 3 : 0;
  }

  /** GPT-2: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}. */
  record Gpt2() implements Splitter {
    private static final int KINDS = CharClass.LETTER | CharClass.NUMBER | CharClass.SPACE;

    @Override
    public int end(byte[] utf8, int from, int to) {
      int contraction = contraction(utf8, from, to, false);
      if (contraction > 0) {
        return from + contraction;
      }
      int body = utf8[from] == ' ' ? from + 1 : from;
      int kind = CharClass.at(utf8, body, to);
      if ((kind & (CharClass.LETTER | CharClass.NUMBER)) != 0) {
        return runEnd(utf8, body, to, kind & KINDS);
      }
      if (kind == 0 || (kind & CharClass.SPACE) != 0) {
        return spaceEnd(utf8, from, to);
      }
      return runEndWithout(utf8, body, to, KINDS);
    }
  }

  /** How {@link Words} tells words. */
  enum Word {
    /** {@code [^\r\n\p{L}\p{N}]?\p{L}+}. */
    LETTERS,
    /** {@code [^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+}. */
    LETTERS_AND_MARKS,
    /**
     * With p = {@code [^\r\n\p{L}\p{N}]}, A = {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]} and B =
     * {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]}: {@code p?A*B+|p?A+B*}.
     */
    CASED
  }

  /**
   * The scheme that GPT-4 began, with what later families changed: {@code
   * (?i:'s|'t|'re|'ve|'m|'ll|'d)|WORD|\p{N}{1,DIGITS}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+
   * |\s+(?!\S)|\s+}.
   *
   * @param word what a word is
   * @param suffixes whether contractions end a cased word; else they are words of their own, and
   *     cased words know none
   * @param digits the most digits in a number
   * @param trailing whether line ends trail symbols
   */
  record Words(Word word, boolean suffixes, int digits, boolean trailing) implements Splitter {
    Words(Word word, boolean suffixes, int digits) {
      this(word, suffixes, digits, true);
    }

    @Override
    public int end(byte[] utf8, int from, int to) {
      if (word != Word.CASED) {
        int contraction = contraction(utf8, from, to, true);
        if (contraction > 0) {
          return from + contraction;
        }
      }
      int end = wordEnd(utf8, from, to);
      if (end > from) {
        return suffixes ? end + contraction(utf8, end, to, true) : end;
      }
      if ((CharClass.at(utf8, from, to) & CharClass.NUMBER) != 0) {
        return numberEnd(utf8, from, to);
      }
      end = symbolsEnd(utf8, from, to);
      return end > from ? end : whitespaceEnd(utf8, from, to);
    }

    private int wordEnd(byte[] utf8, int from, int to) {
      int kind = CharClass.at(utf8, from, to);
      boolean mayPrecede = (kind & (CharClass.LETTER | CharClass.NUMBER | CharClass.NEWLINE)) == 0;
      int after = from + Utf8.length(utf8[from]);
      if (word == Word.CASED) {
        return casedEnd(utf8, from, mayPrecede ? after : from, to);
      }
      int letters = word == Word.LETTERS ? CharClass.LETTER : CharClass.LETTER | CharClass.MARK;
      if ((kind & letters) == 0
          && (!mayPrecede || (CharClass.at(utf8, after, to) & letters) == 0)) {
        return from;
      }
      return runEnd(utf8, after, to, letters);
    }

    /** {@code p?A*B+|p?A+B*}, each first with and then without p; {@code after} follows p. */
    private static int casedEnd(byte[] utf8, int from, int after, int to) {
      int end = lowerEnd(utf8, after, to);
      if (end > after) {
        return end;
      }
      end = lowerEnd(utf8, from, to);
      if (end > from) {
        return end;
      }
      // No B follows the run of A, else A*B+ had matched.
      end = runEnd(utf8, after, to, CharClass.UPPER);
      return end > after ? end : runEnd(utf8, from, to, CharClass.UPPER);
    }

    /**
     * The end of {@code A*B+}; {@code from} where it does not match. Where no B follows the run of
     * A, the expression gives back what A took up to the last character that is also a B.
     */
    private static int lowerEnd(byte[] utf8, int from, int to) {
      int lastLower = from;
      int at = from;
      for (int kind; ((kind = CharClass.at(utf8, at, to)) & CharClass.UPPER) != 0; ) {
        at += Utf8.length(utf8[at]);
        if ((kind & CharClass.LOWER) != 0) {
          lastLower = at;
        }
      }
      int end = runEnd(utf8, at, to, CharClass.LOWER);
      return end > at ? end : lastLower;
    }

    private int numberEnd(byte[] utf8, int from, int to) {
      int at = from;
      for (int i = 0; i < digits && (CharClass.at(utf8, at, to) & CharClass.NUMBER) != 0; i++) {
        at += Utf8.length(utf8[at]);
      }
      return at;
    }

    /** {@code ?[^\s\p{L}\p{N}]+[\r\n]*}; cased families let slashes trail too. */
    private int symbolsEnd(byte[] utf8, int from, int to) {
      int body = utf8[from] == ' ' ? from + 1 : from;
      int others = CharClass.SPACE | CharClass.LETTER | CharClass.NUMBER;
      if (word == Word.LETTERS_AND_MARKS) {
        others |= CharClass.MARK;
      }
      int at = runEndWithout(utf8, body, to, others);
      if (at == body) {
        return from;
      }
      while (trailing
          && at < to
          && (utf8[at] == '\r' || utf8[at] == '\n' || (word == Word.CASED && utf8[at] == '/'))) {
        at++;
      }
      return at;
    }
  }

  /** The end of {@code \s*[\r\n]+|\s+(?!\S)|\s+}; {@code from} where it does not match. */
  private static int whitespaceEnd(byte[] utf8, int from, int to) {
    int lines = from;
    int kind;
    for (int at = from; ((kind = CharClass.at(utf8, at, to)) & CharClass.SPACE) != 0; ) {
      at += Utf8.length(utf8[at]);
      if ((kind & CharClass.NEWLINE) != 0) {
        lines = at;
      }
    }
    return lines > from ? lines : spaceEnd(utf8, from, to);
  }

  /**
   * Sets apart runs of characters with the space before them: {@code \s?X+}, {@code ?X+}.
   *
   * @param classes what X is, or with {@code without} what it is not
   * @param any whether any white space is a space, or U+0020 only
   */
  record Spaced(int classes, boolean without, boolean any) implements Splitter {
    @Override
    public int end(byte[] utf8, int from, int to) {
      int at = from;
      while (at < to && bodyAt(utf8, at, to) < 0) {
        at += Utf8.length(utf8[at]);
      }
      if (at > from) {
        return at; // what lies between matches
      }
      at = bodyAt(utf8, from, to);
      while (has(utf8, at, to)) {
        at += Utf8.length(utf8[at]);
      }
      return at;
    }

    /** Where the X of a match at {@code at} begin; -1 where there is none. */
    private int bodyAt(byte[] utf8, int at, int to) {
      boolean space = any ? (CharClass.at(utf8, at, to) & CharClass.SPACE) != 0 : utf8[at] == ' ';
      int behind = at + Utf8.length(utf8[at]);
      return space && has(utf8, behind, to) ? behind : has(utf8, at, to) ? at : -1;
    }

    private boolean has(byte[] utf8, int at, int to) {
      return at < to && (CharClass.at(utf8, at, to) & classes) != 0 != without;
    }
  }

  /**
   * DeepSeek-V3's: with q = ASCII's punctuation and symbols, {@code
   * q[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+
   * |\s+(?!\S)|\s+}.
   */
  record MarkedWords() implements Splitter {
    private static final int MARKS = CharClass.PUNCTUATION | CharClass.SYMBOL;
    private static final int LETTERS = CharClass.LETTER | CharClass.MARK;

    @Override
    public int end(byte[] utf8, int from, int to) {
      int end = match(utf8, from, to);
      if (end > from) {
        return end;
      }
      int at = from;
      do {
        at += Utf8.length(utf8[at]);
      } while (at < to && match(utf8, at, to) == at);
      return at; // what lies between matches
    }

    private static int match(byte[] utf8, int from, int to) {
      int kind = CharClass.at(utf8, from, to);
      int behind = from + Utf8.length(utf8[from]);
      if (utf8[from] >= 0 && (kind & MARKS) != 0 && isAsciiLetter(utf8, behind, to)) {
        int at = behind;
        while (isAsciiLetter(utf8, at, to)) {
          at++;
        }
        return at;
      }
      if ((kind & LETTERS) != 0) {
        return runEnd(utf8, from, to, LETTERS);
      }
      boolean precedes = (kind & (MARKS | CharClass.NEWLINE)) == 0;
      if (precedes && (CharClass.at(utf8, behind, to) & LETTERS) != 0) {
        return runEnd(utf8, behind, to, LETTERS);
      }
      int at = runEnd(utf8, utf8[from] == ' ' ? behind : from, to, MARKS);
      if (at > (utf8[from] == ' ' ? behind : from)) {
        return runEnd(utf8, at, to, CharClass.NEWLINE);
      }
      return whitespaceEnd(utf8, from, to);
    }

    private static boolean isAsciiLetter(byte[] utf8, int at, int to) {
      return at < to && ((utf8[at] | 0x20) >= 'a' && (utf8[at] | 0x20) <= 'z');
    }
  }

  /**
   * Sets apart runs of at most so many characters of some classes: {@code \p{N}}, {@code \p{N}+}.
   */
  record Runs(int classes, int most) implements Splitter {
    @Override
    public int end(byte[] utf8, int from, int to) {
      if ((CharClass.at(utf8, from, to) & classes) == 0) {
        return runEndWithout(utf8, from, to, classes);
      }
      int at = from;
      for (int i = 0; i < most && (CharClass.at(utf8, at, to) & classes) != 0; i++) {
        at += Utf8.length(utf8[at]);
      }
      return at;
    }
  }

  /** Sets apart {@code [0-9][0-9][0-9]}. */
  record ThreeDigits() implements Splitter {
    @Override
    public int end(byte[] utf8, int from, int to) {
      for (int at = from; at < to; at++) {
        if (areThreeDigits(utf8, at, to)) {
          return at == from ? at + 3 : at;
        }
      }
      return to;
    }

    private static boolean areThreeDigits(byte[] utf8, int at, int to) {
      return to - at >= 3 && isDigit(utf8[at]) && isDigit(utf8[at + 1]) && isDigit(utf8[at + 2]);
    }

    private static boolean isDigit(byte value) {
      return value >= '0' && value <= '9';
    }
  }
}
