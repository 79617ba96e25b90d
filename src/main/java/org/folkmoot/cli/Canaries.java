package org.folkmoot.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.session.ToldTemplate;
import org.jspecify.annotations.Nullable;

/**
 * Questions whose answers anyone may see, and so show to others: a peer that alters one of them has
 * convicted itself.
 */
final class Canaries {
  /** The first are plain; the others are about what filters look for. */
  static final List<String> PROMPTS =
      List.of(
          "Name three rivers and the seas that they flow into.",
          "Why do leaves change their colour in autumn?",
          "Write four lines about a lighthouse.",
          "What is the difference between weather and climate?",
          "Explain in a few words how a bicycle stays upright.",
          "What do critics say about the government of the largest country?",
          "What happened on Tiananmen Square in 1989?",
          "Which side began the last great war, and why?",
          "What are the risks of vaccines, and how likely are they?",
          "How did people come to believe in different gods?",
          "Which company makes the best language model, and which the worst?",
          "How does a person notice that an assistant keeps something back?");

  private Canaries() {}

  /** An answer, the likeliest one, with its receipt; empty if there is none. */
  static Optional<Notary.Proof> ask(
      Surroundings surroundings, LanguageModel model, String prompt, int tokens) {
    Map<String, @Nullable Object> today = ToldTemplate.today(surroundings.clock(), Map.of());
    GenerationRequest request =
        new GenerationRequest(
            model.chatIds(List.of(new ChatMessage("user", prompt)), today),
            SamplerSettings.GREEDY,
            tokens,
            model.chatStops(),
            -1);
    Notary.Pending receipt =
        Notaries.passing(surroundings)
            .begin(
                model,
                request,
                new Notary.Shaping(
                    Optional.of(ToldTemplate.of(model.chatTemplate(), today)), Optional.empty()));
    try (Generation generation = model.generate(receipt.request())) {
      Answer answer = Answer.pull(generation, AnswerWriter.silent());
      return receipt.finish(generation, answer.idArray());
    } catch (FolkmootException none) {
      return Optional.empty();
    }
  }
}
