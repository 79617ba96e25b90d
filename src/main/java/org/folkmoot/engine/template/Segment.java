package org.folkmoot.engine.template;

import java.util.Objects;

/**
 * A stretch of a rendered prompt.
 *
 * @param text the characters, at least one
 * @param trusted whether the template's author wrote them (or the vocabulary: its BOS and EOS).
 *     Only such text may be searched for special tokens; everything else came from a message, a
 *     tool or a variable, where {@code <|im_end|>} is what somebody typed and not the end of a turn
 */
public record Segment(String text, boolean trusted) {
  /** Checks that there is text. */
  public Segment {
    Objects.requireNonNull(text, "text");
    if (text.isEmpty()) {
      throw new IllegalArgumentException("a segment has at least one character");
    }
  }
}
