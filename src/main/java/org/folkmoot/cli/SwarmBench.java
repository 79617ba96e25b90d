package org.folkmoot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.store.StoredModel;

/**
 * Measures a swarm of processes on this machine against a single process: the same model, threads
 * and tokens, one after the other in one run.
 */
final class SwarmBench {
  private static final int TOGETHER = 8;

  /** Of the single process and the chain in turn. */
  private static final int ROUNDS = 9;

  /** Text that repeats itself, as code and quotations do. */
  private static final String REPEATING =
      "{\"name\": \"alpha\", \"size\": 1},\n".repeat(12) + "{\"name\": \"alpha\",";

  /**
   * What to measure.
   *
   * @param peers among which the layers are divided
   * @param tokens of each measured answer
   * @param rttMillis round trip between peers; 0 for loopback's own
   * @param history tokens of the prompt before the kill
   * @param warmUp tokens before the measured ones: the compilers of all processes have seen enough
   * @param threads that compute, in each process
   */
  record Plan(int peers, int tokens, int rttMillis, int history, int warmUp, int threads) {}

  private final Surroundings surroundings;
  private final StoredModel model;
  private final Plan plan;
  private final Map<String, Object> figures = new LinkedHashMap<>();
  private final List<Double> alone = new ArrayList<>();
  private final List<Chained> chained = new ArrayList<>();

  SwarmBench(Surroundings surroundings, StoredModel model, Plan plan) {
    this.surroundings = surroundings;
    this.model = model;
    this.plan = plan;
  }

  /** Measures all; the keys are those of {@code --json}. */
  Map<String, Object> run() {
    figures.put("model", model.name());
    figures.put("peers", plan.peers);
    figures.put("rttMillis", plan.rttMillis);
    try (LanguageModel local = local();
        DemoSwarm swarm = start();
        SwarmNode node = swarm.client(model)) {
      double chain = inTurn(local, remote(node, swarm, false));
      together(local, "eightAlone", median(alone));
      together(remote(node, swarm, false), "eightTogether", chain);
      speculation(node, swarm);
      kill(node, swarm);
    }
    return figures;
  }

  private LanguageModel local() {
    return ModelOpener.openShowing(
        surroundings,
        model,
        new ModelOpener.Settings(
            plan.threads, Integer.MAX_VALUE, MachineMemory.bytes() / 4, TOGETHER));
  }

  private DemoSwarm start() {
    DemoSwarm swarm = new DemoSwarm(surroundings);
    try {
      swarm.startAll(model, plan.peers, plan.peers / 2, plan.threads, plan.rttMillis);
      swarm.awaitReady();
      return swarm;
    } catch (RuntimeException failed) {
      swarm.close();
      throw failed;
    }
  }

  private LanguageModel remote(SwarmNode node, DemoSwarm swarm, boolean speculate) {
    return Swarms.model(
        surroundings,
        node,
        SwarmServing.swarmName(model.name()),
        swarm.options(speculate),
        new SwarmGeneration.Watcher() {});
  }

  private static GenerationRequest request(int[] prompt, int tokens, long seed) {
    // Warm and without end tokens in the way: the rate is what counts, not the text.
    SamplerSettings sampler = new SamplerSettings(seed == 0 ? 0 : 1, 0, 1, 0, 1, 0, seed, Map.of());
    return new GenerationRequest(prompt, sampler, tokens, List.of(), -1);
  }

  private static int[] prompt(LanguageModel asked, int length) {
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = 100 + (i * 7919) % (asked.tokenizer().size() / 2);
    }
    return ids;
  }

  private static Answer pull(LanguageModel asked, GenerationRequest request) {
    try (Generation generation = asked.generate(request)) {
      return Answer.pull(generation, AnswerWriter.silent());
    }
  }

  private static double tokensPerSecond(Generation.Usage usage) {
    return (usage.generatedTokens() - 1) / (Math.max(1, usage.generateNanos()) / 1e9);
  }

  /**
   * The single process and the chain, taking turns: what else the machine does meets both. Gives
   * the chain's rate.
   */
  private double inTurn(LanguageModel local, LanguageModel remote) {
    warmUp(local, 1);
    warmUp(remote, 2);
    int rounds = plan.rttMillis > 0 ? 1 : ROUNDS;
    for (int round = 0; round < rounds; round++) {
      GenerationRequest request = request(prompt(local, 16), plan.tokens, 1);
      alone.add(tokensPerSecond(pull(local, request).usage()));
      chained.add(chain(remote, request));
    }
    // Of each round, whose two answers met the same machine; what a machine does changes.
    List<Double> shares = new ArrayList<>();
    List<Double> added = new ArrayList<>();
    List<Double> overhead = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      Chained through = chained.get(round);
      shares.add(through.rate / alone.get(round));
      added.add(1000 / through.rate - 1000 / alone.get(round));
      overhead.add(hopMicros(1e9 / through.rate, (double) through.computing));
    }
    double single = median(alone);
    double rate = median(chained.stream().map(Chained::rate).toList());
    double computing = median(chained.stream().map(each -> (double) each.computing).toList());
    figures.put("singleTokensPerSecond", round(single));
    figures.put("chainTokensPerSecond", round(rate));
    figures.put("chainShareOfSingle", round(median(shares)));
    figures.put("chainShareOfSingleLeast", round(Collections.min(shares)));
    figures.put("chainShareOfSingleMost", round(Collections.max(shares)));
    figures.put("addedMillisPerToken", round(median(added)));
    figures.put("computeMillisPerToken", round(computing / 1e6));
    figures.put("hopOverheadMicros", Math.round(median(overhead)));
    if (plan.rttMillis > 0) {
      double bound = computing / 1e6 + (plan.peers + 1) * plan.rttMillis / 2.0;
      figures.put("shareOfBound", round(bound * rate / 1000));
    }
    return rate;
  }

  private void warmUp(LanguageModel asked, int times) {
    int tokens = plan.rttMillis > 0 ? plan.tokens : plan.warmUp;
    for (int i = 0; i < times; i++) {
      pull(asked, request(prompt(asked, 16), tokens, 1));
    }
  }

  /**
   * An answer through the chain.
   *
   * @param rate tokens a second
   * @param computing what its hops say that they computed for one token, in nanoseconds
   */
  private record Chained(double rate, long computing) {}

  private static Chained chain(LanguageModel remote, GenerationRequest request) {
    try (SwarmGeneration generation = (SwarmGeneration) remote.generate(request)) {
      Answer.pull(generation, AnswerWriter.silent());
      return new Chained(tokensPerSecond(generation.usage()), generation.nanosPerToken());
    }
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }

  /** What a token takes beyond the hops' computing, for each hop. */
  private double hopMicros(double tokenNanos, double computingNanos) {
    return (tokenNanos - computingNanos) / plan.peers / 1000;
  }

  /**
   * Eight sessions at once, warmed up as one is: tokens of all while all are past their first and
   * none has its last, as the rate of one counts no prompt either.
   */
  private void together(LanguageModel asked, String name, double one) {
    List<Double> rates = new ArrayList<>();
    together(asked, plan.rttMillis > 0 ? plan.tokens : plan.warmUp);
    for (int round = 0; round < (plan.rttMillis > 0 ? 1 : 3); round++) {
      rates.add(together(asked, plan.tokens));
    }
    figures.put(name + "TokensPerSecond", round(median(rates)));
    figures.put(name + "OverOne", round(median(rates) / one));
  }

  private double together(LanguageModel asked, int tokens) {
    List<Future<long[]>> runs = new ArrayList<>();
    try (ExecutorService threadsOfClients = Executors.newFixedThreadPool(TOGETHER)) {
      for (int i = 0; i < TOGETHER; i++) {
        int seed = i + 1;
        runs.add(
            threadsOfClients.submit(() -> moments(asked, request(prompt(asked, 8), tokens, seed))));
      }
      long from = Long.MIN_VALUE;
      long to = Long.MAX_VALUE;
      List<long[]> all = new ArrayList<>();
      for (Future<long[]> each : runs) {
        long[] moments = each.get();
        all.add(moments);
        from = Math.max(from, moments[0]);
        to = Math.min(to, moments[moments.length - 1]);
      }
      long begin = from;
      long end = to;
      long count =
          all.stream().flatMapToLong(LongStream::of).filter(at -> at > begin && at <= end).count();
      return count / (Math.max(1, end - begin) / 1e9);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return 0;
    } catch (ExecutionException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** When each token of an answer came. */
  private long[] moments(LanguageModel asked, GenerationRequest request) {
    LongStream.Builder moments = LongStream.builder();
    try (Generation generation = asked.generate(request)) {
      while (generation.next().isPresent()) {
        moments.add(surroundings.nanoTime().getAsLong());
      }
    }
    return moments.build().toArray();
  }

  private void speculation(SwarmNode node, DemoSwarm swarm) {
    double[] rates = new double[2];
    List<List<Integer>> answers = new ArrayList<>();
    for (int with = 0; with < 2; with++) {
      LanguageModel remote = remote(node, swarm, with == 1);
      int[] prompt = remote.tokenizer().encodePrompt(REPEATING, Tokenizer.Specials.PARSE);
      if (with == 1) {
        pull(remote, request(prompt, plan.tokens, 0));
      }
      Answer answer = pull(remote, request(prompt, plan.tokens, 0));
      rates[with] = tokensPerSecond(answer.usage());
      answers.add(answer.ids());
    }
    figures.put("repeatingTokensPerSecond", round(rates[0]));
    figures.put("repeatingWithDraftsTokensPerSecond", round(rates[1]));
    figures.put("draftsSpeedUp", round(rates[1] / rates[0]));
    figures.put("draftsChangeNothing", answers.get(0).equals(answers.get(1)));
  }

  /** Kills the middle peer at some tokens of history, and times the gap. */
  private void kill(SwarmNode node, DemoSwarm swarm) {
    LanguageModel remote = remote(node, swarm, false);
    int[] prompt = prompt(remote, plan.history);
    Answer whole = pull(remote, request(prompt, plan.tokens, 1));
    List<Integer> ids = new ArrayList<>();
    long killed = 0;
    try (Generation generation = remote.generate(request(prompt, plan.tokens, 1))) {
      for (var piece = generation.next(); piece.isPresent(); piece = generation.next()) {
        ids.add(piece.get().id());
        if (ids.size() == plan.tokens / 2) {
          killed = surroundings.nanoTime().getAsLong();
          swarm.peers().get(plan.peers / 2).process().destroyForcibly();
        } else if (ids.size() == plan.tokens / 2 + 1) {
          Duration gap = Duration.ofNanos(surroundings.nanoTime().getAsLong() - killed);
          figures.put("killHistoryTokens", plan.history + plan.tokens / 2);
          figures.put("killGapMillis", gap.toMillis());
        }
      }
    }
    figures.put("killedAnswerIdentical", ids.equals(whole.ids()));
  }

  private static double round(double value) {
    return Math.round(value * 100) / 100.0;
  }

  /** The figures as a table. */
  static void print(Console console, Map<String, Object> figures) {
    Table table = new Table("WHAT", "FIGURE");
    figures.forEach((name, figure) -> {
      String words = name.replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
      table.row(words, String.valueOf(figure));
    });
    table.print(console);
  }
}
