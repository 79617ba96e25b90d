package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Byte-level byte pair encoding the slow and obvious way: regular expressions, lists of strings,
 * and a new search for the best pair after every merge.
 */
final class NaiveBytePair implements NaiveEncoder {
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<String, Integer> ranks = new HashMap<>();
  private final List<Pattern> stages;
  private final boolean wholeWordsFirst;

  NaiveBytePair(
      List<String> tokens, List<String> merges, List<Pattern> stages, boolean wholeWordsFirst) {
    for (String token : tokens) {
      ids.put(token, ids.size());
    }
    for (String merge : merges) {
      ranks.putIfAbsent(merge, ranks.size());
    }
    this.stages = stages;
    this.wholeWordsFirst = wholeWordsFirst;
  }

  /** The character that spells a byte. */
  static String character(int value) {
    String kept = "[!-~¡-¬®-ÿ]";
    if (Character.toString(value).matches(kept)) {
      return Character.toString(value);
    }
    int before = 0;
    for (int other = 0; other < value; other++) {
      before += Character.toString(other).matches(kept) ? 0 : 1;
    }
    return Character.toString(256 + before);
  }

  private static final List<String> CHARACTERS = new ArrayList<>();

  static {
    for (int value = 0; value < 256; value++) {
      CHARACTERS.add(character(value));
    }
  }

  @Override
  public List<Integer> encode(String text, boolean opens) {
    List<String> words = List.of(text);
    for (Pattern stage : stages) {
      words = words.stream().flatMap(word -> split(word, stage).stream()).toList();
    }
    return words.stream().flatMap(word -> encodeWord(word).stream()).toList();
  }

  /** The matches of an expression and what lies between them. */
  static List<String> split(String text, Pattern pattern) {
    List<String> pieces = new ArrayList<>();
    Matcher matcher = pattern.matcher(text);
    int at = 0;
    while (matcher.find()) {
      if (matcher.start() > at) {
        pieces.add(text.substring(at, matcher.start()));
      }
      pieces.add(matcher.group());
      at = matcher.end();
    }
    if (at < text.length()) {
      pieces.add(text.substring(at));
    }
    return pieces;
  }

  private List<Integer> encodeWord(String word) {
    List<String> symbols = new ArrayList<>();
    for (byte value : word.getBytes(StandardCharsets.UTF_8)) {
      symbols.add(CHARACTERS.get(value & 0xFF));
    }
    String whole = String.join("", symbols);
    if (wholeWordsFirst && ids.containsKey(whole)) {
      return List.of(ids.get(whole));
    }
    while (true) {
      int best = -1;
      int bestRank = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        int rank = ranks.getOrDefault(symbols.get(i) + " " + symbols.get(i + 1), Integer.MAX_VALUE);
        if (rank < bestRank) {
          best = i;
          bestRank = rank;
        }
      }
      if (best < 0) {
        return symbols.stream().filter(ids::containsKey).map(ids::get).toList();
      }
      symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
    }
  }
}
