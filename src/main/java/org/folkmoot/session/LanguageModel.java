package org.folkmoot.session;

import java.util.List;
import java.util.Map;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * An opened model that answers. Safe for many threads: concurrent generations share passes through
 * the layers and take turns fairly.
 */
public interface LanguageModel extends AutoCloseable {
  /** The name it was opened by, for example {@code smollm2:135m}. */
  String name();

  /** SHA-256 of the model file, 64 hexadecimal digits. */
  String digest();

  /** The most tokens that prompt and answer can have together. */
  int contextLength();

  /** Whether other peers compute its answers, who can then read the prompt. */
  default boolean asksOthers() {
    return false;
  }

  /** Its vocabulary. */
  Tokenizer tokenizer();

  /**
   * The prompt of a conversation by the model's own chat template, ready for the model to speak.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the template refuses the
   *     conversation
   */
  String renderChat(List<ChatMessage> messages);

  /** The ids of a conversation: {@link #renderChat}, with special tokens parsed. */
  int[] chatIds(List<ChatMessage> messages);

  /**
   * The same with variables for the template, such as {@code enable_thinking}; a template that does
   * not know one does not miss it. The day is one of them: {@link ToldTemplate#today}.
   */
  default int[] chatIds(List<ChatMessage> messages, Map<String, @Nullable Object> variables) {
    return chatIds(messages);
  }

  /** The text of its chat template: what {@link #chatIds} follows. */
  String chatTemplate();

  /**
   * Strings that end an answer in a chat, beside the model's own end tokens: for models that were
   * never taught to chat and would go on to speak for the person.
   */
  default List<String> chatStops() {
    return List.of();
  }

  /**
   * Starts an answer; the prompt is processed by the first pull.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the prompt does not fit the context
   *     or holds an unknown id; BUSY if there is no room for one more session now
   */
  Generation generate(GenerationRequest request);

  /** A conversation with this model; where nothing can be kept, each prompt is computed whole. */
  default Conversation newConversation() {
    return new Conversation() {
      private Generation last = Generation.OVER;

      @Override
      public Generation generate(GenerationRequest request) {
        last.close();
        last = LanguageModel.this.generate(request);
        return last;
      }

      @Override
      public void close() {
        last.close();
      }
    };
  }

  @Override
  void close();
}
