package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.HopPlan;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.ToldTemplate;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows in one go what a swarm is. */
@Command(
    name = "demo",
    description = {
      "See a swarm answer while one of its peers is killed.",
      "Starts three peers on this machine, each with a third of the model, and a spare; asks them"
          + " a question; kills one in the middle of the answer; and compares the answer with that"
          + " of a single machine, byte for byte. Exit status 1 if they differ."
    })
final class DemoCommand implements Callable<Integer> {
  private static final String MODEL = "smollm2:135m";
  private static final String QUESTION = "Why is the sky blue?";
  private static final int THIRDS = 3;
  private static final int USUAL_KILL = 24;
  private static final String SENTENCE_ENDS = ".!?:\n";

  private final Surroundings surroundings;

  @Parameters(
      paramLabel = "QUESTION",
      arity = "0..*",
      description = "What to ask (default: " + QUESTION + ").")
  private List<String> words = List.of();

  @Option(names = "--model", defaultValue = MODEL, description = "Which model (${DEFAULT-VALUE}).")
  private String reference;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "96",
      description = "The most tokens of the answer (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--kill-at",
      paramLabel = "N",
      description =
          "After how many tokens a peer is killed (default: 24, or sooner where the answer might end"
              + " before).")
  private @Nullable Integer killAt;

  @Option(
      names = "--kill",
      paramLabel = "N",
      defaultValue = "2",
      description = "Which of the three, 1 to 3 (default: ${DEFAULT-VALUE}).")
  private int victim;

  @Option(
      names = "--cheat",
      description =
          "Instead of killing a peer, let one alter what it computes, and see it caught, proven"
              + " and left out.")
  private boolean cheat;

  @Option(
      names = "--proof",
      paramLabel = "FILE",
      description = "With --cheat: keep the proof there, for 'folkmoot verify FILE'.")
  private @Nullable Path proofFile;

  /** The same day for both answers. */
  private Map<String, @Nullable Object> today = Map.of();

  DemoCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /** What happened on the way. */
  private static final class Log implements SwarmGeneration.Watcher {
    private final List<PeerId> lost = new CopyOnWriteArrayList<>();
    private final Map<PeerId, Integer> seatedAt = new ConcurrentHashMap<>();
    private volatile List<PeerId> seated = List.of();
    private volatile int tokens;

    @Override
    public void hops(List<HopPlan> hops) {
      seated = hops.stream().map(HopPlan::peer).toList();
      hops.forEach(hop -> seatedAt.putIfAbsent(hop.peer(), tokens));
    }

    @Override
    public void lost(List<PeerId> peers) {
      seated = List.of();
      lost.addAll(peers);
    }
  }

  /**
   * What a run through the swarm gave.
   *
   * @param killed the peer that was killed, if one was
   * @param killedAfter after so many tokens
   * @param gap from then to the next token
   */
  private record Told(
      String text,
      List<Integer> ids,
      Optional<DemoSwarm.Peer> killed,
      int killedAfter,
      Duration gap,
      Generation.Usage usage,
      Optional<Notary.Proof> proof) {}

  @Override
  public Integer call() {
    Console console = surroundings.console();
    StoredModel model = Models.find(surroundings, reference);
    today = ToldTemplate.today(surroundings.clock(), Map.of());
    String question = words.isEmpty() ? QUESTION : String.join(" ", words);
    int threads = Runtime.getRuntime().availableProcessors();
    try (DemoSwarm swarm = new DemoSwarm(surroundings)) {
      int spared = Math.clamp(victim, 1, THIRDS) - 1;
      swarm.startAll(model, THIRDS, spared, threads, 0, cheat);
      console.note(
          "starting three peers, each with a third of "
              + SwarmServing.swarmName(model.name())
              + ", and a spare …");
      swarm.awaitReady();
      for (DemoSwarm.Peer peer : swarm.peers()) {
        console.note(
            "  %-7s %s  layers %-6s  process %d"
                .formatted(peer.name(), peer.id(), shown(peer.layers()), peer.process().pid()));
      }
      try (SwarmNode node = swarm.client(model)) {
        Log log = new Log();
        var remote =
            Swarms.model(
                surroundings, node, SwarmServing.swarmName(model.name()), swarm.options(true), log);
        console.note("");
        console.note(console.errStyle().strong(question));
        GenerationRequest request = request(remote, question);
        if (!cheat) {
          // On a busy machine the spare could have been asked in its place.
          List<DemoSwarm.Peer> either =
              List.of(swarm.peers().get(spared), swarm.peers().get(THIRDS));
          Told told = ask(remote, request, either, log);
          tellParts(swarm, told, log);
          int status = compare(model, question, told);
          return told.killed.isEmpty() ? ExitStatus.FAILED : status;
        }
        // The spare has the liar's layers: on a busy machine it could be asked in its place.
        Set<PeerId> spares = new HashSet<>();
        swarm.peers().stream().skip(THIRDS).forEach(spare -> spares.add(spare.id()));
        LanguageModel three = remote.over(RouteConstraints.NONE.refusing(spares));
        Told altered = ask(three, request, List.of(), log);
        DemoSwarm.Peer liar = swarm.peers().get(spared);
        ProofOfAnswer answer = ProofOfAnswer.check(surroundings, model, proof(altered));
        CheatDemo court = new CheatDemo(surroundings, swarm, node);
        if (!court.convict(model, answer, remote, liar, Optional.ofNullable(proofFile))) {
          return ExitStatus.FAILED;
        }
        console.note("");
        console.note(console.errStyle().strong(question) + " (again, without " + liar.name() + ")");
        return compare(model, question, ask(remote, request, List.of(), log));
      }
    }
  }

  private static Notary.Proof proof(Told told) {
    return told.proof.orElseThrow(() ->
        new FolkmootException(UNREACHABLE, "the answer has no receipt: not all peers signed"));
  }

  private static String shown(String layers) {
    String[] ends = layers.split(":", -1);
    return ends[0] + "–" + (Integer.parseInt(ends[1]) - 1);
  }

  private GenerationRequest request(LanguageModel model, String question) {
    return new GenerationRequest(
        model.chatIds(List.of(new ChatMessage("user", question)), today),
        SamplerSettings.GREEDY,
        Math.max(1, maxTokens),
        model.chatStops(),
        -1);
  }

  /**
   * Streams the answer.
   *
   * @param victims in the middle of it, the one of these that has a part in it is killed
   */
  private Told ask(
      LanguageModel model, GenerationRequest request, List<DemoSwarm.Peer> victims, Log log) {
    Console console = surroundings.console();
    AnswerWriter writer = AnswerWriter.to(console);
    StringBuilder text = new StringBuilder();
    List<Integer> ids = new ArrayList<>();
    Duration gap = Duration.ZERO;
    Optional<DemoSwarm.Peer> killed = Optional.empty();
    int killedAfter = 0;
    long killedAt = 0;
    Notary.Pending receipt =
        Notaries.passing(surroundings)
            .begin(
                model,
                request,
                new Notary.Shaping(
                    Optional.of(ToldTemplate.of(model.chatTemplate(), today)), Optional.empty()));
    try (Generation generation = model.generate(receipt.request())) {
      for (var piece = generation.next(); piece.isPresent(); piece = generation.next()) {
        ids.add(piece.get().id());
        log.tokens = ids.size();
        if (killedAt != 0 && gap.isZero()) {
          gap = Duration.ofNanos(surroundings.nanoTime().getAsLong() - killedAt);
        }
        text.append(piece.get().text());
        writer.write(piece.get().text());
        if (killed.isEmpty() && isTimeToKill(ids.size(), piece.get().text())) {
          List<PeerId> seated = log.seated; // empty while one is being replaced: then a token later
          killed = victims.stream().filter(peer -> seated.contains(peer.id())).findFirst();
          killedAfter = ids.size();
          killedAt = killed.map(this::kill).orElse(0L);
        }
      }
      writer.finish();
      int[] output = ids.stream().mapToInt(Integer::intValue).toArray();
      return new Told(
          text.toString(),
          List.copyOf(ids),
          killed,
          killedAfter,
          gap,
          generation.usage(),
          receipt.finish(generation, output));
    }
  }

  /** Gives the moment. */
  private long kill(DemoSwarm.Peer peer) {
    Console console = surroundings.console();
    console.note(
        console
            .errStyle()
            .strong(" ✂ kill -9 " + peer.process().pid() + " (" + peer.name() + ") "));
    long now = surroundings.nanoTime().getAsLong();
    peer.process().destroyForcibly();
    return now;
  }

  /** Behind the end of a sentence there may be nothing more. */
  private boolean isTimeToKill(int tokens, String piece) {
    if (killAt != null) {
      return tokens >= killAt;
    }
    return tokens >= Math.clamp(maxTokens / 2, 1, USUAL_KILL)
        || piece.chars().anyMatch(character -> SENTENCE_ENDS.indexOf(character) >= 0);
  }

  private void tellParts(DemoSwarm swarm, Told told, Log log) {
    Console console = surroundings.console();
    console.note("");
    console.note("who did what:");
    for (DemoSwarm.Peer peer : swarm.peers()) {
      Integer since = log.seatedAt.get(peer.id());
      boolean gone = log.lost.contains(peer.id());
      boolean struck = told.killed.filter(peer::equals).isPresent();
      String part =
          since == null
              ? "was not needed"
              : "layers %-6s  tokens %d to %d%s"
                  .formatted(
                      shown(peer.layers()),
                      since + 1,
                      struck ? told.killedAfter : told.ids.size(),
                      struck
                          ? ", then killed"
                          : gone
                              ? ", for some time not to be reached"
                              : since > 0 ? ", and replayed all before" : "");
      console.note("  %-7s %s  %s".formatted(peer.name(), peer.id(), part));
    }
    if (told.killed.isEmpty()) {
      console.note("nobody was killed, for the answer was over before: ask for a longer one");
    } else if (told.gap.isZero()) {
      console.note("the answer was over with the kill: ask for a longer one");
    } else {
      console.note(
          String.format(
              Locale.ROOT,
              "from the kill to the next token: %.2f s (%s's part was taken over and recomputed)",
              told.gap.toMillis() / 1000.0,
              told.killed.get().name()));
    }
  }

  private int compare(StoredModel model, String question, Told told) {
    Console console = surroundings.console();
    console.note("asking the same on this machine alone …");
    Answer alone;
    try (LanguageModel local =
        ModelOpener.open(
            surroundings,
            model,
            new ModelOpener.Settings(
                Runtime.getRuntime().availableProcessors(),
                Integer.MAX_VALUE,
                MachineMemory.bytes() / 4,
                1),
            _ -> {})) {
      try (Generation generation = local.generate(request(local, question))) {
        alone = Answer.pull(generation, AnswerWriter.silent());
      }
    }
    boolean same = areSame(console, alone, told.ids, told.text);
    ProofOfAnswer answer = ProofOfAnswer.check(surroundings, model, proof(told));
    console.note(answer.line());
    answer.failures().forEach(finding -> console.note("  ✗ " + finding.line()));
    return same && answer.holds() ? ExitStatus.OK : ExitStatus.FAILED;
  }

  /** Says whether the swarm's answer is that of one machine. */
  static boolean areSame(Console console, Answer alone, List<Integer> ids, String text) {
    boolean same = alone.ids().equals(ids) && alone.text().equals(text);
    console.note(
        same
            ? "identical: all %d tokens, byte for byte".formatted(ids.size())
            : "DIFFERENT: the swarm's answer is not that of one machine");
    return same;
  }
}
