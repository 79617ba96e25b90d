package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.HopPlan;
import org.folkmoot.session.LocalModel;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.testing.LocalModels;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.jspecify.annotations.Nullable;

/**
 * Three spans of a model at two processes each, a client in this one, and a single machine's answer
 * to compare with. Whoever is killed is replaced by a new process with a new key.
 */
final class KillSwarm implements AutoCloseable {
  /** Whether the machine does nothing else, so that times that are promised can be held. */
  static final boolean IS_QUIET = Boolean.getBoolean("folkmoot.kills.quiet");

  private static final int SPANS = 3;
  private static final int COPIES = 2;

  /** Of a prompt: the answer then goes through 500 tokens of history. */
  static final int PROMPT = 480;

  static final int ANSWER = 64;

  /** More than are drafted at once: so many tokens are asked for after the blow. */
  private static final int AFTERWARDS = 20;

  private static final Executor BLOWS = task -> Thread.ofPlatform().daemon().start(task);

  private static final long DEAD_WITHIN = 1_000_000_000;
  private static final long SILENT_WITHIN = 3_000_000_000L;
  private static final long NEXT_WITHIN = 2_000_000_000;

  /** How hops are struck. */
  enum Blow {
    KILLED,
    FROZEN
  }

  /**
   * What came of a blow, in nanoseconds from it.
   *
   * @param detected when the client replaced the hop
   * @param next from then to the next token
   * @param gap the longest time without a token since the blow
   */
  record Outcome(long detected, long next, long gap) {}

  private final Path folder;
  private final Path model;
  private final Surroundings surroundings;
  private final JoinedSwarm swarm;
  private final int layers;
  private final List<NodeProcess> nodes = new ArrayList<>();
  private final LocalModel alone;
  private @Nullable SwarmNode client;
  private final Log log = new Log();
  private int homes;
  private long began;

  /** What the client's chain tells. */
  private final class Log implements SwarmGeneration.Watcher {
    private final List<String> story = new CopyOnWriteArrayList<>();

    // Guarded by this.
    private List<PeerId> chain = List.of();
    private Set<PeerId> struck = Set.of();
    private long detected;

    /** Nobody is struck yet. */
    synchronized void begin() {
      chain = List.of();
      struck = Set.of();
      detected = 0;
    }

    /**
     * Peers of the chain, when none of them is being replaced. From now on it is awaited that one
     * of them is missed.
     */
    synchronized List<PeerId> chosen(int... hops) throws InterruptedException {
      while (chain.isEmpty()) {
        wait();
      }
      List<PeerId> victims = Arrays.stream(hops).mapToObj(chain::get).toList();
      struck = Set.copyOf(victims);
      return victims;
    }

    synchronized long detected() {
      return detected;
    }

    void tell(String what) {
      story.add("%.3f s %s".formatted((now() - began) * 1e-9, what));
    }

    @Override
    public synchronized void hops(List<HopPlan> now) {
      chain = now.stream().map(HopPlan::peer).toList();
      notifyAll();
      tell("chain of " + chain);
    }

    @Override
    public synchronized void lost(List<PeerId> peers) {
      tell("lost " + peers);
      chain = List.of();
      if (detected == 0 && peers.stream().anyMatch(struck::contains)) {
        detected = now();
      }
    }
  }

  KillSwarm(Path folder, Path model) {
    this.folder = folder;
    this.model = model;
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", folder.resolve("client").toString());
    surroundings =
        new Surroundings(
            console.console(), console.in, console.environment, InstantSource.system());
    swarm =
        new JoinedSwarm(
            new SwarmId(Hash32.sha256(new byte[] {1})),
            "kill",
            surroundings.clock().millis(),
            Identity.random(new SecureRandom()).peerId());
    try (GgufFile file = GgufFile.open(model)) {
      layers = ModelConfig.of(file).layers();
    }
    began = now();
    alone = LocalModels.open(model, "alone", 1 << 28);
    try {
      for (int i = 0; i < SPANS * COPIES; i++) {
        // One after the other: six cold machines at once keep each other waiting.
        NodeProcess node = start(i % SPANS);
        nodes.add(node);
        node.awaitReady();
      }
      client =
          Swarms.start(
              surroundings,
              new SwarmFolder(folder.resolve("client")),
              Identity.random(new SecureRandom()),
              swarm,
              Optional.empty());
      awaitAll();
    } catch (RuntimeException | Error failed) {
      close();
      throw failed;
    }
  }

  private SwarmNode client() {
    return Objects.requireNonNull(client);
  }

  private long now() {
    return surroundings.nanoTime().getAsLong();
  }

  private NodeProcess start(int span) {
    Path home = folder.resolve("node-" + homes++);
    new SwarmFolder(home).join(swarm);
    String cut = span * layers / SPANS + ":" + (span + 1) * layers / SPANS;
    return NodeProcess.start(home, model.toString(), "--layers", cut, "--listen", "127.0.0.1:0");
  }

  /** Waits until the client knows, and has measured, exactly the nodes that live. */
  private void awaitAll() {
    SwarmNode client = client();
    client.introduce(nodes.stream().map(node -> node.listening().contact()).toList());
    Set<PeerId> wanted = nodes.stream().map(NodeProcess::id).collect(Collectors.toSet());
    assertThat(
            client.await(
                Duration.ofSeconds(60),
                () ->
                    client.hasMeasuredAll()
                        && client.serving().stream()
                            .map(each -> each.peer())
                            .collect(Collectors.toSet())
                            .equals(wanted)))
        .as("the client knows all nodes, %s; it knows %s", wanted, client.known())
        .isTrue();
  }

  /** Long prompts whose answers do not end early. */
  private GenerationRequest request(SplittableRandom random) {
    while (true) {
      int[] prompt = random.ints(PROMPT, 100, 400).toArray();
      SamplerSettings sampler =
          new SamplerSettings(1, 40, 0.95f, 0, 1.1f, 64, random.nextInt(1000), Map.of());
      GenerationRequest request = new GenerationRequest(prompt, sampler, ANSWER, List.of(), -1);
      try (Generation generation = alone.generate(request)) {
        if (Answer.pull(generation, AnswerWriter.silent()).ids().size() == ANSWER) {
          return request;
        }
      }
    }
  }

  /**
   * Asks, strikes hops in the middle, and compares the answer with that of a single machine. The
   * client must have felt it.
   *
   * @param hops which, from 0
   * @param drafting whether the client drafts
   */
  Outcome strike(SplittableRandom random, Blow blow, boolean drafting, int... hops) {
    GenerationRequest request = request(random);
    int at = 1 + random.nextInt(ANSWER - AFTERWARDS);
    long delayMicros = random.nextInt(20_000);
    List<NodeProcess> victims = new ArrayList<>();
    List<CompletableFuture<Long>> blows = new ArrayList<>();
    log.begin();
    List<Long> times = new ArrayList<>();
    Answer told =
        ask(
            request,
            drafting,
            tokens -> {
              times.add(now());
              if (tokens == at) {
                // Some microseconds later, so that it also hits in the middle of a step.
                blows.add(
                    CompletableFuture.supplyAsync(
                        () -> strike(blow, victims, hops),
                        CompletableFuture.delayedExecutor(
                            delayMicros, TimeUnit.MICROSECONDS, BLOWS)));
              }
              if (tokens == ANSWER - AFTERWARDS) {
                struck(blows.getFirst()); // a quick answer would be over before
              }
            });
    long struck = struck(blows.getFirst());
    Answer wanted;
    try (Generation generation = alone.generate(request)) {
      wanted = Answer.pull(generation, AnswerWriter.silent());
    }
    assertThat(told.ids()).isEqualTo(wanted.ids());
    assertThat(told.text()).isEqualTo(wanted.text());
    replace(victims);
    return outcome(struck, log.detected(), times);
  }

  private long strike(Blow blow, List<NodeProcess> victims, int... hops) {
    List<PeerId> chosen;
    try {
      chosen = log.chosen(hops);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
    chosen.forEach(peer -> victims.add(node(peer)));
    victims.forEach(victim -> log.tell(blow + " " + victim.id()));
    long now = now();
    victims.forEach(blow == Blow.KILLED ? NodeProcess::kill : NodeProcess::freeze);
    return now;
  }

  private static long struck(CompletableFuture<Long> blow) {
    try {
      return blow.get(1, TimeUnit.MINUTES);
    } catch (InterruptedException | ExecutionException | TimeoutException failed) {
      throw new AssertionError("no blow", failed);
    }
  }

  private static Outcome outcome(long struck, long detected, List<Long> times) {
    assertThat(detected).as("the client replaced a hop after the blow").isGreaterThan(struck);
    long gap = 0;
    long next = 0;
    long before = struck;
    for (long time : times) {
      if (time > before) {
        gap = Math.max(gap, time - before);
        before = time;
      }
      if (next == 0 && time > detected) {
        next = time - detected;
      }
    }
    return new Outcome(detected - struck, next, gap);
  }

  private Answer ask(GenerationRequest request, boolean drafting, IntConsumer afterToken) {
    SwarmModel swarmed =
        Swarms.model(
            surroundings,
            client(),
            SwarmServing.swarmName(model.toString()),
            Swarms.options(Integer.MAX_VALUE, drafting, RouteConstraints.NONE, () -> {}),
            log);
    List<Integer> ids = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    try (Generation generation = swarmed.generate(request)) {
      log.tell("asked");
      for (var piece = generation.next(); piece.isPresent(); piece = generation.next()) {
        ids.add(piece.get().id());
        text.append(piece.get().text());
        afterToken.accept(ids.size());
      }
      return new Answer(
          text.toString(), ids, generation.ending().orElseThrow(), generation.usage());
    } catch (FolkmootException failed) {
      log.tell("failed; known are " + client().known());
      throw new AssertionError(String.join("\n", log.story), failed);
    }
  }

  private NodeProcess node(PeerId peer) {
    return nodes.stream().filter(node -> node.id().equals(peer)).findFirst().orElseThrow();
  }

  private void replace(List<NodeProcess> victims) {
    for (NodeProcess victim : victims) {
      victim.close();
      int place = nodes.indexOf(victim);
      nodes.set(place, start(place % SPANS));
    }
    nodes.forEach(NodeProcess::awaitReady);
    awaitAll();
  }

  /** The figures of many blows, for people. */
  static String summary(String what, List<Outcome> outcomes) {
    long soon = outcomes.stream().filter(each -> each.next <= NEXT_WITHIN).count();
    return "%s: %d blows, all felt, all answers identical; detected after %s; then the next token after %s, %d within 2 s; longest gap %s"
        .formatted(
            what,
            outcomes.size(),
            spread(outcomes.stream().map(Outcome::detected).toList()),
            spread(outcomes.stream().map(Outcome::next).toList()),
            soon,
            spread(outcomes.stream().map(Outcome::gap).toList()));
  }

  /**
   * Holds blows to what is promised. Only on a machine that does nothing else: where six processes
   * share two cores with strangers, any of them may be late.
   */
  static void requirePromised(Blow blow, List<Outcome> outcomes) {
    long within = blow == Blow.KILLED ? DEAD_WITHIN : SILENT_WITHIN;
    assertThat(outcomes)
        .allSatisfy(each -> {
          assertThat(each.detected).as("detection").isLessThanOrEqualTo(within);
          assertThat(each.next).as("the next token").isLessThanOrEqualTo(NEXT_WITHIN);
        });
  }

  private static String spread(List<Long> nanos) {
    List<Long> sorted = new ArrayList<>(nanos);
    Collections.sort(sorted);
    return sorted.isEmpty()
        ? "–"
        : "%.3f s (median), %.3f s (longest)"
            .formatted(sorted.get(sorted.size() / 2) * 1e-9, sorted.getLast() * 1e-9);
  }

  @Override
  public void close() {
    try (LocalModel _ = alone;
        SwarmNode _ = client) {
      nodes.forEach(NodeProcess::close);
    }
  }
}
