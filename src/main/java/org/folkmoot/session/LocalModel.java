package org.folkmoot.session;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.BatchScheduler;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Requirements;
import org.folkmoot.engine.model.Sequence;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.kernel.SelfTest;
import org.folkmoot.kernel.WarmUp;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.StepTrail;
import org.jspecify.annotations.Nullable;

/** A model whose layers are all in this process. */
public final class LocalModel implements LanguageModel {
  /**
   * How a model is opened.
   *
   * @param name the name it is known by
   * @param digest SHA-256 of its file, 64 hexadecimal digits
   * @param threads threads that compute
   * @param contextLength the most tokens of a context; the model's own length and {@code kvBytes}
   *     bound it, too
   * @param kvBytes the most memory for contexts
   * @param maxSessions the most answers at a time
   * @param nanoTime a clock for the figures in {@link Generation#usage}
   */
  public record Options(
      String name,
      String digest,
      int threads,
      int contextLength,
      long kvBytes,
      int maxSessions,
      LongSupplier nanoTime) {}

  private final Options options;
  private final GgufFile file;
  private final WorkerPool pool;
  private final SpanModel span;
  private final BatchScheduler scheduler;
  private final Prompts prompts;

  private LocalModel(
      Options options, GgufFile file, WorkerPool pool, SpanModel span, Prompts prompts) {
    this.options = options;
    this.file = file;
    this.pool = pool;
    this.span = span;
    this.prompts = prompts;
    this.scheduler = new BatchScheduler(span, options.kvBytes, options.maxSessions);
  }

  /**
   * Opens a model file.
   *
   * @param progress told the share of the weights that is loaded, 0 to 1
   * @throws FolkmootException if the file is damaged or not supported, memory does not suffice, or
   *     this machine computes wrongly what the model needs
   */
  public static LocalModel open(Path path, Options options, DoubleConsumer progress) {
    return open(path, options, WeightShelf.NONE, progress);
  }

  /** The same with weights that earlier processes have repacked. */
  public static LocalModel open(
      Path path, Options options, WeightShelf shelf, DoubleConsumer progress) {
    GgufFile file = GgufFile.open(path);
    WorkerPool pool = new WorkerPool(options.threads);
    AtomicBoolean loaded = new AtomicBoolean();
    try {
      ModelConfig config = ModelConfig.of(file);
      SelfTest.Needs needs = Requirements.of(file, config);
      CompletableFuture<Void> test = new CompletableFuture<>();
      prepare(needs, config, test, loaded::get);
      Prompts prompts = Prompts.of(file);
      SpanModel span = SpanModel.load(file, config, Span.whole(config), pool, shelf, progress);
      try {
        passed(test);
      } catch (RuntimeException failed) {
        span.close();
        throw failed;
      }
      return new LocalModel(options, file, pool, span, prompts);
    } catch (RuntimeException | Error failed) {
      pool.close();
      file.close();
      throw failed;
    } finally {
      loaded.set(true);
    }
  }

  /**
   * Tests what the model needs, then lets the JIT compiler get to know the kernels, while the
   * weights are loaded.
   */
  private static void prepare(
      SelfTest.Needs needs,
      ModelConfig config,
      CompletableFuture<Void> test,
      BooleanSupplier loaded) {
    Thread.ofPlatform()
        .daemon()
        .name("folkmoot-warm-up")
        .start(() -> {
          try {
            SelfTest.run(needs);
            test.complete(null);
          } catch (Throwable failed) {
            test.completeExceptionally(failed);
            return;
          }
          WarmUp.run(needs.types(), config.precision(), loaded);
        });
  }

  private static void passed(CompletableFuture<Void> test) {
    try {
      test.join(); // takes a tenth of a second
    } catch (CompletionException failed) {
      throw failed.getCause() instanceof FolkmootException coded
          ? coded
          : new IllegalStateException("the self-test could not run", failed.getCause());
    }
  }

  @Override
  public String name() {
    return options.name;
  }

  @Override
  public String digest() {
    return options.digest;
  }

  @Override
  public int contextLength() {
    int own = Math.min(span.config().contextLength(), scheduler.maxPositions());
    return Math.min(own, options.contextLength);
  }

  @Override
  public List<String> chatStops() {
    return prompts.chatStops();
  }

  @Override
  public Tokenizer tokenizer() {
    return prompts.tokenizer();
  }

  /** Its configuration. */
  public ModelConfig config() {
    return span.config();
  }

  /** What runs its passes. */
  public BatchScheduler scheduler() {
    return scheduler;
  }

  @Override
  public String chatTemplate() {
    return prompts.template().source();
  }

  @Override
  public String renderChat(List<ChatMessage> messages) {
    return prompts.renderChat(messages);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Special tokens that a person typed stay text: nobody can end a turn by writing {@code
   * <|im_end|>}.
   */
  @Override
  public int[] chatIds(List<ChatMessage> messages) {
    return prompts.chatIds(messages);
  }

  @Override
  public int[] chatIds(List<ChatMessage> messages, Map<String, @Nullable Object> variables) {
    return prompts.chatIds(messages, variables);
  }

  @Override
  public Generation generate(GenerationRequest request) {
    int most = room(request);
    Sequence sequence = scheduler.open(request.promptIds().length + most);
    StepTrail trail = begin(sequence, request);
    return answer(
        request,
        most,
        new LocalGeneration.Seat(sequence, sequence.length(), trail, sequence::close));
  }

  /** Has a new sequence begin with what others have computed of its prompt. */
  static StepTrail begin(Sequence sequence, GenerationRequest request) {
    StepTrail trail = new StepTrail();
    sequence.adopt(request.promptIds()).forEach(digests -> trail.add(trail.length(), digests));
    return trail;
  }

  @Override
  public Conversation newConversation() {
    return new LocalConversation(this);
  }

  /**
   * Checks a prompt against vocabulary and context.
   *
   * @return the most tokens that can be generated
   */
  int room(GenerationRequest request) {
    return Prompts.room(request, span.config().vocabulary(), contextLength());
  }

  LocalGeneration answer(GenerationRequest request, int most, LocalGeneration.Seat seat) {
    ModelConfig config = span.config();
    LocalGeneration.Source source =
        new LocalGeneration.Source(
            new ModelId(Hash32.ofHex(options.digest)), config.layers(), config.dim());
    return new LocalGeneration(request, most, seat, source, tokenizer(), options.nanoTime);
  }

  @Override
  public void close() {
    scheduler.close();
    span.close();
    pool.close();
    file.close();
  }
}
