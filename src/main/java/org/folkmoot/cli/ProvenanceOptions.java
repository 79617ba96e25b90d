package org.folkmoot.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.ledger.provenance.MlBom;
import org.folkmoot.ledger.provenance.ModelManifest;
import org.folkmoot.ledger.provenance.ModelSigning;
import org.folkmoot.ledger.provenance.SigningKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code show} does about where a model comes from. */
final class ProvenanceOptions {
  @Option(
      names = "--provenance",
      description = "Show where it comes from: base, data, recipe, evaluations, votes.")
  private boolean shown;

  @Option(
      names = "--export-bom",
      paramLabel = "FILE",
      description = "Write it as a CycloneDX ML-BOM.")
  private @Nullable Path bom;

  @Option(
      names = "--export-signature",
      paramLabel = "FILE",
      description = "Sign its files as OpenSSF model signing has it.")
  private @Nullable Path signature;

  @Option(
      names = "--signing-key",
      paramLabel = "FILE",
      description = "The key to sign with, PEM; drawn if there is none. Its public half: FILE.pub.")
  private @Nullable Path key;

  @Option(
      names = "--check-signature",
      paramLabel = "FILE",
      description = "Check an OpenSSF signature of its files; wants --public-key.")
  private @Nullable Path checked;

  @Option(names = "--public-key", paramLabel = "FILE", description = "Whose signature, PEM.")
  private @Nullable Path publicKey;

  /** Whether anything of this was asked for. */
  boolean areWished() {
    return shown || bom != null || signature != null || checked != null;
  }

  /** Whether it is to be printed: nothing else was asked for, or this too. */
  boolean isShown() {
    return shown;
  }

  /** Writes and checks what was asked for. */
  void carryOut(ModelManifest manifest, Console console, SecureRandom random) {
    if (bom != null) {
      write(bom, MlBom.of(manifest));
      console.note("wrote its bill of materials (CycloneDX 1.6) to " + bom);
    }
    if (signature != null) {
      sign(manifest, signature, console, random);
    }
    if (checked != null) {
      check(manifest, checked);
      console.note("the signature holds: it is this key's, over exactly these files");
    }
  }

  private void sign(ModelManifest manifest, Path to, Console console, SecureRandom random) {
    Path file = require(key, "--export-signature wants --signing-key FILE");
    Path pub = file.resolveSibling(file.getFileName() + ".pub");
    try {
      if (!Files.exists(file)) {
        KeyPair pair = SigningKey.draw(random);
        PrivateFile.write(file, SigningKey.pem(pair.getPrivate()).getBytes(US_ASCII));
        Files.writeString(pub, SigningKey.pem(pair.getPublic()), US_ASCII);
        console.note("drew a key: " + file + ", its public half " + pub);
      }
    } catch (IOException failed) {
      throw unwritable(file, failed);
    }
    ECPrivateKey secret = SigningKey.privateKey(read(file));
    ECPublicKey open = SigningKey.publicKey(read(pub));
    byte[] bundle = ModelSigning.sign(manifest, secret, open);
    ModelSigning.verify(bundle, open); // a public half of another key would sign in vain
    write(to, bundle);
    console.note("signed its files (OpenSSF model signing 1.0): " + to);
  }

  private void check(ModelManifest manifest, Path bundle) {
    Path pem = require(publicKey, "--check-signature wants --public-key FILE");
    ModelSigning.Signed signed =
        ModelSigning.verify(bytes(bundle), SigningKey.publicKey(read(pem)));
    if (!signed.covers(manifest)) {
      throw new FolkmootException(
          WRONG_HASH, "the signature is over other files than these: do not trust this model");
    }
  }

  private static Path require(@Nullable Path given, String message) {
    if (given == null) {
      throw new FolkmootException(BAD_REQUEST, message);
    }
    return given;
  }

  private static String read(Path file) {
    return new String(bytes(file), US_ASCII);
  }

  private static byte[] bytes(Path file) {
    try {
      if (Files.size(file) > ModelSigning.MAX_BYTES) {
        throw new FolkmootException(BAD_REQUEST, file + " is too large for what it should be");
      }
      return Files.readAllBytes(file);
    } catch (IOException unreadable) {
      throw new FolkmootException(NOT_FOUND, "cannot read " + file, unreadable);
    }
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Files.write(file, bytes);
    } catch (IOException failed) {
      throw unwritable(file, failed);
    }
  }

  private static FolkmootException unwritable(Path file, IOException failed) {
    return new FolkmootException(
        NO_ROOM,
        "cannot write %s: name a place that is yours and has room".formatted(file),
        failed);
  }
}
