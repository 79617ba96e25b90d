package org.folkmoot.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.session.Notary;
import org.folkmoot.session.PromptCheck;

/**
 * The check of a saved chat: each answer's receipt, the answer computed again, and whether the
 * saved words are those of the proven tokens.
 */
final class ChatVerification {
  private final SavedChat chat;
  private final List<Optional<VerifyReport>> answers = new ArrayList<>();
  private final List<Integer> damaged;

  /** Checks all answers of a chat. */
  ChatVerification(Surroundings surroundings, Path file, AnswerVerifier verifier) {
    chat = SavedChat.read(file);
    ChatReceipts receipts = new ChatReceipts(surroundings);
    int count = chat.messages().size() / 2;
    damaged = receipts.read(file, count);
    for (int number = 1; number <= count; number++) {
      int turn = number;
      answers.add(receipts.of(number).map(proof -> check(verifier, proof, turn)));
    }
  }

  private VerifyReport check(AnswerVerifier verifier, Notary.Proof proof, int number) {
    Disclosure disclosure = proof.disclosure();
    return verifier.check(
        proof.receipt(), disclosure, prompts -> texts(prompts, disclosure, number));
  }

  private List<Finding> texts(PromptCheck prompts, Disclosure disclosure, int number) {
    List<ChatMessage> asked = chat.messages().subList(0, 2 * number - 1);
    String said = chat.messages().get(2 * number - 1).content();
    return List.of(
        prompts.asked(asked, disclosure),
        prompts.answered(said, chat.settings().stops(), disclosure));
  }

  /** Whether each answer has a receipt, and everything that was asked for holds. */
  boolean holds() {
    return !answers.isEmpty()
        && answers.stream().allMatch(one -> one.filter(VerifyReport::holds).isPresent());
  }

  void print(Console console) {
    Style style = console.outStyle();
    for (int i = 0; i < answers.size(); i++) {
      console.out().printf("%s%n", style.strong("answer " + (i + 1)));
      if (answers.get(i).isPresent()) {
        answers.get(i).get().printFindings(console);
      } else {
        console.out().printf("  %s %s%n", style.faint("–"), missing(i + 1));
      }
      console.out().println();
    }
    boolean failed =
        answers.stream().flatMap(Optional::stream).anyMatch(one -> !one.nothingFailed());
    console
        .out()
        .println(
            style.strong(
                holds()
                    ? "all %d answers hold".formatted(answers.size())
                    : failed
                        ? "NOT all answers hold"
                        : "nothing is wrong, but not all answers could be checked"));
  }

  private String missing(int number) {
    return damaged.contains(number) ? "its receipt is damaged" : "it has no receipt";
  }

  Map<String, Object> json() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("holds", holds());
    List<Object> all = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("answer", i + 1);
      if (answers.get(i).isPresent()) {
        one.putAll(answers.get(i).get().json());
      } else {
        one.put("holds", false);
        one.put("line", missing(i + 1));
      }
      all.add(one);
    }
    root.put("answers", all);
    return root;
  }
}
