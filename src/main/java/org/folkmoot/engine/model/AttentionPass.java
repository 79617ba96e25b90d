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

  /** Pieces of a past at most. */
  private static final int MOST_PIECES = 8;

  private final ModelConfig config;
  private final SpanWeights.Layer layer;
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
   * @param number the layer's number in the model
   * @param index its number in the span
   */
  AttentionPass(
      ModelConfig config,
      SpanWeights.Layer layer,
      int number,
      int index,
      List<Step> steps,
      WorkerPool pool,
      Workspace work) {
    this.config = config;
    this.layer = layer;
    this.stride = layer.queryKeyValue().rows();
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
    int pieces = pieces(parts.size(), pool.workers());
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

  /**
   * Into how many pieces a long past is cut, if all are: no more than it takes to have every thread
   * work for nine tenths of the time.
   */
  static int pieces(int parts, int workers) {
    int pieces = 1;
    while (pieces < MOST_PIECES) {
      int turns = (parts * pieces + workers - 1) / workers;
      if (10 * parts * pieces >= 9 * turns * workers) {
        break;
      }
      pieces++;
    }
    return pieces;
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
                window,
                layer.sinks());
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
    pool.runNear(jobs.size(), (piece, _, worker) -> jobs.get(piece).accept(worker));
  }
}
