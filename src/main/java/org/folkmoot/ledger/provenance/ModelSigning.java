package org.folkmoot.ledger.provenance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.jspecify.annotations.Nullable;

/**
 * OpenSSF model signing 1.0 with keys: a Sigstore bundle around a DSSE envelope around an in-toto
 * statement that names each file's SHA-256. Whoever has the reference implementation (Python's
 * {@code model-signing}) checks ours, and the other way round.
 *
 * <p>Not handled: certificates and Sigstore's own identities, which need Sigstore's roots.
 */
public final class ModelSigning {
  /** Of a bundle: some ten thousand files. */
  public static final int MAX_BYTES = 4 << 20;

  private static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
  private static final String PAYLOAD = "application/vnd.in-toto+json";
  private static final String STATEMENT = "https://in-toto.io/Statement/v1";
  private static final String PREDICATE = "https://model_signing/signature/v1.0";

  /** How the reference names a model that is one file. */
  private static final String ONLY_FILE = ".";

  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(32)
                      .maxStringLength(MAX_BYTES)
                      .build())
              .build());

  private ModelSigning() {}

  /**
   * What a bundle says, its signature checked.
   *
   * @param model the model's name
   * @param files SHA-256 by file name; one file alone is called {@code .}
   */
  public record Signed(String model, Map<String, String> files) {
    /** Copies. */
    public Signed {
      files = Map.copyOf(files);
    }

    /** Whether a manifest's files are exactly these. */
    public boolean covers(ModelManifest manifest) {
      return files.equals(resources(manifest));
    }
  }

  private static Map<String, String> resources(ModelManifest manifest) {
    Map<String, String> all = new TreeMap<>();
    boolean alone = manifest.files().size() == 1;
    manifest.files().forEach(file -> all.put(alone ? ONLY_FILE : file.name(), file.sha256()));
    return all;
  }

  /** Signs a model's files: the bundle, as JSON. */
  public static byte[] sign(ModelManifest manifest, ECPrivateKey key, ECPublicKey publicKey) {
    byte[] payload = json(statement(manifest));
    byte[] signature = SigningKey.sign(key, preAuthentication(payload));
    Base64.Encoder base64 = Base64.getEncoder();
    ObjectNode bundle = JSON.createObjectNode().put("mediaType", BUNDLE);
    ObjectNode material = bundle.putObject("verificationMaterial");
    material.putObject("publicKey").put("hint", SigningKey.hint(publicKey));
    material.putArray("tlogEntries");
    ObjectNode envelope = bundle.putObject("dsseEnvelope");
    envelope.put("payload", base64.encodeToString(payload)).put("payloadType", PAYLOAD);
    envelope
        .putArray("signatures")
        .addObject()
        .put("sig", base64.encodeToString(signature))
        .put("keyid", "");
    return json(bundle);
  }

  private static ObjectNode statement(ModelManifest manifest) {
    Map<String, String> files = resources(manifest);
    boolean alone = files.containsKey(ONLY_FILE);
    ObjectNode statement = JSON.createObjectNode().put("_type", STATEMENT);
    statement
        .putArray("subject")
        .addObject()
        .put("name", alone ? manifest.files().getFirst().name() : manifest.name())
        .putObject("digest")
        .put("sha256", root(files.values()));
    statement.put("predicateType", PREDICATE);
    ObjectNode predicate = statement.putObject("predicate");
    var resources = predicate.putArray("resources");
    files.forEach((name, hash) ->
        resources.addObject().put("algorithm", "sha256").put("digest", hash).put("name", name));
    predicate
        .putObject("serialization")
        .put("method", "files")
        .put("hash_type", "sha256")
        .put("allow_symlinks", false)
        .putArray("ignore_paths");
    return statement;
  }

  /** SHA-256 over all files' digests in their order. */
  private static String root(Iterable<String> digests) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    digests.forEach(digest -> all.writeBytes(HexFormat.of().parseHex(digest)));
    return Hash32.sha256(all.toByteArray()).hex();
  }

  /** What DSSE signs (protocol 1.0.0). */
  private static byte[] preAuthentication(byte[] payload) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(
        "DSSEv1 %d %s %d ".formatted(PAYLOAD.length(), PAYLOAD, payload.length).getBytes(UTF_8));
    all.writeBytes(payload);
    return all.toByteArray();
  }

  /**
   * Checks a bundle's signature and form.
   *
   * @throws FolkmootException BAD_FILE if it is no bundle, UNSUPPORTED if it is signed otherwise
   *     than by a key, WRONG_HASH if the signature is not this key's or its parts contradict each
   *     other
   */
  public static Signed verify(byte[] bundle, ECPublicKey key) {
    JsonNode read = parse(bundle);
    if (!read.path("mediaType").asText().equals(BUNDLE)) {
      throw bad("its media type is not " + BUNDLE);
    }
    JsonNode material = read.path("verificationMaterial");
    if (!material.path("publicKey").isObject()) {
      throw new FolkmootException(
          UNSUPPORTED,
          "this model is signed by a certificate or an identity, and only signatures by keys can be"
              + " checked: use the reference tool 'model_signing' for it");
    }
    String hint = material.path("publicKey").path("hint").asText("");
    if (!hint.isEmpty() && !hint.equals(SigningKey.hint(key))) {
      throw new FolkmootException(
          WRONG_HASH, "this model is signed by another key: get the signer's, or do not trust it");
    }
    JsonNode envelope = read.path("dsseEnvelope");
    JsonNode signatures = envelope.path("signatures");
    if (!envelope.path("payloadType").asText().equals(PAYLOAD) || signatures.size() != 1) {
      throw bad("its envelope is no in-toto statement with one signature");
    }
    byte[] payload = base64(envelope.path("payload"));
    if (!SigningKey.verify(
        key, preAuthentication(payload), base64(signatures.path(0).path("sig")))) {
      throw new FolkmootException(
          WRONG_HASH, "the signature is not this key's over these files: do not trust this model");
    }
    return signed(parse(payload));
  }

  private static Signed signed(JsonNode statement) {
    JsonNode subjects = statement.path("subject");
    if (!statement.path("_type").asText().equals(STATEMENT)
        || !statement.path("predicateType").asText().equals(PREDICATE)
        || subjects.size() != 1) {
      throw bad("what it signs is no statement about a model");
    }
    JsonNode predicate = statement.path("predicate");
    JsonNode how = predicate.path("serialization");
    if (!how.path("method").asText().equals("files")
        || !how.path("hash_type").asText().equals("sha256")) {
      throw new FolkmootException(
          UNSUPPORTED,
          "this model was signed in shards or by another hash than SHA-256: use the reference tool"
              + " 'model_signing' for it");
    }
    Map<String, String> files = new TreeMap<>();
    List<String> digests = new ArrayList<>();
    for (JsonNode resource : predicate.path("resources")) {
      String digest = resource.path("digest").asText();
      String name = resource.path("name").asText();
      if (!resource.path("algorithm").asText().equals("sha256")
          || !SHA256.matcher(digest).matches()
          || name.isEmpty()
          || files.put(name, digest) != null) {
        throw bad("a file in it is none");
      }
      digests.add(digest);
    }
    JsonNode subject = subjects.path(0);
    if (!root(digests).equals(subject.path("digest").path("sha256").asText())) {
      throw new FolkmootException(WRONG_HASH, "the signed statement contradicts itself");
    }
    return new Signed(subject.path("name").asText(), files);
  }

  private static JsonNode parse(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw bad("it is larger than 4 MiB");
    }
    try {
      JsonNode read = JSON.readTree(bytes);
      if (read != null && read.isObject()) {
        return read;
      }
    } catch (IOException malformed) {
      throw bad("it is no JSON", malformed);
    }
    throw bad("it is no JSON");
  }

  private static byte[] base64(JsonNode text) {
    try {
      return Base64.getDecoder().decode(text.asText());
    } catch (IllegalArgumentException malformed) {
      throw bad("it is no Base64 where it should be", malformed);
    }
  }

  private static byte[] json(JsonNode node) {
    try {
      return JSON.writeValueAsBytes(node);
    } catch (JsonProcessingException ofOurs) {
      throw new IllegalStateException("a bundle that is no JSON", ofOurs);
    }
  }

  private static FolkmootException bad(String why) {
    return bad(why, null);
  }

  private static FolkmootException bad(String why, @Nullable Throwable cause) {
    return new FolkmootException(
        BAD_FILE, "this is no signature of a model: " + why + "; get it again", cause);
  }
}
