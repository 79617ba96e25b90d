package org.folkmoot.cli;

import java.util.function.DoubleConsumer;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Requirements;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.SelfTest;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.proof.ModelAtHand;
import org.folkmoot.proof.Recomputation;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.ModelId;

/** A whole model, opened to compute an answer again. */
final class Weights implements AutoCloseable {
  private final ModelId id;
  private final GgufFile file;
  private final WorkerPool pool;
  private final SpanModel span;
  private final Recomputation recomputation;

  private Weights(
      ModelId id, GgufFile file, WorkerPool pool, SpanModel span, Recomputation recomputation) {
    this.id = id;
    this.file = file;
    this.pool = pool;
    this.span = span;
    this.recomputation = recomputation;
  }

  /**
   * Loads them, showing how far it is.
   *
   * @throws org.folkmoot.base.FolkmootException if the file is damaged, memory does not suffice, or
   *     this machine computes wrongly
   */
  static Weights open(Surroundings surroundings, StoredModel model, ModelOpener.Settings settings) {
    try (LoadingLine line = new LoadingLine(surroundings, model.name())) {
      return open(surroundings, model, settings, line);
    }
  }

  /** Loads them while nobody looks. */
  static Weights openQuietly(
      Surroundings surroundings, StoredModel model, ModelOpener.Settings settings) {
    return open(surroundings, model, settings, _ -> {});
  }

  private static Weights open(
      Surroundings surroundings,
      StoredModel model,
      ModelOpener.Settings settings,
      DoubleConsumer line) {
    VectorApi.load();
    GgufFile file = GgufFile.open(model.path());
    WorkerPool pool = new WorkerPool(settings.threads());
    try {
      ModelConfig config = ModelConfig.of(file);
      SelfTest.run(Requirements.of(file, config));
      Tokenizer tokenizer = Tokenizers.from(file.metadata());
      WeightShelf shelf = KeptWeights.of(surroundings, model.sha256());
      SpanModel span = SpanModel.load(file, config, Span.whole(config), pool, shelf, line);
      ModelId id = new ModelId(Hash32.ofHex(model.sha256()));
      return new Weights(
          id, file, pool, span, new Recomputation(span, id, tokenizer.size(), tokenizer::isEnd));
    } catch (RuntimeException | Error failed) {
      pool.close();
      file.close();
      throw failed;
    }
  }

  /** The whole model. */
  SpanModel model() {
    return span;
  }

  /** Its file, for one operator at a time. */
  ModelAtHand atHand() {
    return new ModelAtHand(id, file, span.config());
  }

  /** What computes with them. */
  Recomputation recomputation() {
    return recomputation;
  }

  @Override
  public void close() {
    span.close();
    pool.close();
    file.close();
  }
}
