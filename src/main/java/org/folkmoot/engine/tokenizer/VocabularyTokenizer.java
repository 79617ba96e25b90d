package org.folkmoot.engine.tokenizer;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.folkmoot.base.FolkmootException;

/** A tokenizer over one vocabulary, by its scheme. */
final class VocabularyTokenizer implements Tokenizer {
  /** What {@link Tokenizer.Specials#PARSE} finds in a text. */
  static final Set<TokenType> PARSED =
      Set.of(TokenType.CONTROL, TokenType.USER_DEFINED, TokenType.UNKNOWN);

  private static final byte[] NOTHING = {};

  private final Vocabulary vocabulary;
  private final Scheme scheme;
  private final Rules rules;
  private final SpecialTokens parsed;
  private final SpecialTokens userDefined;

  /**
   * What a file says besides its tokens.
   *
   * @param begin the token that begins a sequence
   * @param end the token that ends one
   * @param addsBegin whether a prompt begins with it
   * @param addsEnd whether a prompt ends with it
   * @param ends the ids that end an answer
   * @param marks the ids that tell the parts of an answer apart
   * @param swallowing the special tokens that swallow white space after them
   * @param notes what a person should know
   */
  record Rules(
      OptionalInt begin,
      OptionalInt end,
      boolean addsBegin,
      boolean addsEnd,
      BitSet ends,
      BitSet marks,
      BitSet swallowing,
      List<String> notes) {}

  VocabularyTokenizer(Vocabulary vocabulary, Scheme scheme, Rules rules) {
    this.vocabulary = vocabulary;
    this.scheme = scheme;
    this.rules = rules;
    this.parsed = new SpecialTokens(vocabulary, PARSED);
    this.userDefined = new SpecialTokens(vocabulary, Set.of(TokenType.USER_DEFINED));
  }

  @Override
  public int size() {
    return vocabulary.size();
  }

  @Override
  public int[] encode(String text, Specials specials) {
    if (text.length() > MAX_TEXT_LENGTH) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the text has %d characters; at most %d can be encoded: send less"
              .formatted(text.length(), MAX_TEXT_LENGTH));
    }
    byte[] utf8 = Utf8.of(text);
    IdList ids = new IdList(utf8.length / 3);
    int at = 0;
    boolean opens = true;
    for (long special : (specials == Specials.PARSE ? parsed : userDefined).find(utf8)) {
      int start = (int) (special >> 32);
      int id = (int) special;
      if (start < at) { // it was white space, and has been swallowed
        continue;
      }
      if (start > at) {
        scheme.encode(utf8, at, start, opens, ids);
      }
      ids.add(id);
      at = start + vocabulary.length(id);
      while (rules.swallowing.get(id) && at < utf8.length && isAsciiSpace(utf8[at])) {
        at++;
      }
      opens = true;
    }
    if (at < utf8.length) {
      scheme.encode(utf8, at, utf8.length, opens, ids);
    }
    return ids.toArray();
  }

  private static boolean isAsciiSpace(byte value) {
    return value == ' ' || (value >= '\t' && value <= '\r');
  }

  @Override
  public int[] encodePrompt(String text, Specials specials) {
    int[] ids = encode(text, specials);
    int begin = rules.addsBegin ? rules.begin.orElseThrow() : -1;
    int end = rules.addsEnd ? rules.end.orElseThrow() : -1;
    boolean first = begin >= 0 && (ids.length == 0 || ids[0] != begin);
    boolean last = end >= 0 && (ids.length == 0 || ids[ids.length - 1] != end);
    int[] prompt = new int[ids.length + (first ? 1 : 0) + (last ? 1 : 0)];
    System.arraycopy(ids, 0, prompt, first ? 1 : 0, ids.length);
    if (first) {
      prompt[0] = begin;
    }
    if (last) {
      prompt[prompt.length - 1] = end;
    }
    return prompt;
  }

  @Override
  public byte[] bytes(int id) {
    return switch (vocabulary.type(id)) {
      case NORMAL -> scheme.bytes(id);
      case USER_DEFINED -> vocabulary.utf8(id);
      case BYTE -> new byte[] {(byte) Integer.parseInt(spelling(id).substring(3, 5), 16)};
      case CONTROL, UNKNOWN, UNUSED, UNDEFINED -> NOTHING;
    };
  }

  @Override
  public String spelling(int id) {
    return vocabulary.spelling(id);
  }

  @Override
  public boolean isMark(int id) {
    return rules.marks.get(Objects.checkIndex(id, size()));
  }

  @Override
  public boolean isEnd(int id) {
    return rules.ends.get(Objects.checkIndex(id, size()));
  }

  @Override
  public OptionalInt beginId() {
    return rules.begin;
  }

  @Override
  public OptionalInt endId() {
    return rules.end;
  }

  @Override
  public boolean hasSpacePrefix(int id) {
    return vocabulary.type(id) == TokenType.NORMAL
        && scheme.addsSpacePrefix()
        && spelling(id).startsWith("▁");
  }

  @Override
  public String decode(int[] ids) {
    ByteArrayOutputStream text = new ByteArrayOutputStream(ids.length * 4);
    boolean opens = true;
    for (int id : ids) {
      byte[] bytes = bytes(id);
      int from = opens && hasSpacePrefix(id) ? 1 : 0;
      opens &= bytes.length == 0;
      text.write(bytes, from, bytes.length - from);
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  @Override
  public List<String> notes() {
    return rules.notes;
  }
}
