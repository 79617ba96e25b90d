package org.folkmoot.serve;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.sampling.LogProbabilities;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.wire.Message;
import org.jspecify.annotations.Nullable;

/**
 * The choice of tokens at a session's last hop. Knows the tokens so far, and drafts; where a draft
 * turns out right, the logits behind it count, which makes speculation exact (Leviathan et al.
 * 2023, with the target's own sampling in place of theirs: the result is the same to the bit as
 * without drafts).
 */
final class TailSampler {
  /** A chosen token, and the epoch of the step that it comes from. */
  record Choice(int epoch, Message.Token token) {}

  /** Logits of one position: {@code logits[at .. at + vocabulary)}. */
  private record Row(int epoch, int position, int drafted, float[] logits, int at) {}

  /** Rows that wait for their draft: one step's, and drafts are short. */
  private static final int MAX_WAITING = 32;

  private final Message.Sampling sampling;
  private final Sampler sampler;
  private final int vocabulary;
  private final Deque<Row> waiting = new ArrayDeque<>();
  private final int[] ids;
  private int known;

  /** How often tokens that are known were changed. */
  private int changes;

  private @Nullable Foresight foresight;

  /** Behind the prompt, up to where the tokens are its own choice by the logits that count now. */
  private int chosenTo;

  /** Of which epoch on steps count: before the latest draft all tokens of earlier ones had come. */
  private int since;

  TailSampler(Message.Sampling sampling, int vocabulary, int maxPositions) {
    this.sampling = sampling;
    this.sampler = new Sampler(settings(sampling));
    this.vocabulary = vocabulary;
    this.ids = Arrays.copyOf(sampling.history(), maxPositions + 1);
    this.known = Math.min(sampling.history().length, ids.length);
    this.chosenTo = known;
    if (known == 0) {
      throw new FolkmootException(BAD_REQUEST, "tokens are chosen after a prompt of at least one");
    }
  }

  private static SamplerSettings settings(Message.Sampling s) {
    return new SamplerSettings(
        s.temperature(),
        s.topK(),
        s.topP(),
        s.minP(),
        s.repeatPenalty(),
        s.repeatWindow(),
        s.seed(),
        s.logitBias());
  }

  /** Learns the drafted tokens of the step that comes next. Gives what can be chosen now. */
  List<Choice> draft(int epoch, int position, int[] drafted) {
    since = Math.max(since, epoch);
    waiting.removeIf(row -> row.epoch < since);
    // Without drafts it may come after tokens were chosen: those stand.
    if (drafted.length > 0 && position <= known && position + drafted.length <= ids.length) {
      System.arraycopy(drafted, 0, ids, position, drafted.length);
      changes++;
      known = position + drafted.length;
      keepChosen(position);
    }
    return choose();
  }

  /**
   * The token behind a step that wants only one, chosen while nobody waits for it. Empty where it
   * hangs on what comes before or has not come yet.
   *
   * @param stepEnd end of the step
   */
  Optional<Foresight> foresee(int stepEnd) {
    boolean sees = waiting.isEmpty() && known == stepEnd;
    foresight = sees ? new Foresight(stepEnd, changes) : null;
    return Optional.ofNullable(foresight);
  }

  /**
   * A token chosen on another thread than all else: it counts if the tokens before it are the same
   * when it is needed. What it reads of them while they change is dropped with it.
   */
  final class Foresight {
    private final int position;
    private final int madeAt;
    private volatile Message.@Nullable Token token;

    private Foresight(int position, int madeAt) {
      this.position = position;
      this.madeAt = madeAt;
    }

    /**
     * Chooses it.
     *
     * @param logits of the position before it
     */
    void choose(float[] logits) {
      token = TailSampler.this.choose(position, logits, 0);
    }

    private boolean isOf(Row row) {
      return token != null && row.at == 0 && row.position + 1 == position && madeAt == changes;
    }
  }

  /**
   * Takes logits of consecutive positions.
   *
   * @param epoch of their step
   * @param stepEnd end of the step that they are of: until the tokens before it are known here,
   *     they wait
   * @param logits {@code [position][rowLength]}, which nobody changes any more
   */
  List<Choice> take(int epoch, int position, int stepEnd, float[] logits, int rowLength) {
    int rows = epoch < since ? 0 : logits.length / rowLength;
    for (int i = 0; i < rows && waiting.size() < MAX_WAITING; i++) {
      waiting.add(new Row(epoch, position + i, stepEnd, logits, i * rowLength));
    }
    return choose();
  }

  private List<Choice> choose() {
    List<Choice> chosen = new ArrayList<>();
    while (!waiting.isEmpty()) {
      Row row = waiting.getFirst();
      if (known < row.drafted) {
        break; // its draft is still on the way
      }
      waiting.removeFirst();
      int next = row.position + 1;
      Message.Token token = token(row);
      int id = token.id();
      chosen.add(new Choice(row.epoch, token));
      boolean asDrafted = next < known && ids[next] == id;
      if (!asDrafted) {
        // What was computed behind a wrong draft is of no use.
        waiting.removeIf(behind -> behind.position >= next);
      }
      if (next < ids.length) {
        ids[next] = id;
        changes++;
        known = asDrafted ? known : next + 1;
        chosenTo = next >= prompt() && next <= chosenTo ? next + 1 : chosenTo;
      }
    }
    return chosen;
  }

  private int prompt() {
    return Math.min(sampling.history().length, ids.length);
  }

  /** What stands at this position and behind is not, or no more, what was chosen here. */
  private void keepChosen(int before) {
    chosenTo = Math.max(prompt(), Math.min(chosenTo, before));
  }

  /**
   * Whether all tokens behind the prompt up to this position were chosen here: what a client says
   * that they are, nobody signs for.
   */
  boolean hasChosen(int position) {
    return position < chosenTo;
  }

  /** All tokens so far: those that {@link #hasChosen}, and what it was told before. */
  int[] ids() {
    return ids.clone();
  }

  /**
   * Drops all logits: the client goes on from an earlier position, perhaps with other tokens.
   *
   * @param length positions that remain; the last one's logits chose the token behind it
   */
  void restart(int length) {
    waiting.clear();
    keepChosen(length + 1);
  }

  private Message.Token token(Row row) {
    Foresight seen = foresight;
    foresight = null;
    Message.Token token = seen != null && seen.isOf(row) ? seen.token : null;
    return token == null ? choose(row.position + 1, row.logits, row.at) : token;
  }

  private Message.Token choose(int position, float[] logits, int at) {
    int id = sampler.next(logits, at, vocabulary, ids, position);
    if (sampling.topLogprobs() < 0) {
      return new Message.Token(position, id, Float.NaN, new int[0], new float[0]);
    }
    LogProbabilities all = new LogProbabilities(logits, at, vocabulary);
    int[] top = all.likeliest(sampling.topLogprobs());
    float[] probabilities = new float[top.length];
    for (int i = 0; i < top.length; i++) {
      probabilities[i] = all.of(top[i]);
    }
    return new Message.Token(position, id, all.of(id), top, probabilities);
  }
}
