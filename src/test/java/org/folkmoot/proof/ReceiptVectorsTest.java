package org.folkmoot.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.junit.jupiter.api.Test;

/**
 * The vectors of {@code docs/receipt.md}, which another implementation made from that text: in
 * Python, with its own CBOR, Merkle trees and signatures.
 */
class ReceiptVectorsTest {
  private final JsonNode vectors = read();
  private final JsonNode expected = vectors.required("expected");
  private final Hash32 salt = hash(vectors, "salt");
  private final TraceKey key = TraceKey.ofSalt(salt);
  private final int[] promptIds = ints(vectors.required("promptIds"));
  private final int[] outputIds = ints(vectors.required("outputIds"));
  private final Disclosure disclosure =
      new Disclosure(
          salt,
          promptIds,
          outputIds,
          Optional.of(vectors.required("template").asText()),
          Optional.of(vectors.required("systemPrompt").asText()));

  private static JsonNode read() {
    try (InputStream in = ReceiptVectorsTest.class.getResourceAsStream("receipt-vectors.json")) {
      return new ObjectMapper().readTree(Objects.requireNonNull(in));
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  private static byte[] bytes(JsonNode node) {
    return HexFormat.of().parseHex(node.asText());
  }

  private static Hash32 hash(JsonNode node, String field) {
    return Hash32.of(bytes(node.required(field)));
  }

  private static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asInt();
    }
    return values;
  }

  private Signer signer(String name) {
    Ed25519PrivateKeyParameters secret =
        new Ed25519PrivateKeyParameters(bytes(vectors.required("seeds").required(name)));
    PeerId id = new PeerId(Hash32.of(secret.generatePublicKey().getEncoded()));
    return new Signer() {
      @Override
      public PeerId peerId() {
        return id;
      }

      @Override
      public byte[] sign(byte[] message) {
        byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
        secret.sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
        return signature;
      }
    };
  }

  private Terms terms() {
    JsonNode s = vectors.required("sampler");
    Map<Integer, Float> biases = new TreeMap<>();
    s.required("logitBias")
        .properties()
        .forEach(
            bias -> biases.put(Integer.valueOf(bias.getKey()), (float) bias.getValue().asDouble()));
    String session = vectors.required("session").asText();
    return new Terms(
        new SessionId(
            Long.parseUnsignedLong(session, 0, 16, 16),
            Long.parseUnsignedLong(session, 16, 32, 16)),
        new ModelId(hash(vectors, "model")),
        List.of(),
        disclosure.template().map(Terms::hashOf),
        disclosure.systemPrompt().map(Terms::hashOf),
        new SamplerSettings(
            (float) s.required("temperature").asDouble(),
            s.required("topK").asInt(),
            (float) s.required("topP").asDouble(),
            (float) s.required("minP").asDouble(),
            (float) s.required("repeatPenalty").asDouble(),
            s.required("repeatWindow").asInt(),
            s.required("seed").asLong(),
            biases),
        List.of(hash(vectors, "issuerPolicy")));
  }

  private Hash32 outputsRoot(int hop) {
    MerkleTree tree = new MerkleTree();
    vectors
        .required("outputDigests")
        .get(hop)
        .forEach(digest -> tree.add(key.hiddenLeaf(tree.size(), bytes(digest))));
    return tree.root();
  }

  private List<SignedStatement> statements(Terms terms) {
    List<SignedStatement> signed = new ArrayList<>();
    for (int hop = 0; hop < 2; hop++) {
      boolean last = hop == 1;
      Receipt.Tokens chosen = ReceiptCheck.tokens(disclosure, promptIds.length);
      HopStatement.Sampled sampled =
          new HopStatement.Sampled(
              terms.samplingHash(),
              promptIds.length,
              outputIds.length,
              chosen.history(),
              chosen.root());
      HopStatement statement =
          new HopStatement(
              terms.session(),
              terms.model(),
              terms.adapters(),
              new LayerRange(!last, 12 * hop, 12 * hop + 12, last),
              promptIds.length + outputIds.length - 1,
              key.hash(),
              last ? outputsRoot(0) : ReceiptCheck.inputRoot(disclosure),
              outputsRoot(hop),
              last ? Optional.of(sampled) : Optional.empty(),
              last ? Optional.empty() : Optional.of(hash(vectors, "issuerPolicy")));
      Signer signer = signer("hop " + hop);
      signed.add(
          new SignedStatement(signer.peerId(), statement, signer.sign(statement.signedBytes())));
    }
    return signed;
  }

  @Test
  void keysHashesAndRoots() {
    Commitment commitment = disclosure.commitment();
    assertThat(key.key()).isEqualTo(hash(expected, "traceKey"));
    assertThat(commitment.traceKey()).isEqualTo(hash(expected, "traceKeyHash"));
    assertThat(commitment.prompt()).isEqualTo(hash(expected, "promptCommitment"));
    assertThat(commitment.output()).isEqualTo(hash(expected, "outputHash"));
    assertThat(terms().samplingHash()).isEqualTo(hash(expected, "samplingHash"));
    assertThat(ReceiptCheck.inputRoot(disclosure)).isEqualTo(hash(expected, "inputsRoot"));
    assertThat(ReceiptCheck.tokens(disclosure, promptIds.length))
        .isEqualTo(
            new Receipt.Tokens(
                promptIds.length, hash(expected, "historyRoot"), hash(expected, "tokensRoot")));
  }

  @Test
  void statementsAndFiles() {
    Terms terms = terms();
    List<SignedStatement> statements = statements(terms);
    for (int hop = 0; hop < 2; hop++) {
      assertThat(outputsRoot(hop).bytes())
          .isEqualTo(bytes(expected.required("outputsRoots").get(hop)));
      assertThat(statements.get(hop).statement().signedBytes())
          .isEqualTo(bytes(expected.required("statements").get(hop)));
      assertThat(statements.get(hop).signature())
          .isEqualTo(bytes(expected.required("statementSignatures").get(hop)));
    }
    Signer issuer = signer("issuer");
    AnswerFacts facts =
        new AnswerFacts(
            terms,
            salt,
            promptIds,
            outputIds,
            Receipt.Finish.END_OF_ANSWER,
            vectors.required("issuedMillis").asLong(),
            statements,
            List.of(
                new Receipt.Replaced(issuer.peerId(), new LayerRange(false, 12, 24, true), 0, 2)));
    assertThat(ReceiptCodec.encode(ReceiptSigner.sign(facts, issuer)))
        .isEqualTo(bytes(expected.required("receipt")));
    assertThat(disclosure.encode()).isEqualTo(bytes(expected.required("disclosure")));
  }

  @Test
  void theReceiptHolds() {
    Receipt receipt = ReceiptCodec.decode(bytes(expected.required("receipt")));
    Disclosure opened = Disclosure.decode(bytes(expected.required("disclosure")));
    assertThat(MadeReceipt.check(receipt, opened))
        .allMatch(one -> one.outcome() == Finding.Outcome.HELD);
  }

  @Test
  void whatIsNoReceiptIsRefused() {
    for (JsonNode one : vectors.required("refused")) {
      assertThatThrownBy(() -> ReceiptCodec.decode(bytes(one.required("receipt"))))
          .as(one.required("why").asText())
          .isInstanceOf(FolkmootException.class);
    }
  }

  @Test
  void whatDoesNotHoldIsReported() {
    for (JsonNode one : vectors.required("failing")) {
      Receipt receipt = ReceiptCodec.decode(bytes(one.required("receipt")));
      Finding.Subject subject = Finding.Subject.valueOf(one.required("subject").asText());
      assertThat(MadeReceipt.check(receipt, disclosure))
          .as("%s", one)
          .anyMatch(
              found -> found.outcome() == Finding.Outcome.FAILED && found.subject() == subject);
    }
  }
}
