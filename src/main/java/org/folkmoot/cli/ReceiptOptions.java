package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.session.Notary;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the receipt of an answer goes. */
final class ReceiptOptions {
  @Option(
      names = "--receipt",
      paramLabel = "FILE",
      description = "Write the answer's signed receipt there: it names no word of it.")
  private @Nullable Path receipt;

  @Option(
      names = "--disclose",
      paramLabel = "FILE",
      description = {
        "Write there what opens the receipt: prompt, answer and salt. Whoever has it can check",
        "the answer with 'folkmoot verify', and read it."
      })
  private @Nullable Path disclosure;

  /** Whether a receipt is wanted. */
  boolean wanted() {
    return receipt != null || disclosure != null;
  }

  /**
   * Says before anything is computed what would fail afterwards.
   *
   * @throws FolkmootException BAD_REQUEST if the files cannot be
   */
  void check() {
    if (receipt == null && disclosure != null) {
      throw new FolkmootException(
          BAD_REQUEST, "--disclose opens a receipt: give --receipt FILE, too");
    }
    for (@Nullable Path file : new @Nullable Path[] {receipt, disclosure}) {
      if (file != null && (Files.isDirectory(file) || !Files.isDirectory(folder(file)))) {
        throw new FolkmootException(
            BAD_REQUEST, file + " cannot be written: name a file in a folder that exists");
      }
    }
  }

  private static Path folder(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    return folder == null ? file : folder;
  }

  /**
   * Writes what is wanted.
   *
   * @throws FolkmootException NO_ROOM if that cannot be, or if there is no receipt
   */
  void write(Optional<Notary.Proof> proof) {
    if (receipt != null) {
      write(receipt, disclosure, proof);
    }
  }

  /** The same for files that are known. */
  static void write(Path receipt, @Nullable Path disclosure, Optional<Notary.Proof> proof) {
    if (proof.isEmpty()) {
      throw new FolkmootException(
          FolkmootException.Code.UNREACHABLE,
          "there is no receipt: not all who computed this answer signed it, or it was broken off");
    }
    try {
      Files.write(receipt, ReceiptCodec.encode(proof.get().receipt()));
      if (disclosure != null) {
        PrivateFile.replace(disclosure, proof.get().disclosure().encode());
      }
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM, "the receipt cannot be written (" + failed.getMessage() + ")", failed);
    }
  }
}
