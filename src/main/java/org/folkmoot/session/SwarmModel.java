package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Collection;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Receipt;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SessionId;

/** A model whose layers are at peers: here are only its tokenizer and its template. */
public final class SwarmModel implements LanguageModel {
  /**
   * How answers are made.
   *
   * @param contextLength the most tokens of a context; the model's own length bounds it, too
   * @param speculate whether to draft tokens where text repeats
   * @param constraints which peers to use
   * @param random unpredictable numbers, for session ids
   * @param release called when the model is closed
   */
  public record Options(
      int contextLength,
      boolean speculate,
      RouteConstraints constraints,
      ChainSettings chain,
      LongSupplier random,
      Runnable release) {}

  private final String name;
  private final ModelId model;
  private final Options options;
  private final PeerNetwork network;
  private final Supplier<Collection<Announcement>> announcements;
  private final PeerScores scores;
  private final ModelConfig config;
  private final Prompts prompts;
  private final SwarmGeneration.Watcher watcher;

  /**
   * A model of a swarm.
   *
   * @param name the name it is known by
   * @param head the model's file, or its head only; read now and not needed afterwards
   * @param announcements of the peers that live, as far as known
   * @param watcher told what happens to answers
   */
  public SwarmModel(
      String name,
      ModelId model,
      Options options,
      GgufFile head,
      PeerNetwork network,
      Supplier<Collection<Announcement>> announcements,
      PeerScores scores,
      SwarmGeneration.Watcher watcher) {
    this.name = name;
    this.model = model;
    this.options = options;
    this.network = network;
    this.announcements = announcements;
    this.scores = scores;
    this.config = ModelConfig.of(head);
    this.prompts = Prompts.of(head);
    this.watcher = watcher;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String digest() {
    return model.sha256().hex();
  }

  @Override
  public int contextLength() {
    return Math.min(config.contextLength(), options.contextLength);
  }

  @Override
  public Tokenizer tokenizer() {
    return prompts.tokenizer();
  }

  @Override
  public String chatTemplate() {
    return prompts.template().source();
  }

  @Override
  public String renderChat(List<ChatMessage> messages) {
    return prompts.renderChat(messages);
  }

  @Override
  public int[] chatIds(List<ChatMessage> messages) {
    return prompts.chatIds(messages);
  }

  @Override
  public List<String> chatStops() {
    return prompts.chatStops();
  }

  @Override
  public Generation generate(GenerationRequest request) {
    int room = Prompts.room(request, config.vocabulary(), contextLength());
    Chain.Task task =
        new Chain.Task(
            request
                .session()
                .orElseGet(
                    () -> new SessionId(options.random.getAsLong(), options.random.getAsLong())),
            model,
            config.layers(),
            request.promptIds().length + room,
            sampling(request));
    return new SwarmGeneration(
        network,
        planner(),
        options.chain,
        task,
        new AnswerText(tokenizer(), request.stops()),
        options.speculate,
        request.trace(),
        watcher);
  }

  private RoutedPlanner planner() {
    RoutedPlanner.Shape shape =
        new RoutedPlanner.Shape(model, config.layers(), 4 * config.dim(), headLayers(config));
    return new RoutedPlanner(
        network, shape, announcements, scores, options.constraints, options.random.getAsLong());
  }

  /**
   * Has an answer computed again, by other peers where there are any.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the receipt is not of this model
   */
  public SecondOpinion secondOpinion(Receipt receipt, Disclosure disclosure) {
    if (!receipt.terms().model().equals(model)) {
      throw new FolkmootException(BAD_REQUEST, "the receipt is of another model than " + name);
    }
    GenerationRequest again =
        new GenerationRequest(
            disclosure.promptIds(),
            receipt.terms().sampler(),
            disclosure.outputIds().length,
            List.of(),
            -1);
    int room = Prompts.room(again, config.vocabulary(), contextLength());
    Chain.Task task =
        new Chain.Task(
            new SessionId(options.random.getAsLong(), options.random.getAsLong()),
            model,
            config.layers(),
            disclosure.promptIds().length + room,
            sampling(again));
    return new SecondOpinion(network, planner(), options.chain, task, receipt, disclosure);
  }

  /** What a model's head costs in a pass for one token, in layers, by numbers of weights. */
  private static double headLayers(ModelConfig config) {
    double attention = 2.0 * config.dim() * (config.heads() + config.kvHeads()) * config.headDim();
    double layer = attention + 3.0 * config.dim() * config.ffn();
    return (double) config.vocabulary() * config.dim() / layer;
  }

  static Message.Sampling sampling(GenerationRequest request) {
    SamplerSettings s = request.sampler();
    return new Message.Sampling(
        s.temperature(),
        s.topK(),
        s.topP(),
        s.minP(),
        s.repeatPenalty(),
        s.repeatWindow(),
        s.seed(),
        s.logitBias(),
        request.promptIds(),
        request.topLogprobs());
  }

  @Override
  public void close() {
    options.release.run();
  }
}
