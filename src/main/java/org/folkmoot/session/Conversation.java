package org.folkmoot.session;

import java.util.Arrays;
import org.folkmoot.engine.model.BatchScheduler;
import org.jspecify.annotations.Nullable;

/**
 * Answers one after the other that share a KV cache: of each prompt only what differs from what the
 * cache holds is computed. In a chat that is the latest turn, however long the chat. The answers
 * are the same to the bit as those of {@link LanguageModel#generate}.
 *
 * <p>Starting an answer closes the one before. Answers are started by one thread at a time; between
 * answers the memory of the cache is kept.
 */
public final class Conversation implements AutoCloseable {
  private final LocalModel model;
  private BatchScheduler.@Nullable Sequence sequence;
  private @Nullable LocalGeneration last;

  Conversation(LocalModel model) {
    this.model = model;
  }

  /**
   * Starts an answer; what is new of the prompt is processed by the first pull.
   *
   * @throws org.folkmoot.base.FolkmootException as {@link LanguageModel#generate}; the cache is
   *     kept
   */
  public Generation generate(GenerationRequest request) {
    int[] prompt = request.promptIds();
    int most = model.room(request);
    int[] before = new int[0];
    if (last != null) {
      last.close();
      before = last.ids();
    }
    int cached = 0;
    if (sequence == null) {
      sequence = model.scheduler().open(prompt.length + most);
    } else {
      // At least one token must be computed, for the answer's first logits come from the last.
      int same = Math.min(commonLength(before, prompt), prompt.length - 1);
      cached = sequence.restart(same, prompt.length + most);
    }
    last =
        model.answer(
            request, most, new LocalGeneration.Seat(sequence, cached, sequence::interrupt));
    return last;
  }

  private static int commonLength(int[] a, int[] b) {
    int different = Arrays.mismatch(a, b);
    return different < 0 ? a.length : different;
  }

  /** Ends the answer under way and frees the cache. */
  @Override
  public void close() {
    if (last != null) {
      last.close();
    }
    if (sequence != null) {
      sequence.close();
    }
  }
}
