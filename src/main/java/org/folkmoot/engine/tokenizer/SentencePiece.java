package org.folkmoot.engine.tokenizer;

import java.util.Arrays;

/**
 * SentencePiece's byte pair encoding, as the first Llama models use it: spaces become U+2581, then
 * the neighbours whose union is the token of highest score are joined. What no token spells falls
 * back to the byte tokens {@code <0xNN>}, or to the unknown token.
 *
 * <p>Kudo and Richardson, "SentencePiece" (2018); order and ties as llama.cpp's SPM tokenizer. As
 * in SentencePiece itself, and unlike llama.cpp, text never joins into a control, unknown or byte
 * token: {@code </s>} that a person typed stays text.
 */
final class SentencePiece implements Scheme, SymbolRow.Ranking {
  /** U+2581, which stands for a space. */
  private static final byte[] SPACE = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};

  private static final String HEX = "0123456789ABCDEF";

  private final Vocabulary vocabulary;

  /** By id, the token's score as a rank: higher scores have lower ranks. */
  private final int[] ranks;

  private final int[] byteIds = new int[256];
  private final int unknownId;
  private final boolean addsSpacePrefix;

  /** Whether no token spans the start of a word, so that words can be encoded one by one. */
  private final boolean wordByWord;

  /**
   * A scheme over a vocabulary.
   *
   * @param unknownId the token for what cannot be spelled; -1 for none, which drops it
   */
  SentencePiece(Vocabulary vocabulary, float[] scores, int unknownId, boolean addsSpacePrefix) {
    this.vocabulary = vocabulary;
    this.unknownId = unknownId;
    this.addsSpacePrefix = addsSpacePrefix;
    this.ranks = ranks(scores);
    for (int value = 0; value < 256; value++) {
      byteIds[value] = byteId(value);
    }
    this.wordByWord = noTokenSpansWords();
  }

  /** Floats mapped to ints in descending order: larger scores come first; 0 and -0 are equal. */
  private static int[] ranks(float[] scores) {
    int[] ranks = new int[scores.length];
    for (int id = 0; id < scores.length; id++) {
      if (!Float.isFinite(scores[id])) {
        throw Vocabulary.damaged("token " + id + " has no finite score");
      }
      int bits = Float.floatToRawIntBits(scores[id] + 0.0f);
      ranks[id] = ~(bits ^ (bits >> 31 & Integer.MAX_VALUE));
    }
    return ranks;
  }

  private int byteId(int value) {
    return vocabulary.find("<0x" + HEX.charAt(value >> 4) + HEX.charAt(value & 15) + ">");
  }

  /** Whether a spelling is that of a byte token, {@code <0xNN>}. */
  static boolean isByteSpelling(String spelling) {
    return spelling.length() == 6
        && spelling.startsWith("<0x")
        && HEX.indexOf(spelling.charAt(3)) >= 0
        && HEX.indexOf(spelling.charAt(4)) >= 0
        && spelling.charAt(5) == '>';
  }

  private boolean noTokenSpansWords() {
    for (int id = 0; id < vocabulary.size(); id++) {
      byte[] spelling = vocabulary.utf8(id);
      if (isText(id) && wordEnd(spelling, 0, spelling.length) < spelling.length) {
        return false;
      }
    }
    return true;
  }

  private boolean isText(int id) {
    TokenType type = vocabulary.type(id);
    return !type.isReserved() && type != TokenType.BYTE;
  }

  /** Where the next U+2581 after another character is, or the end. */
  private static int wordEnd(byte[] text, int from, int to) {
    boolean inWord = false;
    for (int i = from; i < to; ) {
      if (!isSpace(text, i, to)) {
        inWord = true;
        i++;
      } else if (inWord) {
        return i;
      } else {
        i += SPACE.length;
      }
    }
    return to;
  }

  private static boolean isSpace(byte[] text, int at, int to) {
    return text[at] == SPACE[0]
        && at + 2 < to
        && text[at + 1] == SPACE[1]
        && text[at + 2] == SPACE[2];
  }

  @Override
  public void encode(byte[] utf8, int from, int to, boolean opens, IdList ids) {
    byte[] text = escape(utf8, from, to, opens && addsSpacePrefix);
    SymbolRow symbols = new SymbolRow(this);
    for (int at = 0; at < text.length; ) {
      int end = wordByWord ? wordEnd(text, at, text.length) : text.length;
      symbols.join(text, at, end);
      for (int symbol = 0; symbol >= 0; symbol = symbols.next(symbol)) {
        add(text, symbols.start(symbol), symbols.end(symbol), ids);
      }
      at = end;
    }
  }

  private static byte[] escape(byte[] utf8, int from, int to, boolean spaceFirst) {
    int spaces = spaceFirst ? 1 : 0;
    for (int i = from; i < to; i++) {
      spaces += utf8[i] == ' ' ? 1 : 0;
    }
    byte[] text = new byte[to - from + 2 * spaces + (spaceFirst ? 1 : 0)];
    int end = 0;
    if (spaceFirst) {
      System.arraycopy(SPACE, 0, text, end, SPACE.length);
      end += SPACE.length;
    }
    for (int i = from; i < to; i++) {
      if (utf8[i] == ' ') {
        System.arraycopy(SPACE, 0, text, end, SPACE.length);
        end += SPACE.length;
      } else {
        text[end++] = utf8[i];
      }
    }
    return text;
  }

  @Override
  public byte[] bytes(int id) {
    byte[] spelling = vocabulary.utf8(id);
    int end = 0;
    for (int i = 0; i < spelling.length; ) {
      if (isSpace(spelling, i, spelling.length)) {
        spelling[end++] = ' ';
        i += SPACE.length;
      } else {
        spelling[end++] = spelling[i++];
      }
    }
    return end == spelling.length ? spelling : Arrays.copyOf(spelling, end);
  }

  @Override
  public boolean addsSpacePrefix() {
    return addsSpacePrefix;
  }

  @Override
  public int rank(byte[] text, int from, int middle, int to) {
    int id = vocabulary.find(text, from, to);
    return id >= 0 && isText(id) ? ranks[id] : SymbolRow.NONE;
  }

  /** Adds the token that spells a range; else its bytes' tokens; else the unknown token. */
  private void add(byte[] text, int from, int to, IdList ids) {
    int id = vocabulary.find(text, from, to);
    if (id >= 0 && isText(id)) {
      ids.add(id);
    } else if (haveBytes(text, from, to)) {
      for (int i = from; i < to; i++) {
        ids.add(byteIds[text[i] & 0xFF]);
      }
    } else if (unknownId >= 0) {
      ids.add(unknownId);
    }
  }

  private boolean haveBytes(byte[] text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (byteIds[text[i] & 0xFF] < 0) {
        return false;
      }
    }
    return true;
  }
}
