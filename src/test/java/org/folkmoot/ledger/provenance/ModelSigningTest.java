package org.folkmoot.ledger.provenance;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.provenance.ModelManifest.ModelFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The vectors that the reference implementation (sigstore/model-transparency, {@code
 * scripts/tests}) publishes, and what we sign ourselves.
 */
class ModelSigningTest {
  private static final KeyPair PAIR = SigningKey.draw(new SecureRandom());

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = ModelSigningTest.class.getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  private static ECPublicKey publishedKey() throws IOException {
    return SigningKey.publicKey(new String(resource("signing-key-pub.pem"), US_ASCII));
  }

  private static String hash(String resource) throws IOException {
    return Hash32.sha256(resource(resource)).hex();
  }

  @Test
  void publishedVectorsHold() throws IOException {
    for (String version : List.of("v0.3.1", "v1.0.0")) {
      assertThat(ModelSigning.verify(resource(version + "-elliptic-key.sig"), publishedKey()))
          .isEqualTo(new ModelSigning.Signed("signme-1", Map.of(".", hash("signme-1"))));
    }
    for (String version : List.of("v1.0.1", "v1.1.0")) {
      assertThat(ModelSigning.verify(resource(version + "-elliptic-key.sig"), publishedKey()))
          .isEqualTo(
              new ModelSigning.Signed(
                  version + "-elliptic-key",
                  Map.of("signme-1", hash("signme-1"), "signme-2", hash("signme-2"))));
    }
  }

  @Test
  void whatIsSignedOtherwiseIsNamed() throws IOException {
    for (String other : List.of("v1.0.1-certificate.sig", "v1.1.0-sigstore.sig")) {
      byte[] bundle = resource(other);
      ECPublicKey key = publishedKey();
      assertThat(failure(bundle, key).code()).as(other).isEqualTo(Code.UNSUPPORTED);
    }
  }

  private static ModelManifest manifest(ModelFile... files) {
    return new ModelManifest(
        ModelManifest.Kind.MODEL,
        "a model",
        List.of(files),
        "MIT",
        List.of(),
        List.of(),
        List.of(),
        null,
        List.of(),
        List.of());
  }

  private static ModelFile file(String name, String content) {
    byte[] bytes = content.getBytes(US_ASCII);
    return new ModelFile(name, Hash32.sha256(bytes).hex(), bytes.length);
  }

  @Test
  void oursHoldsOnEachCurve() throws Exception {
    ModelManifest manifest = manifest(file("b", "two"), file("a/c", "one"));
    for (String curve : List.of("secp256r1", "secp384r1", "secp521r1")) {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(curve));
      KeyPair pair = generator.generateKeyPair();
      ECPublicKey open = SigningKey.publicKey(SigningKey.pem(pair.getPublic()));
      byte[] bundle =
          ModelSigning.sign(
              manifest, SigningKey.privateKey(SigningKey.pem(pair.getPrivate())), open);
      assertThat(ModelSigning.verify(bundle, open).covers(manifest)).isTrue();
      assertThat(ModelSigning.verify(bundle, open).covers(manifest(file("b", "two")))).isFalse();
      assertThat(failure(bundle, (ECPublicKey) PAIR.getPublic()).code()).isEqualTo(Code.WRONG_HASH);
    }
  }

  @Test
  void noByteOfWhatIsSignedCanBeTurned() {
    ModelManifest manifest = manifest(file("model.gguf", "weights"));
    ECPublicKey open = (ECPublicKey) PAIR.getPublic();
    byte[] bundle = ModelSigning.sign(manifest, (ECPrivateKey) PAIR.getPrivate(), open);
    Random random = new Random(5);
    for (int at = 0; at < bundle.length; at++) {
      byte[] turned = bundle.clone();
      turned[at] ^= (byte) (1 << random.nextInt(7));
      try {
        // What is not signed (a key id, the spare bits of a Base64 text) may change, nothing else.
        assertThat(ModelSigning.verify(turned, open).covers(manifest)).as("byte %d", at).isTrue();
      } catch (FolkmootException refused) {
        assertThat(refused.getMessage()).doesNotContain("\n");
      }
    }
  }

  @Test
  void hostileBytesAreRefused() {
    ECPublicKey open = (ECPublicKey) PAIR.getPublic();
    for (String text : List.of("", "[]", "null", "{}", "{\"a\":1,\"a\":2}", "[".repeat(100_000))) {
      assertThat(failure(text.getBytes(US_ASCII), open).code()).isEqualTo(Code.BAD_FILE);
    }
    assertThat(failure(new byte[ModelSigning.MAX_BYTES + 1], open).code()).isEqualTo(Code.BAD_FILE);
    for (String pem : List.of("", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")) {
      assertThat(
              catchThrowableOfType(FolkmootException.class, () -> SigningKey.publicKey(pem)).code())
          .isEqualTo(Code.BAD_FILE);
    }
  }

  private static FolkmootException failure(byte[] bundle, ECPublicKey key) {
    FolkmootException thrown =
        catchThrowableOfType(FolkmootException.class, () -> ModelSigning.verify(bundle, key));
    assertThat(thrown).isNotNull();
    return thrown;
  }

  /** {@code FOLKMOOT_MODEL_SIGNING} names a Python that has the package {@code model-signing}. */
  @Test
  void theReferenceImplementationTakesOurs(@TempDir Path folder) throws Exception {
    String python = System.getenv("FOLKMOOT_MODEL_SIGNING");
    assumeTrue(
        python != null, "SKIPPED: FOLKMOOT_MODEL_SIGNING names no Python with model-signing");
    Path model = Files.writeString(folder.resolve("model.gguf"), "weights", US_ASCII);
    Path pem =
        Files.writeString(folder.resolve("key.pub"), SigningKey.pem(PAIR.getPublic()), US_ASCII);
    byte[] bundle =
        ModelSigning.sign(
            manifest(file("model.gguf", "weights")),
            (ECPrivateKey) PAIR.getPrivate(),
            (ECPublicKey) PAIR.getPublic());
    Path signature = Files.write(folder.resolve("model.sig"), bundle);
    Process reference =
        new ProcessBuilder(
                python,
                "-m",
                "model_signing",
                "verify",
                "key",
                "--signature",
                signature.toString(),
                "--public_key",
                pem.toString(),
                model.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(reference.getInputStream().readAllBytes(), US_ASCII);
    assertThat(reference.waitFor()).as(said).isZero();
    assertThat(said).contains("Verification succeeded");
  }
}
