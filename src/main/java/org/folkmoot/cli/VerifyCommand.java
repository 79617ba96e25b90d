package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.Judge;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.session.SecondOpinion;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks a receipt. */
@Command(
    name = "verify",
    description = {
      "Check the receipt of an answer, or a proof against a peer.",
      "Says who signed a receipt, whether it fits together and, with what discloses the answer,"
          + " whether the model really says this: with the model's weights on this machine by"
          + " computing it again, without them by asking other peers of the swarm (--swarm)."
    })
final class VerifyCommand implements Callable<Integer> {
  /** Peers that compute it again have to be found, and may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Surroundings surroundings;

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "A receipt, or a proof against a peer.")
  private Path file;

  @Option(
      names = "--disclosure",
      paramLabel = "FILE",
      description = "What opens it: written by 'run --disclose FILE'.")
  private @Nullable Path disclosureFile;

  @Option(
      names = "--offline",
      description = "Signatures and structure only: compute nothing, ask nobody.")
  private boolean offline;

  @Option(
      names = "--swarm",
      description = "Have other peers of this home's swarm compute it, even if the model is here.")
  private boolean throughSwarm;

  @Mixin private EngineOptions engine;

  @Mixin private JsonOption json;

  VerifyCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    if (offline && throughSwarm) {
      throw new FolkmootException(
          BAD_REQUEST, "--offline asks nobody and --swarm does: leave one out");
    }
    byte[] bytes = read(file, FraudProof.MAX_BYTES);
    Optional<FraudProof> accusation = fraudProof(bytes);
    if (accusation.isPresent()) {
      return judge(accusation.get());
    }
    Receipt receipt = ReceiptCodec.decode(bytes);
    Optional<Disclosure> disclosure =
        Optional.ofNullable(disclosureFile)
            .map(path -> Disclosure.decode(read(path, Disclosure.MAX_BYTES)));
    long start = surroundings.nanoTime().getAsLong();
    ReceiptCheck check = new ReceiptCheck(Identity::verify);
    List<Finding> findings =
        new ArrayList<>(
            disclosure.isPresent() ? check.check(receipt, disclosure.get()) : check.check(receipt));
    boolean wasComputed = false;
    if (disclosure.isPresent() && !offline && Finding.noneFailed(findings)) {
      findings.addAll(compute(receipt, disclosure.get()));
      wasComputed = VerifyReport.allComputed(findings);
    }
    boolean wantsComputing = disclosure.isPresent() && !offline;
    boolean holds = Finding.noneFailed(findings) && (wasComputed || !wantsComputing);
    VerifyReport report =
        new VerifyReport(
            receipt,
            findings,
            holds,
            wasComputed,
            Duration.ofNanos(surroundings.nanoTime().getAsLong() - start));
    Console console = surroundings.console();
    if (json.isWished()) {
      JsonOutput.print(console, report.json());
    } else {
      report.print(console);
    }
    return holds ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private static Optional<FraudProof> fraudProof(byte[] bytes) {
    try {
      return Optional.of(FraudProof.parse(bytes));
    } catch (FolkmootException somethingElse) {
      return Optional.empty();
    }
  }

  private int judge(FraudProof proof) {
    ModelOpener.selfTest();
    Judge judge = new Judge(offline ? _ -> Optional.empty() : this::stored);
    FraudProofCheck.Result result = judge.check(proof);
    boolean proven = result instanceof FraudProofCheck.Result.Proven;
    Console console = surroundings.console();
    if (json.isWished()) {
      Map<String, Object> root = new LinkedHashMap<>();
      root.put("holds", proven);
      root.put("accused", proof.statement().hop().text());
      root.put("line", result.line());
      JsonOutput.print(console, root);
    } else {
      console
          .out()
          .printf(
              "a proof against the peer %s: %s%n%s%n",
              proof.statement().hop(),
              result.line(),
              console.outStyle().strong(proven ? "it is proven" : "it is NOT proven"));
    }
    return proven ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private Optional<Path> stored(String digest) {
    return Models.store(surroundings).list().stream()
        .filter(model -> model.sha256().equals(digest))
        .map(StoredModel::path)
        .findFirst();
  }

  private static byte[] read(Path path, int most) {
    if (!Files.isRegularFile(path)) {
      throw new FolkmootException(NOT_FOUND, "there is no file " + path);
    }
    try {
      if (Files.size(path) > most) {
        throw new FolkmootException(
            BAD_FILE, "%s is longer than any such file can be".formatted(path));
      }
      return Files.readAllBytes(path);
    } catch (IOException failed) {
      throw new FolkmootException(
          BAD_FILE, "%s cannot be read (%s)".formatted(path, failed.getMessage()), failed);
    }
  }

  private List<Finding> compute(Receipt receipt, Disclosure disclosure) {
    String digest = receipt.terms().model().sha256().hex();
    Optional<StoredModel> stored =
        throughSwarm
            ? Optional.empty()
            : Models.store(surroundings).list().stream()
                .filter(model -> model.sha256().equals(digest))
                .findFirst();
    if (stored.isPresent()) {
      try (Weights weights = Weights.open(surroundings, stored.get(), engine.settings(1))) {
        return weights.recomputation().run(receipt, disclosure).findings();
      }
    }
    if (throughSwarm) {
      return asked(receipt, disclosure, digest);
    }
    return List.of(
        Finding.notComputed(
            "the model %s is not on this machine: 'folkmoot pull' it, or ask other peers with --swarm"
                .formatted(receipt.terms().model())));
  }

  private List<Finding> asked(Receipt receipt, Disclosure disclosure, String digest) {
    try (var model =
        (SwarmModel)
            Swarms.model(
                surroundings, digest, Integer.MAX_VALUE, new SwarmGeneration.Watcher() {})) {
      SecondOpinion.Result result = model.secondOpinion(receipt, disclosure).ask(PATIENCE);
      return result.findings();
    }
  }
}
