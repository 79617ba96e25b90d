package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** An encoder to compare with. */
interface NaiveEncoder {
  /** The ids of a text without special tokens, which may follow one or be the start. */
  List<Integer> encode(String text, boolean opens);

  /** A piece of text, or a special token in it. */
  record Fragment(String text, Optional<Integer> special) {}

  /**
   * The ids of a text in which some tokens are special: each is searched in all the text before the
   * next, the longest first.
   */
  default int[] encode(String text, List<String> tokens, List<Integer> specials) {
    List<Fragment> fragments = List.of(new Fragment(text, Optional.empty()));
    List<Integer> longestFirst = new ArrayList<>(specials);
    longestFirst.sort(
        Comparator.comparingInt(id -> -tokens.get(id).getBytes(StandardCharsets.UTF_8).length));
    for (int special : longestFirst) {
      fragments =
          fragments.stream()
              .flatMap(fragment -> cut(fragment, tokens.get(special), special).stream())
              .toList();
    }
    List<Integer> ids = new ArrayList<>();
    boolean opens = true;
    for (Fragment fragment : fragments) {
      if (fragment.special.isPresent()) {
        ids.add(fragment.special.get());
      } else if (!fragment.text.isEmpty()) {
        ids.addAll(encode(fragment.text, opens));
      }
      opens = fragment.special.isPresent();
    }
    return ids.stream().mapToInt(id -> id).toArray();
  }

  private static List<Fragment> cut(Fragment fragment, String spelling, int special) {
    if (fragment.special.isPresent()) {
      return List.of(fragment);
    }
    List<Fragment> pieces = new ArrayList<>();
    int at = 0;
    for (int hit; (hit = fragment.text.indexOf(spelling, at)) >= 0; at = hit + spelling.length()) {
      if (hit > at) {
        pieces.add(new Fragment(fragment.text.substring(at, hit), Optional.empty()));
      }
      pieces.add(new Fragment(spelling, Optional.of(special)));
    }
    if (at < fragment.text.length()) {
      pieces.add(new Fragment(fragment.text.substring(at), Optional.empty()));
    }
    return pieces;
  }
}
