package org.folkmoot.engine.template;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/** Which template a model is spoken to with. */
public final class ChatTemplates {
  /** The key of GGUF metadata under which a model file carries its template. */
  public static final String METADATA_KEY = "tokenizer.chat_template";

  /** The templates that {@link #named} knows. */
  public static final List<String> NAMES = List.of("chatml", "plain");

  /** Where a model that is spoken to in {@code plain} goes on to speak for the user. */
  public static final List<String> PLAIN_STOPS = List.of("\nUser:");

  /**
   * What a model without a template gets: speakers by name, a blank line between turns. A model
   * that was never taught to chat continues this more sensibly than it does any model's special
   * tokens; {@link #PLAIN_STOPS} end its turn.
   */
  private static final String PLAIN =
      """
      {%- for message in messages %}
          {%- if message.role == 'system' %}
              {{- message.content + '\\n\\n' }}
          {%- elif message.role == 'assistant' %}
              {{- 'Assistant: ' + message.content + '\\n\\n' }}
          {%- else %}
              {{- 'User: ' + message.content + '\\n\\n' }}
          {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- 'Assistant:' }}
      {%- endif %}
      """;

  /** The format of many families, for a model that is known to speak it and does not say so. */
  private static final String CHATML =
      """
      {%- for message in messages %}
          {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|im_start|>assistant\\n' }}
      {%- endif %}
      """;

  private ChatTemplates() {}

  /**
   * The template of a model file.
   *
   * @param fromFile the value of {@link #METADATA_KEY}, null where the file has none: then it is
   *     the template {@code plain}
   * @throws FolkmootException BAD_FILE or UNSUPPORTED as {@link ChatTemplate#compile}
   */
  public static ChatTemplate of(@Nullable String fromFile) {
    return fromFile == null || fromFile.isBlank() ? named("plain") : ChatTemplate.compile(fromFile);
  }

  /**
   * A template that comes with Folkmoot.
   *
   * @throws FolkmootException NOT_FOUND for any other name than {@link #NAMES}
   */
  public static ChatTemplate named(String name) {
    return ChatTemplate.compile(
        switch (name) {
          case "plain" -> PLAIN;
          case "chatml" -> CHATML;
          default ->
              throw new FolkmootException(
                  NOT_FOUND,
                  "no chat template is called '"
                      + name
                      + "': there are "
                      + String.join(", ", NAMES));
        });
  }
}
