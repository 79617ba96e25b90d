package org.folkmoot.engine.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.WorkerPool;

/**
 * A model as a row of spans, each as a peer would hold it; hidden states go from one to the next.
 */
final class SpanChain implements AutoCloseable {
  private static final long KV_BYTES = 1 << 26;

  private final List<SpanModel> spans = new ArrayList<>();
  private final List<KvPool> pools = new ArrayList<>();

  /**
   * Loads a chain.
   *
   * @param cuts the layers before which a new span begins; 0 sets the embedding apart, the number
   *     of layers the head
   */
  SpanChain(GgufFile file, ModelConfig config, WorkerPool workers, List<Integer> cuts) {
    int from = 0;
    boolean embeds = true;
    for (int cut : cuts) {
      add(SpanModel.load(file, config, new Span(embeds, from, cut, false), workers, _ -> {}));
      from = cut;
      embeds = false;
    }
    Span last = new Span(embeds, from, config.layers(), true);
    add(SpanModel.load(file, config, last, workers, _ -> {}));
  }

  private void add(SpanModel span) {
    spans.add(span);
    pools.add(span.newKvPool(KV_BYTES));
  }

  /** One sequence's caches, one in each span. */
  final class Sequence implements AutoCloseable {
    private final List<KvCache> caches = new ArrayList<>();

    Sequence() {
      pools.forEach(pool -> caches.add(new KvCache(pool)));
    }

    int length() {
      return caches.getFirst().length();
    }

    void truncate(int positions) {
      caches.forEach(cache -> cache.truncate(positions));
    }

    @Override
    public void close() {
      caches.forEach(KvCache::close);
    }
  }

  /** What a sequence puts into a pass. */
  record Part(Sequence sequence, int[] ids) {}

  /** One pass: what each span gives for every id of every part. */
  List<float[]> forward(List<Part> parts) {
    List<float[]> outputs = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      List<Step> steps = new ArrayList<>();
      int token = 0;
      for (Part part : parts) {
        KvCache cache = part.sequence.caches.get(i);
        int count = part.ids.length;
        if (i == 0) {
          steps.add(Step.ofIds(cache, part.ids, Step.Wanted.ALL));
        } else {
          int dim = spans.get(i).config().dim();
          float[] hidden =
              Arrays.copyOfRange(outputs.getLast(), token * dim, (token + count) * dim);
          steps.add(Step.ofHidden(cache, count, hidden, Step.Wanted.ALL));
          token += count;
        }
      }
      outputs.add(spans.get(i).forward(steps));
    }
    return outputs;
  }

  /** Length of one output of each span. */
  List<Integer> widths() {
    return spans.stream().map(SpanModel::outputLength).toList();
  }

  @Override
  public void close() {
    pools.forEach(KvPool::close);
    spans.forEach(SpanModel::close);
  }
}
