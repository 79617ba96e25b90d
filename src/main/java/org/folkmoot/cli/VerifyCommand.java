package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.Judge;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
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
      "Check the receipt of an answer, a saved chat, or a proof against a peer.",
      "Says who signed a receipt, whether it fits together and, with what discloses the answer,"
          + " whether the model really says this: with the model's weights on this machine by"
          + " computing it again, without them by asking other peers of the swarm (--swarm)."
    })
final class VerifyCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "A receipt, a saved chat with its receipts, or a proof against a peer.")
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
      description =
          "Have other peers of this home's swarm compute it, even if the model is here. They are"
              + " given prompt and answer; with --ends local, hidden states instead.")
  private boolean throughSwarm;

  @Option(
      names = "--ends",
      paramLabel = "local[:N]",
      description =
          "With --swarm, compute the model's ends here, so that no peer is sent a token: see"
              + " 'folkmoot run --help'.")
  private @Nullable String ends;

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
    try (AnswerVerifier verifier =
        new AnswerVerifier(surroundings, by(), engine.settings(1), SwarmWish.over(ends))) {
      return isJson(bytes) ? verifyChat(verifier) : verifyAnswer(verifier, bytes);
    }
  }

  private AnswerVerifier.By by() {
    return offline
        ? AnswerVerifier.By.NOBODY
        : throughSwarm ? AnswerVerifier.By.SWARM : AnswerVerifier.By.WEIGHTS;
  }

  /** A saved chat begins so; nothing that is canonical CBOR of ours does. */
  private static boolean isJson(byte[] bytes) {
    return bytes.length > 0 && bytes[0] == '{';
  }

  private int verifyChat(AnswerVerifier verifier) {
    ChatVerification chat = new ChatVerification(surroundings, file, verifier);
    Console console = surroundings.console();
    if (json.isWished()) {
      JsonOutput.print(console, chat.json());
    } else {
      chat.print(console);
    }
    return chat.holds() ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private int verifyAnswer(AnswerVerifier verifier, byte[] bytes) {
    Receipt receipt = ReceiptCodec.decode(bytes);
    Path opens = disclosureFile;
    VerifyReport report =
        opens == null
            ? verifier.check(receipt)
            : verifier.check(
                receipt, Disclosure.decode(read(opens, Disclosure.MAX_BYTES)), _ -> List.of());
    Console console = surroundings.console();
    if (json.isWished()) {
      JsonOutput.print(console, report.json());
    } else {
      report.print(console);
    }
    return report.holds() ? ExitStatus.OK : ExitStatus.FAILED;
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
}
