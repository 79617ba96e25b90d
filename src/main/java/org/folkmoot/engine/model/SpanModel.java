package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.Elementwise;
import org.folkmoot.kernel.Tanh;
import org.folkmoot.kernel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * A span of a model with its weights: {@code forward()} for the next tokens of one or many
 * sequences.
 *
 * <p>Not promised: speed for calls at the same time. A pass uses all workers, so passes take turns;
 * put many sequences into one pass instead.
 */
public final class SpanModel implements AutoCloseable {
  private final ModelConfig config;
  private final Span span;
  private final SpanWeights weights;
  private final RopeTable rope;
  private final RopeTable windowRope;
  private final WorkerPool pool;
  private final Arena arena;
  private final Workspace work = new Workspace();

  /** Who leaves the weights for later processes, while it does. */
  private @Nullable WeightKeeper keeper;

  /** Fair: who computes pass after pass lets others in between. */
  private final ReentrantLock turn = new ReentrantLock(true);

  private SpanModel(
      ModelConfig config, Span span, SpanWeights weights, WorkerPool pool, Arena arena) {
    this.config = config;
    this.span = span;
    this.weights = weights;
    this.rope = new RopeTable(config.rope(), weights.ropeFactors(), config.contextLength());
    this.windowRope =
        config.window().rope().equals(config.rope())
            ? rope
            : new RopeTable(config.window().rope(), new float[0], config.contextLength());
    this.pool = pool;
    this.arena = arena;
  }

  /**
   * Loads a span. The file must stay open as long as the model lives.
   *
   * @param pool the threads that load and compute; not closed by the model
   * @param progress told the share that is done, 0 to 1
   * @throws FolkmootException BAD_FILE, UNSUPPORTED, or NO_ROOM if memory does not suffice
   */
  public static SpanModel load(
      GgufFile file, ModelConfig config, Span span, WorkerPool pool, DoubleConsumer progress) {
    return load(file, config, span, pool, WeightShelf.NONE, progress);
  }

  /**
   * The same, with the repacked weights that an earlier process has left, if it has. Otherwise this
   * one leaves its own, in the background.
   */
  public static SpanModel load(
      GgufFile file,
      ModelConfig config,
      Span span,
      WorkerPool pool,
      WeightShelf shelf,
      DoubleConsumer progress) {
    if (span.to() > config.layers()) {
      throw new IllegalArgumentException(span + " of " + config.layers() + " layers");
    }
    String layout = WeightKeeper.layout(file, span);
    Optional<Path> kept = shelf.find(layout);
    if (kept.isPresent()) {
      Optional<SpanModel> model = ofKept(kept.get(), layout, file, config, span, pool, progress);
      if (model.isPresent()) {
        return model.get();
      }
      shelf.discard(kept.get());
    }
    Arena arena = Arena.ofShared();
    WeightMemory.Fresh memory = new WeightMemory.Fresh(arena);
    try (WeightLoader loader = new WeightLoader(file, config, span, memory, pool, progress)) {
      SpanModel model = new SpanModel(config, span, loader.load(span), pool, arena);
      model.keeper = WeightKeeper.start(shelf, layout, memory.pieces()).orElse(null);
      return model;
    } catch (RuntimeException | Error failed) {
      arena.close();
      throw failed;
    }
  }

  /** The model with weights from a file, unless that is damaged or of something else. */
  private static Optional<SpanModel> ofKept(
      Path kept,
      String layout,
      GgufFile file,
      ModelConfig config,
      Span span,
      WorkerPool pool,
      DoubleConsumer progress) {
    Arena arena = Arena.ofShared();
    try {
      WeightMemory.Kept memory = PackedFile.open(kept, layout, arena, pool);
      try (WeightLoader loader = new WeightLoader(file, config, span, memory, pool, progress)) {
        SpanWeights weights = loader.load(span);
        memory.requireEnd();
        return Optional.of(new SpanModel(config, span, weights, pool, arena));
      }
    } catch (IOException | WeightMemory.UnfitWeights unfit) {
      arena.close();
      return Optional.empty();
    } catch (RuntimeException | Error failed) {
      arena.close();
      throw failed;
    }
  }

  /** The model's configuration. */
  public ModelConfig config() {
    return config;
  }

  /** What part of the model this is. */
  public Span span() {
    return span;
  }

  /** Wakes the threads that compute: a pass comes in a moment. */
  void rouse() {
    pool.rouse();
  }

  /** Lets the threads that compute sleep: nobody knows when the next pass comes. */
  void rest() {
    pool.rest();
  }

  /**
   * Has the threads that compute share out what follows a pass, one piece at a time.
   *
   * @param piece given {@code 0 <= i < count}
   */
  void shareOut(int count, IntConsumer piece) {
    if (count == 1) {
      piece.accept(0);
      return;
    }
    turn.lock();
    try {
      pool.run(
          count,
          1,
          (from, to, _) -> {
            for (int i = from; i < to; i++) {
              piece.accept(i);
            }
          });
    } finally {
      turn.unlock();
    }
  }

  /** A pool of cache memory for this span. */
  public KvPool newKvPool(long budgetBytes) {
    return new KvPool(new KvPlan(config, span), budgetBytes);
  }

  /** Bytes of weights that a pass for one token reads. */
  public long decodeBytes() {
    return weights.matrixBytes();
  }

  /** Length of an output: the vocabulary for a span with a head, else a hidden state. */
  public int outputLength() {
    return outputLength(span);
  }

  /** Length of an output of a part of this span. */
  int outputLength(Span part) {
    return part.heads() ? config.vocabulary() : config.dim();
  }

  /**
   * One pass: the next tokens of each step's sequence go through the layers, and their keys and
   * values into its cache. Sequences do not see each other.
   *
   * @return outputs {@code [output][outputLength]} of all steps in order
   * @throws FolkmootException BAD_REQUEST if a sequence outgrows the context or has an unknown id;
   *     BUSY if a pool has no room; ARITHMETIC if a hidden state or a logit is not finite. The
   *     caches are then as long as before.
   */
  public float[] forward(List<Step> steps) {
    return forward(span, steps, false).outputs();
  }

  /** Looks at the hidden states of a pass on their way through the layers. */
  @FunctionalInterface
  public interface Between {
    /**
     * Called before each layer of the pass and behind the last.
     *
     * @param layer the layer that comes next
     * @param hidden {@code [token][dim]} of all steps in order; only during the call, for the pass
     *     goes on in the same array
     * @param tokens how many
     */
    void states(int layer, float[] hidden, int tokens);
  }

  /** One pass as {@link #forward(List)}, and a look at what is between the layers. */
  public float[] forward(List<Step> steps, Between between) {
    return forward(span, steps, false, between, Tap.NONE).outputs();
  }

  /**
   * What a pass gives.
   *
   * @param outputs {@code [output][length]} of all steps in order: logits of a part with a head,
   *     else hidden states
   * @param states hidden states {@code [token][dim]} of all tokens behind the last layer, if asked
   *     for
   */
  record Pass(float[] outputs, float[] states) {}

  /**
   * One pass through a part of this span, as {@link #forward(List)}. The caches are laid out for
   * the whole span; layers outside the part leave theirs alone.
   *
   * @param states whether all tokens' hidden states are wanted, too
   */
  Pass forward(Span part, List<Step> steps, boolean states) {
    return forward(part, steps, states, (_, _, _) -> {}, Tap.NONE);
  }

  /** The same, watched. */
  Pass forward(Span part, List<Step> steps, boolean states, Tap tap) {
    return forward(part, steps, states, (_, _, _) -> {}, tap);
  }

  private Pass forward(Span part, List<Step> steps, boolean states, Between between, Tap tap) {
    turn.lock();
    try {
      return pass(part, steps, states, between, tap);
    } finally {
      turn.unlock();
    }
  }

  private Pass pass(Span part, List<Step> steps, boolean states, Between between, Tap tap) {
    for (Step step : steps) {
      check(part, step);
    }
    for (Step step : steps) {
      step.cache().reserve(step.cache().length() + step.tokens());
    }
    int tokens = steps.stream().mapToInt(Step::tokens).sum();
    work.fit(config, tokens);
    takeInputs(part, steps);
    between.states(part.from(), work.hidden, tokens);
    if (part.embeds()) {
      tap.rows(0, Operator.EMBEDDING, 0, work.hidden, config.dim(), 0, config.dim());
    }
    for (int layer = part.from(); layer < part.to(); layer++) {
      int i = layer - span.from();
      SpanWeights.Layer own = weights.layers().get(i);
      RopeTable turns = config.window().covers(layer) ? windowRope : rope;
      new LayerPass(config, own, layer, i, steps, tokens, turns, pool, work, tap).run();
      between.states(layer + 1, work.hidden, tokens);
    }
    float[] all = states ? Arrays.copyOf(work.hidden, tokens * config.dim()) : new float[0];
    Elementwise.requireFinite(all, 0, all.length);
    float[] outputs = outputs(part, steps);
    requireFinite(outputs, outputLength(part));
    for (Step step : steps) {
      step.cache().advance(step.tokens());
    }
    return new Pass(outputs, all);
  }

  /** The scores of a vocabulary for some sessions are a million and more. */
  private void requireFinite(float[] outputs, int length) {
    pool.run(
        outputs.length / length,
        1,
        (from, to, _) -> Elementwise.requireFinite(outputs, from * length, (to - from) * length));
  }

  private void check(Span part, Step step) {
    int end = step.cache().length() + step.tokens();
    if (step.tokens() < 1 || end > config.contextLength()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "%d tokens do not fit the model's context of %d".formatted(end, config.contextLength()));
    }
    int length = part.embeds() ? step.ids().length : step.hidden().length / config.dim();
    if (length != step.tokens()) {
      throw new IllegalArgumentException(
          "a step of " + step.tokens() + " has " + length + " inputs");
    }
    for (int id : step.ids()) {
      if (id < 0 || id >= config.vocabulary()) {
        throw new FolkmootException(
            BAD_REQUEST,
            "the token id %d is not in the vocabulary of %d".formatted(id, config.vocabulary()));
      }
    }
  }

  private void takeInputs(Span part, List<Step> steps) {
    int dim = config.dim();
    int token = 0;
    for (Step step : steps) {
      if (part.embeds()) {
        for (int id : step.ids()) {
          required(weights.embedding()).lookUp(id, work.hidden, token * dim);
          if (config.scales().embedding() != 1) {
            Elementwise.scale(work.hidden, token * dim, dim, config.scales().embedding());
          }
          token++;
        }
      } else {
        System.arraycopy(step.hidden(), 0, work.hidden, token * dim, step.tokens() * dim);
        token += step.tokens();
      }
    }
  }

  private float[] outputs(Span part, List<Step> steps) {
    int dim = config.dim();
    int count = steps.stream().mapToInt(Step::outputs).sum();
    float[] states = new float[count * dim];
    int end = 0;
    int output = 0;
    for (Step step : steps) {
      end += step.tokens();
      for (int token = end - step.outputs(); token < end; token++) {
        System.arraycopy(work.hidden, token * dim, states, output++ * dim, dim);
      }
    }
    return part.heads() && count > 0 ? logits(states, count) : states;
  }

  private float[] logits(float[] states, int count) {
    SpanWeights.Head head = required(weights.head());
    LayerPass.normAndPrepare(
        states, head.norm(), config.normEpsilon(), count, head.projection(), pool, work);
    float[] logits = new float[count * config.vocabulary()];
    head.projection().multiply(pool, work.activations, logits);
    if (config.scales().logits() != 1) {
      Elementwise.scale(logits, 0, logits.length, config.scales().logits());
    }
    if (config.scales().logitCap() > 0) {
      pool.run(
          count,
          1,
          (from, to, _) ->
              Tanh.cap(
                  logits,
                  from * config.vocabulary(),
                  (to - from) * config.vocabulary(),
                  config.scales().logitCap()));
    }
    return logits;
  }

  private static <T> T required(@Nullable T part) {
    return Objects.requireNonNull(part, "this span has no such part");
  }

  /** Frees the weights. */
  @Override
  public void close() {
    turn.lock();
    try {
      if (arena.scope().isAlive()) {
        if (keeper != null) {
          keeper.close();
        }
        arena.close();
      }
    } finally {
      turn.unlock();
    }
  }
}
