package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;

/**
 * What a model said.
 *
 * @param text as it came, without a stop string
 * @param ids of all tokens, one that ends the answer included
 * @param ending why it ended
 * @param usage what it took
 */
record Answer(String text, List<Integer> ids, Generation.Ending ending, Generation.Usage usage) {
  /**
   * Pulls an answer to its end, or until nobody reads it any more, and shows it as it comes.
   *
   * @param writer where it is shown; its last line is ended
   */
  static Answer pull(Generation generation, AnswerWriter writer) {
    StringBuilder text = new StringBuilder();
    List<Integer> ids = new ArrayList<>();
    try {
      Optional<Generation.Piece> piece = generation.next();
      while (piece.isPresent()) {
        ids.add(piece.get().id());
        text.append(piece.get().text());
        writer.write(piece.get().text());
        if (writer.isCutOff()) {
          generation.close();
        }
        piece = generation.next();
      }
    } finally {
      writer.finish();
    }
    return new Answer(
        text.toString(),
        List.copyOf(ids),
        generation.ending().orElse(Generation.Ending.CANCELLED),
        generation.usage());
  }

  /** The ids, for those who compute with them. */
  int[] idArray() {
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  /** What to tell a person whose answer ended for want of context; empty if it did not. */
  Optional<String> cut(GenerationRequest request, int contextLength) {
    return ending == Generation.Ending.LENGTH && ids.size() < request.maxTokens()
        ? Optional.of(
            "the answer is not whole: the context of " + contextLength + " tokens is full")
        : Optional.empty();
  }
}
