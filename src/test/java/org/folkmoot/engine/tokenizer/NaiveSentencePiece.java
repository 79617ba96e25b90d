package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** SentencePiece's byte pair encoding the slow and obvious way. */
final class NaiveSentencePiece implements NaiveEncoder {
  private final Map<String, Integer> ids = new HashMap<>();
  private final List<Float> scores;
  private final Map<String, Integer> bytes = new HashMap<>();
  private final boolean spacePrefix;

  /** The unknown token is token 0. */
  NaiveSentencePiece(
      List<String> tokens, List<Integer> types, List<Float> scores, boolean spacePrefix) {
    this.spacePrefix = spacePrefix;
    this.scores = scores;
    for (int id = 0; id < tokens.size(); id++) {
      switch (types.get(id)) {
        case SmallVocabulary.BYTE -> bytes.put(tokens.get(id), id);
        case SmallVocabulary.CONTROL, SmallVocabulary.UNKNOWN -> {}
        default -> ids.put(tokens.get(id), id);
      }
    }
  }

  @Override
  public List<Integer> encode(String text, boolean opens) {
    String escaped = (opens && spacePrefix ? " " + text : text).replace(' ', '▁');
    List<String> symbols =
        escaped.codePoints().mapToObj(Character::toString).collect(Collectors.toList());
    while (true) {
      int best = -1;
      float bestScore = Float.NEGATIVE_INFINITY;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        Integer id = ids.get(symbols.get(i) + symbols.get(i + 1));
        if (id != null && scores.get(id) > bestScore) {
          best = i;
          bestScore = scores.get(id);
        }
      }
      if (best < 0) {
        return symbols.stream().flatMap(symbol -> spell(symbol).stream()).toList();
      }
      symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
    }
  }

  private List<Integer> spell(String symbol) {
    if (ids.containsKey(symbol)) {
      return List.of(ids.get(symbol));
    }
    List<Integer> spelled = new ArrayList<>();
    for (byte value : symbol.getBytes(StandardCharsets.UTF_8)) {
      spelled.add(bytes.getOrDefault("<0x%02X>".formatted(value), 0));
    }
    return spelled.contains(0) ? List.of(0) : spelled;
  }
}
