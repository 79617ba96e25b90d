package org.folkmoot.engine.tokenizer;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufStrings;
import org.jspecify.annotations.Nullable;

/**
 * The tokens as the file spells them, with their types, and the way from a spelling to its id.
 *
 * <p>The spellings stay in the one byte array they were read into, and the index is one
 * open-addressing table of ints: a vocabulary of 49,152 tokens takes about 1.3 MB, where a map of
 * strings would take ten times that and be slow to fill in a JVM that has just started.
 */
final class Vocabulary {
  /** Four times the largest vocabulary known (262,144); an id fits 20 bits. */
  static final int MAX_TOKENS = 1 << 20;

  /** The longest spelling in known vocabularies has 256 bytes: 128 spaces, two bytes each. */
  static final int MAX_TOKEN_BYTES = 1024;

  /**
   * The longest search through the half-full index. A million random keys stay far below it; only
   * spellings chosen to collide reach it.
   */
  private static final int MAX_PROBES = 4096;

  /** A slot holds id + 1 in its low bits and the top bits of the hash above, or 0 for none. */
  private static final int ID_MASK = (1 << 21) - 1;

  private final byte[] spellings;
  private final int[] starts;
  private final TokenType[] types;
  private final int[] slots;
  private final int longest;

  private Vocabulary(GgufStrings tokens, TokenType[] types) {
    this.spellings = tokens.utf8();
    this.starts = tokens.starts();
    this.types = types;
    this.slots = new int[Integer.highestOneBit(Math.max(8, types.length)) * 4];
    int most = 0;
    for (int id = 0; id < types.length; id++) {
      most = Math.max(most, length(id));
      if (length(id) > 0) {
        insert(id);
      }
    }
    this.longest = most;
  }

  /**
   * A vocabulary from the file's arrays.
   *
   * @param types {@code tokenizer.ggml.token_type}; when absent, every token is a piece of text
   * @throws FolkmootException BAD_FILE where the arrays contradict each other or two tokens are
   *     spelled alike
   */
  static Vocabulary of(GgufStrings tokens, int @Nullable [] types) {
    if (tokens.size() == 0 || tokens.size() > MAX_TOKENS) {
      throw damaged("it has %d tokens; 1 to %d are possible".formatted(tokens.size(), MAX_TOKENS));
    }
    if (types != null && types.length != tokens.size()) {
      throw damaged("%d tokens, but %d token types".formatted(tokens.size(), types.length));
    }
    TokenType[] kinds = new TokenType[tokens.size()];
    for (int id = 0; id < kinds.length; id++) {
      int length = tokens.starts()[id + 1] - tokens.starts()[id];
      if (length > MAX_TOKEN_BYTES) {
        throw damaged(
            "token %d has %d bytes; at most %d are possible"
                .formatted(id, length, MAX_TOKEN_BYTES));
      }
      kinds[id] = types == null ? TokenType.NORMAL : type(id, types[id]);
    }
    return new Vocabulary(tokens, kinds);
  }

  private static TokenType type(int id, int number) {
    if (number < 0 || number >= TokenType.count()) {
      throw damaged("token %d has the unknown type %d".formatted(id, number));
    }
    return TokenType.of(number);
  }

  /** The fault of a file whose tokenizer keys cannot be. */
  static FolkmootException damaged(String what) {
    return new FolkmootException(
        BAD_FILE, "the model's vocabulary is damaged: " + what + ": pull the model again");
  }

  private void insert(int id) {
    int hash = 0;
    for (int i = starts[id]; i < starts[id + 1]; i++) {
      hash = hash(hash, spellings[i]);
    }
    int slot = slot(hash, spellings, starts[id], starts[id + 1]);
    if (slot < 0) {
      throw damaged("far too many of its spellings fall together");
    }
    if (slots[slot] != 0) {
      throw damaged(
          "tokens %d and %d are spelled alike".formatted((slots[slot] & ID_MASK) - 1, id));
    }
    slots[slot] = (scramble(hash) & ~ID_MASK) | (id + 1);
  }

  /** The slot that holds a spelling or is free for it; -1 where the search is given up. */
  private int slot(int hash, byte[] text, int from, int to) {
    int scrambled = scramble(hash);
    int slot = scrambled & slots.length - 1;
    for (int probe = 0; probe < MAX_PROBES; probe++) {
      int held = slots[slot];
      if (held == 0
          || (((held ^ scrambled) & ~ID_MASK) == 0
              && isSpelled((held & ID_MASK) - 1, text, from, to))) {
        return slot;
      }
      slot = slot + 1 & slots.length - 1;
    }
    return -1;
  }

  /** Whether an id is there and spelled as a range of a text. */
  boolean isSpelled(int id, byte[] text, int from, int to) {
    if (id >= types.length || length(id) != to - from) {
      return false;
    }
    int start = starts[id];
    for (int i = from; i < to; i++) {
      if (text[i] != spellings[start + i - from]) {
        return false;
      }
    }
    return true;
  }

  /** The hash of a spelling, grown by one byte; it begins with 0. */
  static int hash(int hash, byte next) {
    return hash * 31 + next;
  }

  private static int scramble(int hash) {
    int mixed = (hash ^ hash >>> 15) * 0x9E3779B1;
    return mixed ^ mixed >>> 16;
  }

  /** The id of what is spelled in a range of a text; -1 for none. */
  int find(byte[] text, int from, int to) {
    if (to - from > longest) {
      return -1;
    }
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = hash(hash, text[i]);
    }
    return find(hash, text, from, to);
  }

  /** The same, with the range's hash known. */
  int find(int hash, byte[] text, int from, int to) {
    int slot = slot(hash, text, from, to);
    return slot < 0 || slots[slot] == 0 ? -1 : (slots[slot] & ID_MASK) - 1;
  }

  /** The id of a spelling; -1 for none. */
  int find(String spelling) {
    byte[] utf8 = Utf8.of(spelling);
    return find(utf8, 0, utf8.length);
  }

  /** The ids of the tokens of some types, which are few: NORMAL is not among them. */
  int[] idsOf(Set<TokenType> wanted) {
    IdList ids = new IdList(0);
    for (int id = 0; id < types.length; id++) {
      if (types[id] != TokenType.NORMAL && wanted.contains(types[id])) {
        ids.add(id);
      }
    }
    return ids.toArray();
  }

  /** Overrides what the file says a token is. */
  void retype(int id, TokenType type) {
    types[id] = type;
  }

  int size() {
    return types.length;
  }

  TokenType type(int id) {
    return types[Objects.checkIndex(id, types.length)];
  }

  /** Bytes of the spelling. */
  int length(int id) {
    return starts[id + 1] - starts[id];
  }

  /** Bytes of the longest spelling. */
  int longest() {
    return longest;
  }

  /** One byte of a spelling. */
  byte at(int id, int index) {
    return spellings[starts[id] + index];
  }

  /** The spelling as UTF-8. */
  byte[] utf8(int id) {
    Objects.checkIndex(id, types.length);
    return Arrays.copyOfRange(spellings, starts[id], starts[id + 1]);
  }

  String spelling(int id) {
    Objects.checkIndex(id, types.length);
    return new String(spellings, starts[id], length(id), StandardCharsets.UTF_8);
  }
}
