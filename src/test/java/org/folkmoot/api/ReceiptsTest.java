package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.completion;
import static org.folkmoot.api.TestServer.events;
import static org.folkmoot.api.TestServer.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.proof.Recomputation;
import org.folkmoot.proof.Terms;
import org.folkmoot.session.LocalModel;
import org.folkmoot.testing.LocalModels;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.ModelId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every answer of the API carries its receipt. */
@Timeout(300)
class ReceiptsTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT = "/v1/completions";
  private static final String DISCLOSE = "\"folkmoot\": {\"disclose\": true}";
  private static final long KV_BYTES = 1 << 20;

  private static byte[] bytes(JsonNode base64) {
    return Base64.getUrlDecoder().decode(base64.textValue());
  }

  private static Receipt receipt(JsonNode folkmoot) {
    return ReceiptCodec.decode(bytes(folkmoot.get("receipt")));
  }

  private static Disclosure disclosure(JsonNode folkmoot) {
    return Disclosure.decode(bytes(folkmoot.get("disclosure")));
  }

  private static JsonNode folkmoot(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response).get("folkmoot");
  }

  /** That of a stream's last chunk, the only one that has it. */
  private static JsonNode streamed(HttpResponse<String> response) {
    List<String> chunks = new ArrayList<>(events(response.body()));
    assertThat(chunks.removeLast()).isEqualTo("[DONE]");
    JsonNode last = json(chunks.removeLast()).get("folkmoot");
    assertThat(chunks).noneMatch(chunk -> json(chunk).has("folkmoot"));
    return last;
  }

  private static void assertHolds(JsonNode folkmoot) {
    List<Finding> findings =
        new ReceiptCheck(Identity::verify).check(receipt(folkmoot), disclosure(folkmoot));
    assertThat(findings).allMatch(one -> one.outcome() == Finding.Outcome.HELD);
  }

  @Test
  void aReceiptOfEachAnswerAndWhatOpensItIfAskedFor() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      JsonNode plain = folkmoot(server.post(CHAT, chat()));
      assertThat(receipt(plain).terms().model().sha256().hex()).isEqualTo(FakeModel.DIGEST);
      assertThat(plain.has("disclosure")).isFalse();
      assertThat(plain.has("receiptMissing")).isFalse();
      assertThat(plain.get("hops"))
          .isEqualTo(
              json(
                  """
                  [{"peer": "%s", "layers": "0:30"}]\
                  """
                      .formatted(SeededRandom.identity(1).peerId().text())));
      assertHolds(folkmoot(server.post(CHAT, chat(DISCLOSE))));
      assertHolds(folkmoot(server.post(TEXT, completion("\"the moot\"", DISCLOSE))));
      String stream = "\"stream\": true";
      assertHolds(streamed(server.post(CHAT, chat(stream, DISCLOSE))));
      assertHolds(streamed(server.post(TEXT, completion("[20, 21]", stream, DISCLOSE))));
      String counted = "\"stream_options\": {\"include_usage\": true}";
      assertHolds(streamed(server.post(CHAT, chat(stream, counted, DISCLOSE))));
    }
  }

  @Test
  void severalAnswersHaveOneEach() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      for (boolean stream : new boolean[] {false, true}) {
        HttpResponse<String> response =
            server.post(CHAT, chat("\"n\": 3", DISCLOSE, "\"stream\": " + stream));
        JsonNode all = stream ? streamed(response) : folkmoot(response);
        assertThat(all.get("receipts")).hasSize(3);
        assertThat(all.get("receipts").get(0)).isEqualTo(all.get("receipt"));
        assertThat(all.get("disclosures").get(0)).isEqualTo(all.get("disclosure"));
        for (int i = 0; i < 3; i++) {
          Receipt one = ReceiptCodec.decode(bytes(all.get("receipts").get(i)));
          Disclosure opens = Disclosure.decode(bytes(all.get("disclosures").get(i)));
          assertThat(one.commitment()).isEqualTo(opens.commitment());
        }
      }
    }
  }

  @Test
  void theSaltCanBeTheCallers() {
    Hash32 salt = Hash32.sha256(new byte[] {1});
    try (TestServer server = TestServer.of(TestServer.model())) {
      String mine = "\"folkmoot\": {\"disclose\": true, \"salt\": \"" + salt.hex() + "\"}";
      JsonNode proven = folkmoot(server.post(CHAT, chat(mine)));
      assertThat(disclosure(proven).salt()).isEqualTo(salt);
      assertHolds(proven);
    }
  }

  @Test
  void theReceiptNamesTemplateAndSystemPrompt() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      String told =
          """
          {"model": "%s", "messages": [{"role": "system", "content": "Be brief."},
           {"role": "user", "content": "Why?"}]}\
          """
              .formatted(TestServer.MODEL);
      Terms terms = receipt(folkmoot(server.post(CHAT, told))).terms();
      assertThat(terms.systemPrompt()).contains(Terms.hashOf("Be brief."));
      assertThat(terms.template()).contains(Terms.hashOf(TestServer.model().chatTemplate()));
      assertThat(receipt(folkmoot(server.post(CHAT, chat()))).terms().systemPrompt()).isEmpty();
      Terms raw = receipt(folkmoot(server.post(TEXT, completion("\"the\"")))).terms();
      assertThat(raw.template()).isEmpty();
    }
  }

  @Test
  void whereNotEveryoneSignedTheAnswerSaysSo() {
    try (TestServer server = TestServer.of(TestServer.model().unsigned())) {
      for (JsonNode said :
          List.of(
              folkmoot(server.post(CHAT, chat(DISCLOSE))),
              streamed(server.post(CHAT, chat(DISCLOSE, "\"stream\": true"))))) {
        assertThat(said.get("receipt").isNull()).isTrue();
        assertThat(said.get("disclosure").isNull()).isTrue();
        assertThat(said.get("hops")).isEmpty();
        assertThat(said.get("receiptMissing").textValue()).contains("signed");
      }
    }
  }

  @Test
  void whatPeersComputeIsPublicAndNothingLess() {
    try (TestServer server = TestServer.of(TestServer.model().ofOthers())) {
      assertThat(folkmoot(server.post(CHAT, chat())).get("privacy").textValue())
          .isEqualTo("public");
      assertThat(server.post(CHAT, chat("\"folkmoot\": {\"privacy\": \"public\"}")).statusCode())
          .isEqualTo(200);
      for (String less : List.of("local", "private")) {
        HttpResponse<String> refused =
            server.post(CHAT, chat("\"folkmoot\": {\"privacy\": \"" + less + "\"}"));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(json(refused).get("error").get("code").textValue())
            .isEqualTo("privacy_unavailable");
      }
    }
  }

  @Test
  void aModelThatComputesSaysExactlyThis(@TempDir Path folder) {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    try (LocalModel model = LocalModels.open(file, TestServer.MODEL, KV_BYTES);
        TestServer server = TestServer.of(model)) {
      assertRecomputes(file, model, folkmoot(server.post(CHAT, chat(DISCLOSE))));
      assertRecomputes(
          file, model, streamed(server.post(CHAT, chat(DISCLOSE, "\"stream\": true"))));
      assertRecomputes(
          file, model, folkmoot(server.post(TEXT, completion("\"the moot\"", DISCLOSE))));
    }
  }

  private static void assertRecomputes(Path path, LocalModel model, JsonNode folkmoot) {
    assertHolds(folkmoot);
    try (GgufFile file = GgufFile.open(path);
        WorkerPool pool = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file);
      try (SpanModel span = SpanModel.load(file, config, Span.whole(config), pool, done -> {})) {
        Recomputation again =
            new Recomputation(
                span,
                new ModelId(Hash32.ofHex(model.digest())),
                model.tokenizer().size(),
                model.tokenizer()::isEnd);
        assertThat(again.run(receipt(folkmoot), disclosure(folkmoot)).findings())
            .allMatch(one -> one.outcome() == Finding.Outcome.HELD);
      }
    }
  }
}
