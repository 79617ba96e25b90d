package org.folkmoot.proof.trial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.proof.ModelAtHand;
import org.folkmoot.proof.Recomputation;
import org.folkmoot.testing.Dequantiser;
import org.folkmoot.testing.ReferenceQuantiser;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;

/** A model in three spans, as it should be and as cheats would have it. */
final class TrialModels implements AutoCloseable {
  /** Whose weights a hop computes with. */
  enum Weights {
    TRUE,
    OTHER_QUANTISATION,
    SMALLER,
    WITH_ADAPTER,
    FEWER_LAYERS
  }

  private static final long KV_BYTES = 1 << 25;

  /** A span with weights, and memory for its caches. */
  record Part(SpanModel model, KvPool kv) {}

  private final WorkerPool workers;
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final Map<Weights, List<Part>> parts = new EnumMap<>(Weights.class);
  private final List<LayerRange> ranges = new ArrayList<>();
  private final GgufFile file;
  private final ModelConfig config;
  private final Tokenizer tokenizer;
  private final ModelId id;
  private final Recomputation recomputation;

  /** The true model's file. */
  ModelAtHand atHand() {
    return new ModelAtHand(id, file, config);
  }

  private static final TinyModel TINY =
      TinyModel.of(TensorType.Q8_0)
          .withLayers(6)
          .withWidths(new TinyModel.Widths(64, 4, 2, 16, 96))
          .withVocab(320);

  /** A tiny model of six layers, cut before some of them. */
  static TrialModels tiny(Path folder, List<Integer> cuts) {
    return new TrialModels(TinyModels.write(folder, TINY), 1, cuts);
  }

  /** A tiny model in three spans and in all variants. */
  static TrialModels tiny(Path folder) {
    TinyModel base = TINY;
    Path path = TinyModels.write(folder, base);
    TrialModels models = new TrialModels(path, 1, List.of(2, 4));
    TensorType rough = TensorType.Q4_0;
    models.add(
        Weights.OTHER_QUANTISATION,
        TinyModels.write(folder, base.withFormats(new TinyModel.Formats(rough, rough, rough))));
    models.add(
        Weights.SMALLER,
        TinyModels.write(folder, base.withWidths(new TinyModel.Widths(64, 2, 1, 16, 64))));
    models.add(Weights.WITH_ADAPTER, adapted(folder, path, base.layers()));
    return models;
  }

  /**
   * A model without the variants that need other files.
   *
   * @param cuts before which layers a hop's span begins
   */
  TrialModels(Path path, int threads, List<Integer> cuts) {
    workers = new WorkerPool(threads);
    file = open(path);
    config = ModelConfig.of(file);
    tokenizer = Tokenizers.from(file.metadata());
    id = new ModelId(sha256(path));
    int from = 0;
    for (int cut : cuts) {
      ranges.add(new LayerRange(ranges.isEmpty(), from, cut, false));
      from = cut;
    }
    ranges.add(new LayerRange(ranges.isEmpty(), from, config.layers(), true));
    parts.put(Weights.TRUE, load(file, 0));
    if (ranges.stream().allMatch(range -> range.layers() > 1)) {
      parts.put(Weights.FEWER_LAYERS, load(file, 1));
    }
    SpanModel whole = SpanModel.load(file, config, Span.whole(config), workers, _ -> {});
    opened.add(whole);
    recomputation = new Recomputation(whole, id, tokenizer.size(), tokenizer::isEnd);
  }

  private static Hash32 sha256(Path path) {
    try {
      return Hash32.sha256(Files.readAllBytes(path));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private GgufFile open(Path path) {
    GgufFile other = GgufFile.open(path);
    opened.add(other);
    return other;
  }

  private void add(Weights weights, Path path) {
    parts.put(weights, load(open(path), 0));
  }

  private List<Part> load(GgufFile from, int skippedLayers) {
    List<Part> loaded = new ArrayList<>();
    ModelConfig its = ModelConfig.of(from);
    for (LayerRange range : ranges) {
      Span span = new Span(range.embeds(), range.from() + skippedLayers, range.to(), range.heads());
      SpanModel model = SpanModel.load(from, its, span, workers, _ -> {});
      KvPool kv = model.newKvPool(KV_BYTES);
      opened.add(model);
      opened.add(kv);
      loaded.add(new Part(model, kv));
    }
    return loaded;
  }

  /** The same with B·A added to each layer's queries, as LoRA (arXiv 2106.09685) merged would. */
  private static Path adapted(Path folder, Path base, int layers) {
    Path path = folder.resolve("adapted.gguf");
    try (GgufFile file = GgufFile.open(base)) {
      byte[] bytes = Files.readAllBytes(base);
      for (int layer = 0; layer < layers; layer++) {
        GgufTensor tensor = file.tensor("blk." + layer + ".attn_q.weight").orElseThrow();
        double[] weights = Dequantiser.all(file, tensor);
        float[] sums = new float[weights.length];
        int columns = (int) tensor.columns();
        for (int i = 0; i < sums.length; i++) {
          int row = i / columns;
          double up = StrictMath.sin(1.0 + layer + row);
          double down = StrictMath.cos(2.0 * (i % columns));
          sums[i] = (float) (weights[i] + 0.02 * up * down);
        }
        byte[] changed = ReferenceQuantiser.quantise(tensor.type(), sums);
        System.arraycopy(changed, 0, bytes, (int) tensor.offset(), changed.length);
      }
      Files.write(path, bytes);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return path;
  }

  boolean has(Weights weights) {
    return parts.containsKey(weights);
  }

  Part part(Weights weights, int hop) {
    return Objects.requireNonNull(parts.get(weights)).get(hop);
  }

  List<LayerRange> ranges() {
    return ranges;
  }

  ModelConfig config() {
    return config;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  ModelId id() {
    return id;
  }

  Recomputation recomputation() {
    return recomputation;
  }

  @Override
  public void close() {
    for (AutoCloseable one : opened.reversed()) {
      try {
        one.close();
      } catch (Exception unexpected) {
        throw new IllegalStateException(unexpected);
      }
    }
    workers.close();
  }
}
