package org.folkmoot.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.base.Hash32;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.session.Notary;
import org.folkmoot.wire.LayerRange;
import org.jspecify.annotations.Nullable;

/**
 * Where the answers of a response come from: the {@code folkmoot} object.
 *
 * @param asksOthers whether other peers computed them
 * @param disclose whether to tell what opens the receipts
 * @param answers of each choice, in order
 * @param policy what the policy of this node's operator did, if it has one
 */
public record Provenance(
    boolean asksOthers, boolean disclose, List<Proven> answers, Optional<Touch> policy) {
  /** The arithmetic in which every answer of this version is computed. */
  private static final String SEM = "sem/1";

  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  /**
   * How one answer can be proved.
   *
   * @param proof its receipt
   * @param missing where there is none: why
   */
  public record Proven(Optional<Notary.Proof> proof, String missing) {
    /** Whom the receipt names. */
    List<Receipt.Hop> hops() {
      return proof.map(both -> both.receipt().hops()).orElse(List.of());
    }
  }

  /**
   * What a declared policy did to a request.
   *
   * @param policy its hash
   * @param told whether it put its system prompt before the conversation
   * @param refused whether it refused; then the model was not asked
   */
  public record Touch(Hash32 policy, boolean told, boolean refused) {}

  /** Copies the list. */
  public Provenance {
    answers = List.copyOf(answers);
  }

  void write(JsonGenerator json, AnswerWriter.Head head) throws IOException {
    Proven first = answers.getFirst();
    json.writeStringField("digest", "sha256:" + head.digest());
    json.writeStringField("privacy", asksOthers ? "public" : "local");
    json.writeStringField("sem", SEM);
    json.writeArrayFieldStart("hops");
    for (Receipt.Hop hop : first.hops()) {
      json.writeStartObject();
      json.writeStringField("peer", hop.peer().text());
      json.writeStringField("layers", layers(hop.range()));
      if (hop.policy().isPresent()) {
        json.writeStringField("policy", hop.policy().get().hex());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    field(json, "receipt", Provenance::receipt);
    if (disclose) {
      field(json, "disclosure", Provenance::disclosure);
    }
    Optional<String> missing =
        answers.stream().filter(one -> one.proof.isEmpty()).map(Proven::missing).findFirst();
    if (missing.isPresent()) {
      json.writeStringField("receiptMissing", missing.get());
    }
    if (policy.isPresent()) {
      json.writeObjectFieldStart("policy");
      json.writeStringField("sha256", policy.get().policy().hex());
      json.writeBooleanField("systemPrompt", policy.get().told());
      json.writeBooleanField("refused", policy.get().refused());
      json.writeEndObject();
    }
  }

  /** The first answer's, and where there are several, everyone's under the name's plural. */
  private void field(JsonGenerator json, String name, Function<Notary.Proof, byte[]> bytes)
      throws IOException {
    json.writeStringField(name, text(answers.getFirst(), bytes));
    if (answers.size() > 1) {
      json.writeArrayFieldStart(name + "s");
      for (Proven answer : answers) {
        json.writeString(text(answer, bytes));
      }
      json.writeEndArray();
    }
  }

  private static @Nullable String text(Proven answer, Function<Notary.Proof, byte[]> bytes) {
    return answer.proof.map(bytes).map(BASE64::encodeToString).orElse(null);
  }

  private static byte[] receipt(Notary.Proof proof) {
    return ReceiptCodec.encode(proof.receipt());
  }

  private static byte[] disclosure(Notary.Proof proof) {
    return proof.disclosure().encode();
  }

  /** As {@code serve --layers} takes it. */
  private static String layers(LayerRange range) {
    return range.from() + ":" + range.to();
  }
}
