package org.folkmoot.session;

import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.engine.model.Sequence;
import org.folkmoot.engine.model.Step;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;

/**
 * Drafts with a small model on this machine, which has the same tokenizer as the one that answers,
 * after looking whether the text repeats itself, which costs nothing. It samples as the answer is
 * sampled: with the same draws the two agree oftener than two greedy ones would.
 *
 * <p>The model computes on a thread of its own; a model that fails drafts no more.
 */
final class ModelDrafter implements Drafter {
  private final Loop loop;
  private final LongSupplier nanoTime;
  private final Sequence sequence;
  private final int vocabulary;
  private final Sampler sampler;
  private final PromptLookup lookup = new PromptLookup();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-draft").factory());

  // The loop's.
  private final DraftLength length = new DraftLength();
  private boolean byLookup;
  private boolean closed;

  // The thread's.
  private final int[] held;
  private boolean broken;

  /**
   * Drafts of one answer.
   *
   * @param model what drafts
   * @param maxPositions the greatest length of prompt and answer
   * @throws FolkmootException BUSY or BAD_REQUEST if the model has no room for that
   */
  ModelDrafter(
      Loop loop,
      LongSupplier nanoTime,
      LocalModel model,
      SamplerSettings settings,
      int maxPositions) {
    this.loop = loop;
    this.nanoTime = nanoTime;
    sequence = model.scheduler().open(maxPositions);
    vocabulary = model.tokenizer().size();
    sampler = new Sampler(settings);
    held = new int[maxPositions];
  }

  /**
   * As the constructor; empty if the model has no room now, for it drafts for others. An answer
   * must not wait for guesses.
   */
  static Optional<ModelDrafter> ifRoom(
      Loop loop,
      LongSupplier nanoTime,
      LocalModel model,
      SamplerSettings settings,
      int maxPositions) {
    try {
      return Optional.of(new ModelDrafter(loop, nanoTime, model, settings, maxPositions));
    } catch (FolkmootException noRoom) {
      return Optional.empty();
    }
  }

  @Override
  public void prepare(int[] ids, int count) {
    if (count > 1) {
      int[] prompt = Arrays.copyOf(ids, count);
      compute(() -> {
        var _ = logits(prompt, count - 1);
      });
    }
  }

  @Override
  public void draft(int[] ids, int count, Consumer<int[]> drafted) {
    int[] repeated = lookup.draft(ids, count);
    byLookup = repeated.length > 0;
    int wanted = Math.min(length.next(), held.length - count);
    if (byLookup || wanted <= 0) {
      drafted.accept(repeated);
      return;
    }
    int[] history = Arrays.copyOf(ids, count + wanted);
    compute(() -> {
      long began = nanoTime.getAsLong();
      int[] guess = guessOrNothing(history, count);
      long nanos = nanoTime.getAsLong() - began;
      loop.execute(() -> {
        length.drafted(guess.length, nanos);
        drafted.accept(guess);
      });
    });
  }

  private void compute(Runnable task) {
    try {
      thread.execute(task);
    } catch (RejectedExecutionException over) {
      // The answer is, too.
    }
  }

  /** The answer waits for the guess, whatever befalls it. */
  private int[] guessOrNothing(int[] history, int count) {
    try {
      return guess(history, count);
    } catch (RuntimeException | Error defect) {
      broken = true;
      return new int[0];
    }
  }

  /** As many tokens as there is room for in the history. */
  private int[] guess(int[] history, int count) {
    int at = count;
    while (at < history.length) {
      Optional<float[]> logits = logits(history, at);
      if (logits.isEmpty()) {
        break;
      }
      history[at] = sampler.next(logits.get(), 0, vocabulary, history, at);
      at++;
    }
    return Arrays.copyOfRange(history, count, at);
  }

  /**
   * The logits behind {@code ids[0 .. count)}; what the cache holds of it is not computed again.
   */
  private Optional<float[]> logits(int[] ids, int count) {
    if (broken) {
      return Optional.empty();
    }
    int same = Arrays.mismatch(held, 0, sequence.length(), ids, 0, count);
    int kept = same < 0 ? count - 1 : Math.min(same, count - 1);
    try {
      sequence.truncate(kept);
      System.arraycopy(ids, kept, held, kept, count - kept);
      return sequence.step(Arrays.copyOfRange(ids, kept, count), Step.Wanted.LAST);
    } catch (RuntimeException failed) {
      broken = true;
      return Optional.empty();
    }
  }

  @Override
  public void settled(int proposed, int right, long nanos) {
    if (byLookup) {
      lookup.settled(proposed, right, nanos);
    } else {
      length.settled(proposed, right, nanos);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      sequence.close();
      thread.shutdown();
    }
  }
}
