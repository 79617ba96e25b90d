package org.folkmoot.session;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.template.ChatTemplate;
import org.folkmoot.engine.template.ChatTemplates;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Finding.Outcome;
import org.folkmoot.proof.Finding.Subject;

/**
 * Holds the token ids of a disclosure against texts, by a model's tokenizer: whether the prompt
 * begins as the disclosed template and system prompt have it, and whether the answer, and the
 * questions before it, are those that somebody saved.
 */
public final class PromptCheck {
  /** Two questions with nothing in common: what both prompts begin with is no question's. */
  private static final List<String> QUESTIONS = List.of("Ask", "9?");

  /** Tokens before a question that its first letters may change. */
  private static final int BORDER = 2;

  private final Prompts prompts;

  private PromptCheck(Prompts prompts) {
    this.prompts = prompts;
  }

  /**
   * By a model's file, or its head only; read now and not needed afterwards.
   *
   * @throws FolkmootException BAD_FILE or UNSUPPORTED if it cannot be used
   */
  public static PromptCheck of(GgufFile head) {
    return of(Prompts.of(head));
  }

  static PromptCheck of(Prompts prompts) {
    return new PromptCheck(prompts);
  }

  /**
   * Whether nothing stands before the conversation but what template and system prompt put there.
   *
   * @return empty if the prompt was made without a template, or that is not disclosed
   */
  public Optional<Finding> beginning(Disclosure disclosure) {
    return disclosure.template().map(template -> beginning(template, disclosure));
  }

  private Finding beginning(String template, Disclosure disclosure) {
    Optional<LocalDate> day = ChatTemplate.day(template);
    if (template.contains(ToldTemplate.DAY) && day.isEmpty()) {
      return finding(
          Outcome.NOT_CHECKED, "the template writes the day, but not which: it is not repeated");
    }
    boolean own = ChatTemplate.undated(template).equals(prompts.template().source());
    boolean begins;
    try {
      Prompts by = own && day.isEmpty() ? prompts : prompts.with(ChatTemplates.of(template));
      begins = beginsAs(by, disclosure, "") || beginsAs(by, disclosure, by.controlText());
    } catch (FolkmootException refused) {
      return finding(
          Outcome.NOT_CHECKED, "the template does not render again: " + refused.getMessage());
    }
    if (!begins) {
      return finding(
          Outcome.FAILED,
          "the prompt does not begin as template and system prompt have it: something else was put before the conversation");
    }
    String what =
        disclosure.systemPrompt().isPresent()
            ? "the prompt begins with the system prompt, as the template has it"
            : "nothing stands before the conversation but what the template has";
    String then = day.map(date -> what + " on " + date).orElse(what);
    return finding(Outcome.HELD, own ? then : then + "; the template is not the model's own");
  }

  /**
   * Compares what prompts have in common whatever is asked.
   *
   * @param forged special tokens that a person typed: texts with such are encoded piece by piece
   */
  private static boolean beginsAs(Prompts by, Disclosure disclosure, String forged) {
    List<int[]> rendered = new ArrayList<>();
    for (String question : QUESTIONS) {
      List<ChatMessage> messages = new ArrayList<>();
      disclosure.systemPrompt().ifPresent(text -> messages.add(new ChatMessage("system", text)));
      messages.add(new ChatMessage("user", question + forged));
      rendered.add(by.chatIds(messages));
    }
    int common = Arrays.mismatch(rendered.getFirst(), rendered.getLast());
    int certain = Math.max(0, common - BORDER);
    int[] prompt = disclosure.promptIds();
    return prompt.length >= certain
        && Arrays.equals(prompt, 0, certain, rendered.getFirst(), 0, certain);
  }

  /**
   * Whether the prompt is the end of a conversation.
   *
   * @param turns questions and answers in turn, the last a question
   */
  public Finding asked(List<ChatMessage> turns, Disclosure disclosure) {
    int[] prompt = disclosure.promptIds();
    Prompts by;
    try {
      by = disclosure.template().map(ChatTemplates::of).map(prompts::with).orElse(prompts);
    } catch (FolkmootException refused) {
      by = prompts; // the finding about the template says why
    }
    for (int from = 0; from < turns.size(); from += 2) {
      List<ChatMessage> messages = new ArrayList<>();
      disclosure.systemPrompt().ifPresent(text -> messages.add(new ChatMessage("system", text)));
      messages.addAll(turns.subList(from, turns.size()));
      if (Arrays.equals(prompt, by.chatIds(messages))) {
        return new Finding(
            Subject.PROMPT,
            Outcome.HELD,
            Optional.empty(),
            from == 0
                ? "the prompt is the saved conversation up to there"
                : "the prompt is the saved conversation without its first %d messages"
                    .formatted(from));
      }
    }
    return new Finding(
        Subject.PROMPT,
        Outcome.FAILED,
        Optional.empty(),
        "the prompt is not the saved conversation up to there");
  }

  /**
   * Whether a saved answer is the text of the disclosed tokens.
   *
   * @param stops strings that ended answers
   */
  public Finding answered(String saved, List<String> stops, Disclosure disclosure) {
    List<String> all = new ArrayList<>(stops);
    all.addAll(prompts.chatStops());
    boolean same = saved.equals(text(disclosure, all));
    return new Finding(
        Subject.OUTPUT,
        same ? Outcome.HELD : Outcome.FAILED,
        Optional.empty(),
        same
            ? "the saved answer is the text of the answer's tokens"
            : "the saved answer is not the text of the answer's tokens");
  }

  private String text(Disclosure disclosure, List<String> stops) {
    AnswerText decoder = new AnswerText(prompts.tokenizer(), stops);
    StringBuilder text = new StringBuilder();
    int[] ids = disclosure.outputIds();
    for (int i = 0; i < ids.length; i++) {
      AnswerText.Part part = decoder.add(ids[i], i == ids.length - 1);
      text.append(part.text());
      if (part.ending().isPresent()) {
        break;
      }
    }
    return text.toString();
  }

  private static Finding finding(Outcome outcome, String line) {
    return new Finding(Subject.SYSTEM_PROMPT, outcome, Optional.empty(), line);
  }
}
