package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.store.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures what receipts cost: making them, and checking them. */
@Command(
    name = "bench-proof",
    description = "Measure what an answer's receipt costs to make, and to check ('bench proof').")
final class BenchProofCommand implements Callable<Integer> {
  /** Checks of a receipt, of which the median counts. */
  private static final int CHECKS = 200;

  private static final int PROMPT = 32;

  private final Surroundings surroundings;

  @Parameters(paramLabel = "MODEL", description = "A name or a file.")
  private String reference = "";

  @Option(
      names = "--tokens",
      defaultValue = "256",
      description = "Tokens of the answer (default: ${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--rounds",
      defaultValue = "5",
      description = "Rounds, of which the median counts (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Mixin private EngineOptions engine;

  @Mixin private JsonOption json;

  BenchProofCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    StoredModel model = Models.find(surroundings, reference);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("model", model.name());
    figures.put("answerTokens", tokens);
    Notary.Proof proof;
    double seconds;
    try (LanguageModel opened = ModelOpener.openShowing(surroundings, model, engine.settings(1))) {
      List<Double> ratios = new ArrayList<>();
      List<Double> signed = new ArrayList<>();
      Optional<Notary.Proof> last = Optional.empty();
      for (int round = 0; round <= rounds; round++) {
        Notary.Pending pending =
            Notaries.passing(surroundings).begin(opened, request(opened), Notary.Shaping.RAW);
        // In turn who goes first: a machine that warms up or slows down favours neither.
        boolean plainFirst = round % 2 == 0;
        double before = plainFirst ? plain(opened) : 0;
        Run with = answer(opened, pending.request(), Optional.of(pending));
        double without = plainFirst ? before : plain(opened);
        last = with.proof;
        if (round > 0) { // the first warms the kernels
          ratios.add(with.seconds / without);
          signed.add(with.seconds);
        }
      }
      proof = last.orElseThrow();
      seconds = median(signed);
      figures.put("answerSeconds", round(seconds));
      figures.put("signedOverPlain", round(median(ratios)));
      figures.put("signedOverPlainLeast", round(Collections.min(ratios)));
      figures.put("signedOverPlainMost", round(Collections.max(ratios)));
    }
    figures.put("receiptBytes", ReceiptCodec.encode(proof.receipt()).length);
    check(proof, figures);
    recompute(model, proof, seconds, figures);
    if (json.isWished()) {
      JsonOutput.print(surroundings.console(), figures);
    } else {
      figures.forEach(
          (name, value) -> surroundings.console().out().printf("%-24s %s%n", name, value));
    }
    return ExitStatus.OK;
  }

  private double plain(LanguageModel model) {
    return answer(model, request(model), Optional.empty()).seconds;
  }

  private record Run(double seconds, Optional<Notary.Proof> proof) {}

  private GenerationRequest request(LanguageModel model) {
    int[] prompt = new int[PROMPT];
    Arrays.setAll(prompt, i -> 100 + (i * 7919) % (model.tokenizer().size() / 2));
    // Warm, so that hardly an end token comes.
    SamplerSettings sampler = new SamplerSettings(1, 0, 1, 0, 1, 0, 7, Map.of());
    return new GenerationRequest(prompt, sampler, tokens, List.of(), -1);
  }

  /** The time is that of the whole answer, its statement and receipt included. */
  private Run answer(
      LanguageModel model, GenerationRequest request, Optional<Notary.Pending> pending) {
    long start = surroundings.nanoTime().getAsLong();
    try (Generation generation = model.generate(request)) {
      Answer answer = Answer.pull(generation, AnswerWriter.silent());
      Optional<Notary.Proof> proof =
          pending.flatMap(receipt -> receipt.finish(generation, answer.idArray()));
      return new Run((surroundings.nanoTime().getAsLong() - start) / 1e9, proof);
    }
  }

  private void check(Notary.Proof proof, Map<String, Object> figures) {
    byte[] bytes = ReceiptCodec.encode(proof.receipt());
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < CHECKS; i++) {
      long start = surroundings.nanoTime().getAsLong();
      List<Finding> findings =
          new ReceiptCheck(Identity::verify).check(ReceiptCodec.decode(bytes), proof.disclosure());
      times.add((surroundings.nanoTime().getAsLong() - start) / 1e6);
      if (!Finding.noneFailed(findings)) {
        throw new IllegalStateException("an honest receipt does not hold: " + findings);
      }
    }
    figures.put("offlineCheckMillis", round(median(times)));
  }

  private void recompute(
      StoredModel model, Notary.Proof proof, double answerSeconds, Map<String, Object> figures) {
    try (Weights weights = Weights.open(surroundings, model, engine.settings(1))) {
      List<Double> times = new ArrayList<>();
      for (int round = 0; round <= rounds; round++) {
        long start = surroundings.nanoTime().getAsLong();
        List<Finding> findings =
            weights.recomputation().run(proof.receipt(), proof.disclosure()).findings();
        if (round > 0) {
          times.add((surroundings.nanoTime().getAsLong() - start) / 1e9);
        }
        if (!Finding.noneFailed(findings)) {
          throw new IllegalStateException("an honest answer does not come out again: " + findings);
        }
      }
      figures.put("recomputeSeconds", round(median(times)));
      figures.put("recomputeOverAnswer", round(median(times) / answerSeconds));
    }
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  private static double round(double value) {
    return Double.parseDouble(String.format(Locale.ROOT, "%.3f", value));
  }
}
