package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.model.BatchScheduler;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.template.ChatTemplate;
import org.folkmoot.engine.template.ChatTemplates;
import org.folkmoot.engine.template.Segment;
import org.folkmoot.engine.template.TemplateContext;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WarmUp;
import org.folkmoot.kernel.WorkerPool;
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
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final TemplateContext templateContext;

  private LocalModel(
      Options options,
      GgufFile file,
      WorkerPool pool,
      SpanModel span,
      Tokenizer tokenizer,
      ChatTemplate template) {
    this.options = options;
    this.file = file;
    this.pool = pool;
    this.span = span;
    this.tokenizer = tokenizer;
    this.template = template;
    this.scheduler = new BatchScheduler(span, options.kvBytes, options.maxSessions);
    this.templateContext =
        TemplateContext.of(
            spelling(tokenizer, tokenizer.beginId()), spelling(tokenizer, tokenizer.endId()));
  }

  /**
   * Opens a model file.
   *
   * @param progress told the share of the weights that is loaded, 0 to 1
   * @throws FolkmootException if the file is damaged or not supported, or memory does not suffice
   */
  public static LocalModel open(Path path, Options options, DoubleConsumer progress) {
    GgufFile file = GgufFile.open(path);
    WorkerPool pool = new WorkerPool(options.threads);
    AtomicBoolean loaded = new AtomicBoolean();
    try {
      ModelConfig config = ModelConfig.of(file);
      warmUp(file, config, loaded::get);
      Tokenizer tokenizer = Tokenizers.from(file.metadata());
      if (tokenizer.size() > config.vocabulary()) {
        throw new FolkmootException(
            BAD_FILE,
            "%s: its tokenizer has %d tokens, its embedding only %d: pull it again"
                .formatted(path.getFileName(), tokenizer.size(), config.vocabulary()));
      }
      ChatTemplate template = ChatTemplates.of(templateOf(file));
      SpanModel span = SpanModel.load(file, config, Span.whole(config), pool, progress);
      return new LocalModel(options, file, pool, span, tokenizer, template);
    } catch (RuntimeException | Error failed) {
      pool.close();
      file.close();
      throw failed;
    } finally {
      loaded.set(true);
    }
  }

  /** Lets the JIT compiler get to know the kernels while the weights are loaded. */
  private static void warmUp(GgufFile file, ModelConfig config, BooleanSupplier loaded) {
    Set<TensorType> types =
        file.tensors().values().stream()
            .filter(tensor -> tensor.rows() > 1)
            .map(GgufTensor::type)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(TensorType.class)));
    Thread.ofPlatform()
        .daemon()
        .name("folkmoot-warm-up")
        .start(() -> WarmUp.run(types, config.precision(), loaded));
  }

  private static @Nullable String templateOf(GgufFile file) {
    return file.metadata().string(ChatTemplates.METADATA_KEY).orElse(null);
  }

  private static String spelling(Tokenizer tokenizer, OptionalInt id) {
    return id.isPresent() ? tokenizer.spelling(id.getAsInt()) : "";
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
    String template = templateOf(file);
    return template == null || template.isBlank() ? ChatTemplates.PLAIN_STOPS : List.of();
  }

  @Override
  public Tokenizer tokenizer() {
    return tokenizer;
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
  public String renderChat(List<ChatMessage> messages) {
    return template.render(messages, templateContext);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Special tokens that a person typed stay text: nobody can end a turn by writing {@code
   * <|im_end|>}.
   */
  @Override
  public int[] chatIds(List<ChatMessage> messages) {
    List<Segment> segments = template.renderSegments(messages, templateContext);
    StringBuilder text = new StringBuilder();
    List<int[]> apart = new ArrayList<>();
    int controls = 0;
    for (Segment segment : segments) {
      text.append(segment.text());
      int[] ids =
          tokenizer.encode(segment.text(), segment.trusted() ? Specials.PARSE : Specials.AS_TEXT);
      controls += controls(ids);
      apart.add(ids);
    }
    // Usually nobody forges anything: then the prompt is encoded whole, as the model was trained.
    int[] whole = tokenizer.encode(text.toString(), Specials.PARSE);
    if (controls(whole) == controls) {
      return whole;
    }
    return apart.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private int controls(int[] ids) {
    int count = 0;
    for (int id : ids) {
      if (tokenizer.bytes(id).length == 0) {
        count++;
      }
    }
    return count;
  }

  @Override
  public Generation generate(GenerationRequest request) {
    int most = room(request);
    BatchScheduler.Sequence sequence = scheduler.open(request.promptIds().length + most);
    return answer(request, most, new LocalGeneration.Seat(sequence, 0, sequence::close));
  }

  /** A conversation with this model, whose answers share a KV cache. */
  public Conversation newConversation() {
    return new Conversation(this);
  }

  /**
   * Checks a prompt against vocabulary and context.
   *
   * @return the most tokens that can be generated
   */
  int room(GenerationRequest request) {
    int[] prompt = request.promptIds();
    for (int id : prompt) {
      if (id < 0 || id >= span.config().vocabulary()) {
        throw new FolkmootException(
            BAD_REQUEST,
            "the token id %d is not in the vocabulary of %d"
                .formatted(id, span.config().vocabulary()));
      }
    }
    if (prompt.length >= contextLength()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the prompt has %d tokens, but the context holds %d with the answer: shorten it or start a new chat"
              .formatted(prompt.length, contextLength()));
    }
    return Math.min(request.maxTokens(), contextLength() - prompt.length);
  }

  LocalGeneration answer(GenerationRequest request, int most, LocalGeneration.Seat seat) {
    return new LocalGeneration(request, most, seat, tokenizer, options.nanoTime);
  }

  @Override
  public void close() {
    scheduler.close();
    span.close();
    pool.close();
    file.close();
  }
}
