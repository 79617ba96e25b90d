package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Receipt;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.jspecify.annotations.Nullable;

/** A model whose layers are at peers: here are only its tokenizer and its template. */
public final class SwarmModel implements LanguageModel {
  /**
   * How answers are made.
   *
   * @param contextLength the most tokens of a context; the model's own length bounds it, too
   * @param speculate whether to draft tokens where text repeats
   * @param draft a small model of this machine that drafts where text does not repeat; not closed
   * @param constraints which peers to use
   * @param ends of the model that are computed here, whoever computes the rest
   * @param random unpredictable numbers, for session ids
   * @param release called when the model is closed
   */
  public record Options(
      int contextLength,
      boolean speculate,
      Optional<LocalModel> draft,
      RouteConstraints constraints,
      Optional<OwnEnds> ends,
      ChainSettings chain,
      LongSupplier random,
      Runnable release) {
    /** The same with a model that drafts. */
    Options draftedBy(LocalModel model) {
      return new Options(
          contextLength, speculate, Optional.of(model), constraints, ends, chain, random, release);
    }

    /** The same with the model's ends here. */
    Options around(OwnEnds own) {
      return new Options(
          contextLength, speculate, draft, constraints, Optional.of(own), chain, random, release);
    }

    /** The same over other peers; closing what is made with it releases nothing. */
    Options over(RouteConstraints others) {
      return new Options(contextLength, speculate, draft, others, ends, chain, random, () -> {});
    }
  }

  private static final SwarmGeneration.Watcher NOBODY = new SwarmGeneration.Watcher() {};

  private final String name;
  private final ModelId model;
  private final Options options;
  private final PeerNetwork network;
  private final Supplier<Collection<Announcement>> announcements;
  private final PeerScores scores;
  private final ModelConfig config;
  private final Prompts prompts;
  private final SwarmGeneration.Watcher watcher;
  private final Optional<Through> through;

  /** A peer that computes all that it serves. */
  private record Through(PeerId peer, LayerRange served) {}

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
    this.through = Optional.empty();
    options.draft.ifPresent(this::checkTokens);
  }

  /** Whether token ids mean the same to another model: then that one can draft for this one. */
  public boolean sharesTokens(LocalModel other) {
    Tokenizer ours = tokenizer();
    Tokenizer theirs = other.tokenizer();
    boolean same = ours.size() == theirs.size();
    for (int id = 0; same && id < ours.size(); id++) {
      same = ours.spelling(id).equals(theirs.spelling(id));
    }
    return same;
  }

  private void checkTokens(LocalModel draft) {
    if (!sharesTokens(draft)) {
      throw new FolkmootException(
          BAD_REQUEST,
          "%s cannot draft for %s: it has another vocabulary; choose a smaller model of the same family"
              .formatted(draft.name(), name));
    }
  }

  private SwarmModel(
      SwarmModel other,
      Options options,
      Optional<Through> through,
      SwarmGeneration.Watcher watcher) {
    this.name = other.name;
    this.model = other.model;
    this.options = options;
    this.network = other.network;
    this.announcements = other.announcements;
    this.scores = other.scores;
    this.config = other.config;
    this.prompts = other.prompts;
    this.watcher = watcher;
    this.through = through;
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
  public boolean asksOthers() {
    return true;
  }

  @Override
  public int contextLength() {
    int room = options.ends.map(OwnEnds::positions).orElse(Integer.MAX_VALUE);
    return Math.min(room, Math.min(config.contextLength(), options.contextLength));
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
  public int[] chatIds(List<ChatMessage> messages, Map<String, @Nullable Object> variables) {
    return prompts.chatIds(messages, variables);
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
        drafter(request, task.maxPositions()),
        request.trace(),
        watcher);
  }

  private Optional<Drafter> drafter(GenerationRequest request, int positions) {
    return options
        .draft
        .filter(model -> positions <= model.contextLength())
        .flatMap(model ->
            ModelDrafter.ifRoom(
                network.loop(), network.loop()::nanoTime, model, request.sampler(), positions))
        .<Drafter>map(drafter -> drafter)
        .or(() -> options.speculate ? Optional.of(new PromptLookup()) : Optional.empty());
  }

  private ChainPlanner planner() {
    ChainPlanner any = planner(options.constraints);
    return through
        .<ChainPlanner>map(
            peer -> new ThroughPeer(planner(only(Set.of(peer.peer))), any, peer.peer, peer.served))
        .orElse(any);
  }

  private static RouteConstraints only(Set<PeerId> peers) {
    return new RouteConstraints(peers, Set.of(), Set.of(), 0);
  }

  private ChainPlanner planner(RouteConstraints constraints) {
    RoutedPlanner.Shape shape =
        new RoutedPlanner.Shape(model, config.layers(), 4 * config.dim(), headLayers(config));
    ChainPlanner others =
        new RoutedPlanner(
            network, shape, announcements, scores, constraints, options.random.getAsLong());
    return options.ends.map(own -> own.around(others, network.loop()::nanoTime)).orElse(others);
  }

  /**
   * Has an answer computed again, by other peers where there are any.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the receipt is not of this model
   */
  public SecondOpinion secondOpinion(Receipt receipt, Disclosure disclosure) {
    return opinion(
        receipt, disclosure, SameCuts.byOthers(planner(options.constraints), receipt.hops()));
  }

  /** Holds tokens against texts, by the tokenizer that peers gave. */
  public PromptCheck promptCheck() {
    return PromptCheck.of(prompts);
  }

  /** Has an answer computed again by the very peers that its receipt names. */
  public SecondOpinion sameAgain(Receipt receipt, Disclosure disclosure) {
    Set<PeerId> same = new HashSet<>();
    receipt.hops().forEach(hop -> same.add(hop.peer()));
    return opinion(receipt, disclosure, SameCuts.bySame(planner(only(same)), receipt.hops()));
  }

  /** The same model over other peers, as far as these constraints have it. */
  public SwarmModel over(RouteConstraints constraints) {
    return new SwarmModel(this, options.over(constraints), Optional.empty(), NOBODY);
  }

  /**
   * The same model with a small one of this machine that drafts; this one is not used any more.
   *
   * @throws FolkmootException BAD_REQUEST if it has another vocabulary
   */
  public SwarmModel draftedBy(LocalModel draft) {
    checkTokens(draft);
    return new SwarmModel(this, options.draftedBy(draft), through, watcher);
  }

  /** The same model with its ends here, for answers and for all that is computed again of them. */
  public SwarmModel around(OwnEnds own) {
    return new SwarmModel(this, options.around(own), through, watcher);
  }

  /** The ends that are here. */
  public Optional<OwnEnds> ends() {
    return options.ends;
  }

  /** The model's layers. */
  public int layers() {
    return config.layers();
  }

  /** The same model with one peer computing all that it serves, and nobody in its place. */
  public SwarmModel through(PeerId peer, LayerRange served) {
    return new SwarmModel(
        this, options.over(options.constraints), Optional.of(new Through(peer, served)), NOBODY);
  }

  private SecondOpinion opinion(Receipt receipt, Disclosure disclosure, ChainPlanner planner) {
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
    if (room < disclosure.outputIds().length) {
      throw new FolkmootException(
          BAD_REQUEST,
          "prompt and answer of the receipt are longer than the context of %d"
              .formatted(contextLength()));
    }
    Chain.Task task =
        new Chain.Task(
            new SessionId(options.random.getAsLong(), options.random.getAsLong()),
            model,
            config.layers(),
            disclosure.promptIds().length + room,
            sampling(again));
    return new SecondOpinion(
        network, planner, options.chain, task, Identity::verify, receipt, disclosure);
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
