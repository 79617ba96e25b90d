package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.ModelAtHand;
import org.folkmoot.wire.ModelId;

/** Checks fraud proofs with the models of this machine. */
public final class Judge {
  /** A check must not slow the answers that the node computes meanwhile. */
  private static final int THREADS = 1;

  private final Function<String, Optional<Path>> files;

  /**
   * A judge.
   *
   * @param files model files, whose hashes were checked, by their SHA-256 in hexadecimal
   */
  public Judge(Function<String, Optional<Path>> files) {
    this.files = files;
  }

  /** What comes of a proof. */
  public FraudProofCheck.Result check(FraudProof proof) {
    List<GgufFile> open = new ArrayList<>();
    try {
      return new FraudProofCheck(Identity::verify, id -> model(id, open), THREADS).check(proof);
    } catch (FolkmootException noRoom) {
      // That this machine cannot compute it says nothing against who told it.
      return new FraudProofCheck.Result.NeedsModel(
          proof.statement().statement().model(), String.valueOf(noRoom.getMessage()));
    } finally {
      open.forEach(GgufFile::close);
    }
  }

  private Optional<ModelAtHand> model(ModelId id, List<GgufFile> open) {
    return files
        .apply(id.sha256().hex())
        .map(path -> {
          GgufFile file = GgufFile.open(path);
          open.add(file);
          return ModelAtHand.of(id, file);
        });
  }
}
