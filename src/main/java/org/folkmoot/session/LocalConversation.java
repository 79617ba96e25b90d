package org.folkmoot.session;

import java.util.Arrays;
import org.folkmoot.engine.model.Sequence;
import org.folkmoot.wire.StepTrail;
import org.jspecify.annotations.Nullable;

/** Answers one after the other on one sequence of this process's scheduler. */
final class LocalConversation implements Conversation {
  private final LocalModel model;
  private StepTrail trail = new StepTrail();
  private @Nullable Sequence sequence;
  private @Nullable LocalGeneration last;

  LocalConversation(LocalModel model) {
    this.model = model;
  }

  @Override
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
      // Of what an interrupted step left in the cache nothing was noted.
      same = Math.min(same, trail.length());
      cached = sequence.restart(same, prompt.length + most);
    }
    if (cached == 0) {
      trail = LocalModel.begin(sequence, request);
      cached = sequence.length();
    }
    last =
        model.answer(
            request, most, new LocalGeneration.Seat(sequence, cached, trail, sequence::interrupt));
    return last;
  }

  private static int commonLength(int[] a, int[] b) {
    int different = Arrays.mismatch(a, b);
    return different < 0 ? a.length : different;
  }

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
