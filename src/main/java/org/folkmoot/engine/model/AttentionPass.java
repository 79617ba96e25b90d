package org.folkmoot.engine.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.folkmoot.kernel.Attention;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.SplitAttention;
import org.folkmoot.kernel.WorkerPool;

/** Attention of one layer over each sequence's own past, shared out among the threads. */
final class AttentionPass {
  /**
   * Scores that one thread holds at once: a megabyte, so that they stay in the second-level cache.
   */
  private static final int MAX_SCORES = 1 << 18;

  /** How often each thread can take a piece of a past, so that none waits for long. */
  private static final int PIECES_PER_WORKER = 8;

  private final ModelConfig config;
  private final int stride;
  private final int number;
  private final int index;
  private final List<Step> steps;
  private final WorkerPool pool;
  private final Workspace work;

  /** Some tokens of a sequence, for one KV head. */
  private record Part(
      KvLayout layout,
      List<MemorySegment> pages,
      int layer,
      int kvHead,
      Attention.Queries queries) {}

  /**
   * A pass's attention.
   *
   * @param stride numbers of a token's queries, keys and values
   * @param number the layer's number in the model
   * @param index its number in the span
   */
  AttentionPass(
      ModelConfig config,
      int stride,
      int number,
      int index,
      List<Step> steps,
      WorkerPool pool,
      Workspace work) {
    this.config = config;
    this.stride = stride;
    this.number = number;
    this.index = index;
    this.steps = steps;
    this.pool = pool;
    this.work = work;
  }

  void run() {
    List<Part> parts = new ArrayList<>();
    int token = 0;
    for (Step step : steps) {
      addParts(parts, step, token);
      token += step.tokens();
    }
    // A long past is cut where there are too few parts to keep all threads busy.
    int pieces = pool.workers() == 1 ? 1 : PIECES_PER_WORKER * pool.workers() / parts.size();
    List<IntConsumer> first = new ArrayList<>();
    List<IntConsumer> then = new ArrayList<>();
    int split = 0;
    for (Part part : parts) {
      Optional<SplitAttention> cut = pieces < 2 ? Optional.empty() : cut(part, pieces, split);
      if (cut.isPresent()) {
        split++;
        addPieces(cut.get(), first, then);
      } else {
        first.add(worker -> attend(part, worker));
      }
    }
    run(first);
    run(then);
  }

  private void addParts(List<Part> parts, Step step, int firstToken) {
    KvPlan plan = step.cache().pool().plan();
    KvPlan.Place place = plan.place(index);
    KvLayout layout = plan.layout(place.bank());
    List<MemorySegment> pages = step.cache().pages(place.bank());
    int window = config.window().reach(number);
    int length = Math.min(step.cache().length() + step.tokens(), Math.max(window, 1 << 10));
    int together = Math.clamp(MAX_SCORES / ((long) length * config.group()), 1, 8);
    for (int t = 0; t < step.tokens(); t += together) {
      for (int kvHead = 0; kvHead < config.kvHeads(); kvHead++) {
        Attention.Queries queries =
            new Attention.Queries(
                work.queryKeyValue,
                stride,
                work.attended,
                config.heads() * config.headDim(),
                firstToken + t,
                Math.min(together, step.tokens() - t),
                step.cache().length() + t,
                kvHead * config.group(),
                config.group(),
                config.scales().attention(),
                config.scales().attentionCap(),
                window);
        parts.add(new Part(layout, pages, place.layer(), kvHead, queries));
      }
    }
  }

  private Optional<SplitAttention> cut(Part part, int pieces, int number) {
    return SplitAttention.of(
        part.layout, part.pages, part.layer, part.kvHead, part.queries, pieces, work.split(number));
  }

  private static void addPieces(
      SplitAttention cut, List<IntConsumer> first, List<IntConsumer> then) {
    for (int i = 0; i < cut.parts(); i++) {
      int piece = i;
      first.add(_ -> cut.score(piece));
      then.add(_ -> cut.weigh(piece));
    }
  }

  private void attend(Part part, int worker) {
    Attention.attend(
        part.layout, part.pages, part.layer, part.kvHead, part.queries, pool.scratch(worker));
  }

  private void run(List<IntConsumer> jobs) {
    pool.run(
        jobs.size(),
        1,
        (from, to, worker) -> {
          for (int i = from; i < to; i++) {
            jobs.get(i).accept(worker);
          }
        });
  }
}
