package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.template.ChatTemplate;
import org.folkmoot.engine.template.ChatTemplates;
import org.folkmoot.engine.template.Segment;
import org.folkmoot.engine.template.TemplateContext;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.jspecify.annotations.Nullable;

/**
 * From text to token ids, as a model's file says: its tokenizer and its chat template.
 *
 * @param chatStops strings that end an answer in a chat, for models without a template
 */
record Prompts(
    Tokenizer tokenizer, ChatTemplate template, TemplateContext context, List<String> chatStops) {

  /**
   * Reads a file's.
   *
   * @throws FolkmootException BAD_FILE or UNSUPPORTED if they cannot be used
   */
  static Prompts of(GgufFile file) {
    Tokenizer tokenizer = Tokenizers.from(file.metadata());
    int rows = ModelConfig.of(file).vocabulary();
    if (tokenizer.size() > rows) {
      throw new FolkmootException(
          BAD_FILE,
          "%s: its tokenizer has %d tokens, its embedding only %d: pull it again"
              .formatted(file.path().getFileName(), tokenizer.size(), rows));
    }
    String template = file.metadata().string(ChatTemplates.METADATA_KEY).orElse(null);
    boolean plain = template == null || template.isBlank();
    return new Prompts(
        tokenizer,
        ChatTemplates.of(template),
        TemplateContext.of(
            spelling(tokenizer, tokenizer.beginId()), spelling(tokenizer, tokenizer.endId())),
        plain ? ChatTemplates.PLAIN_STOPS : List.of());
  }

  private static String spelling(Tokenizer tokenizer, OptionalInt id) {
    return id.isPresent() ? tokenizer.spelling(id.getAsInt()) : "";
  }

  /** The same tokenizer under another template. */
  Prompts with(ChatTemplate other) {
    return new Prompts(tokenizer, other, context, chatStops);
  }

  /** The spelling of a special token; empty if there is none. */
  String controlText() {
    for (int id = 0; id < tokenizer.size(); id++) {
      if (tokenizer.bytes(id).length == 0 && !tokenizer.spelling(id).isEmpty()) {
        return tokenizer.spelling(id);
      }
    }
    return "";
  }

  /** Templates that speak in channels want of earlier turns what was answered, without marks. */
  private List<ChatMessage> answersOnly(List<ChatMessage> messages) {
    if (!template.source().contains(Channels.CHANNEL)) {
      return messages;
    }
    return messages.stream()
        .map(message ->
            message.role().equals("assistant")
                ? new ChatMessage(
                    message.role(), Channels.answerOf(message.content()), message.fields())
                : message)
        .toList();
  }

  /** The prompt of a conversation. */
  String renderChat(List<ChatMessage> messages) {
    return template.render(answersOnly(messages), context);
  }

  /**
   * The ids of a conversation. Special tokens that a person typed stay text: nobody can end a turn
   * by writing {@code <|im_end|>}.
   */
  int[] chatIds(List<ChatMessage> messages) {
    return chatIds(messages, Map.of());
  }

  /** The same with variables for the template. */
  int[] chatIds(List<ChatMessage> messages, Map<String, @Nullable Object> variables) {
    Map<String, @Nullable Object> told = new LinkedHashMap<>(variables);
    Object day = told.remove(ToldTemplate.DAY);
    TemplateContext here = context.withVariables(told);
    List<Segment> segments =
        template.renderSegments(
            answersOnly(messages),
            day == null ? here : here.withNow(ToldTemplate.day(day).atStartOfDay()));
    StringBuilder text = new StringBuilder();
    List<int[]> apart = new ArrayList<>();
    int controls = 0;
    for (Segment segment : segments) {
      text.append(segment.text());
      int[] ids =
          tokenizer.encode(segment.text(), segment.trusted() ? Specials.PARSE : Specials.AS_TEXT);
      controls += controls(ids);
      apart.add(ids);
    }
    // Usually nobody forges anything: then the prompt is encoded whole, as the model was trained.
    int[] whole = tokenizer.encode(text.toString(), Specials.PARSE);
    if (controls(whole) == controls) {
      return whole;
    }
    return apart.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private int controls(int[] ids) {
    int count = 0;
    for (int id : ids) {
      if (tokenizer.bytes(id).length == 0) {
        count++;
      }
    }
    return count;
  }

  /**
   * Checks a request's prompt against vocabulary and context.
   *
   * @return the most tokens that can be generated
   * @throws FolkmootException BAD_REQUEST if it holds an unknown id or does not fit
   */
  static int room(GenerationRequest request, int vocabulary, int contextLength) {
    int[] prompt = request.promptIds();
    for (int id : prompt) {
      if (id < 0 || id >= vocabulary) {
        throw new FolkmootException(
            BAD_REQUEST,
            "the token id %d is not in the vocabulary of %d".formatted(id, vocabulary));
      }
    }
    if (prompt.length >= contextLength) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the prompt has %d tokens, but the context holds %d with the answer: shorten it or start a new chat"
              .formatted(prompt.length, contextLength));
    }
    return Math.min(request.maxTokens(), contextLength - prompt.length);
  }
}
