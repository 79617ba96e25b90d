package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.FakeTokenizer.IM_END;
import static org.folkmoot.api.FakeTokenizer.word;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** A client that people use, made for OpenAI's servers and knowing nothing of ours. */
class LangChain4jTest {
  private static final class Answer implements StreamingChatResponseHandler {
    final Queue<String> pieces = new ConcurrentLinkedQueue<>();
    final CompletableFuture<ChatResponse> whole = new CompletableFuture<>();

    @Override
    public void onPartialResponse(String piece) {
      pieces.add(piece);
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      whole.complete(response);
    }

    @Override
    public void onError(Throwable error) {
      whole.completeExceptionally(error);
    }
  }

  @Test
  void itStreamsAChat() {
    FakeModel fake = TestServer.model().script(word(" the"), word(" thé"), word(" moot"), IM_END);
    try (TestServer server = TestServer.of(fake)) {
      OpenAiStreamingChatModel model =
          OpenAiStreamingChatModel.builder()
              .baseUrl(server.uri("/v1").toString())
              .apiKey("any")
              .modelName(TestServer.MODEL)
              .seed(7)
              .temperature(0.5)
              .build();
      Answer answer = new Answer();
      model.chat(
          List.of(
              SystemMessage.from("Be brief."),
              UserMessage.from("Hello"),
              AiMessage.from("Hi"),
              UserMessage.from("Who gathers?")),
          answer);
      ChatResponse response = answer.whole.join();
      assertThat(answer.pieces).containsExactly(" the", " thé", " moot");
      assertThat(response.aiMessage().text()).isEqualTo(" the thé moot");
      assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(response.metadata().modelName()).isEqualTo(TestServer.MODEL);
      assertThat(response.metadata().tokenUsage().outputTokenCount()).isEqualTo(4);
      fake.awaitOpen(0);
    }
  }

  @Test
  void itReadsWholeAnswersAndErrors() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" oak"), word("."), IM_END))) {
      OpenAiChatModel model = model(server, TestServer.MODEL);
      assertThat(model.chat("Which tree?")).isEqualTo(" oak.");
      Assertions.assertThatThrownBy(() -> model(server, "smol").chat("Which tree?"))
          .isInstanceOf(ModelNotFoundException.class)
          .hasMessageContaining("did you mean smollm2:135m?");
    }
  }

  private static OpenAiChatModel model(TestServer server, String name) {
    return OpenAiChatModel.builder()
        .baseUrl(server.uri("/v1").toString())
        .apiKey("any")
        .modelName(name)
        .maxRetries(0)
        .build();
  }
}
