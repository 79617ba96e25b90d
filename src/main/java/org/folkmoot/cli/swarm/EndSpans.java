package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.BatchScheduler;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.serve.ScheduledSpan;
import org.folkmoot.serve.SpanEngine;
import org.folkmoot.session.OwnEnds;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;

/** The two ends of a model, loaded for what this node asks of the swarm, and for nobody else. */
public final class EndSpans implements AutoCloseable {
  /**
   * What to load.
   *
   * @param sha256 of the model's file
   * @param each layers at either end
   * @param threads threads that compute
   * @param kvBytes the most memory for contexts, half of it at each end
   * @param shelf where its weights are kept once repacked
   */
  public record Wish(
      String sha256, Path file, int each, int threads, long kvBytes, WeightShelf shelf) {}

  /** Each has workers of its own: one end may compute a session's step while the other one does. */
  private record End(WorkerPool pool, SpanModel span, BatchScheduler scheduler, SpanEngine engine) {
    void release() {
      scheduler.close();
      span.close();
      pool.close();
    }
  }

  private final SwarmNode node;
  private final ModelId model;
  private final GgufFile file;
  private final OwnEnds ends;
  private final List<End> loaded;

  private EndSpans(SwarmNode node, ModelId model, GgufFile file, OwnEnds ends, List<End> all) {
    this.node = node;
    this.model = model;
    this.file = file;
    this.ends = ends;
    this.loaded = all;
  }

  /**
   * Loads them; chains of this node may begin and end with them from now on.
   *
   * @param progress told the share that is loaded, 0 to 1
   * @throws FolkmootException BAD_REQUEST if the model has too few layers for such ends
   */
  public static EndSpans start(SwarmNode node, Wish wish, DoubleConsumer progress) {
    GgufFile file = GgufFile.open(wish.file);
    List<End> all = new ArrayList<>();
    try {
      ModelConfig config = ModelConfig.of(file);
      OwnEnds ends =
          new OwnEnds(
              node.self(),
              () -> node.port() == 0 ? List.of() : node.addresses(),
              config.layers(),
              wish.each,
              config.contextLength());
      all.add(load(file, config, wish, ends.first(), _ -> {}));
      all.add(load(file, config, wish, ends.last(), progress)); // with the head: most of it
      int room = all.stream().mapToInt(end -> end.engine.maxPositions()).min().orElseThrow();
      ModelId model = new ModelId(Hash32.ofHex(wish.sha256));
      EndSpans spans = new EndSpans(node, model, file, ends.holding(room), all);
      node.run(() -> all.forEach(end -> node.server().keep(model, end.engine)));
      return spans;
    } catch (RuntimeException | Error failed) {
      release(all, file);
      throw failed;
    }
  }

  private static End load(
      GgufFile file, ModelConfig config, Wish wish, LayerRange range, DoubleConsumer progress) {
    Span part = new Span(range.embeds(), range.from(), range.to(), range.heads());
    int tokens = Tokenizers.from(file.metadata()).size();
    WorkerPool pool = new WorkerPool(wish.threads);
    SpanModel span;
    try {
      span = SpanModel.load(file, config, part, pool, wish.shelf, progress);
    } catch (RuntimeException | Error failed) {
      pool.close();
      throw failed;
    }
    BatchScheduler scheduler =
        new BatchScheduler(
            span, wish.kvBytes / 2, ServedSpan.MOST_SESSIONS, new ServedSpan.Reader());
    return new End(pool, span, scheduler, new ScheduledSpan(span, scheduler, tokens));
  }

  /** Where they are in a chain. */
  public OwnEnds ends() {
    return ends;
  }

  private static void release(List<End> all, GgufFile file) {
    all.forEach(End::release);
    file.close();
  }

  /** Ends what goes on with them, and frees their memory. */
  @Override
  public void close() {
    try {
      node.run(() -> loaded.forEach(end -> node.server().withdraw(model, end.engine)));
    } finally {
      release(loaded, file);
    }
  }
}
