package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.session.Reasoning;
import org.folkmoot.session.ToldTemplate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Answers one prompt. */
@Command(
    name = "run",
    description = {
      "Answer a prompt with a model, pulled first if it is not here.",
      "Without a prompt, at a terminal, this opens a chat."
    })
final class RunCommand implements Callable<Integer> {
  /** Stands for standard input, as for cat and its kin. */
  private static final String STANDARD_INPUT = "-";

  /** The most bytes that a prompt can have, by what a tokenizer takes. */
  private static final int MOST_BYTES = 4 * Tokenizer.MAX_TEXT_LENGTH;

  private final Surroundings surroundings;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "MODEL",
      description = {
        "A name (smollm2:135m), a file (./x.gguf), or a source as 'pull' takes it.",
        "Left out, or 'moot': the one that this home's moot has adopted."
      })
  private @Nullable String named;

  @Parameters(
      index = "1..*",
      paramLabel = "PROMPT",
      description = {
        "The prompt; several words are joined. '-' stands for standard input, which is also",
        "read where there is no prompt and nobody types."
      })
  private List<String> words = List.of();

  @Mixin private AnswerOptions answer;

  @Option(
      names = "--raw",
      description = "Send the text as it is, without the model's chat template.")
  private boolean raw;

  @Option(
      names = "--ids",
      description = "Print the ids of the generated tokens as a JSON array instead of the text.")
  private boolean ids;

  @Option(
      names = "--swarm",
      description = "Ask the swarm of this home, even if the model is on this machine.")
  private boolean throughSwarm;

  @Mixin private ReceiptOptions receipts;

  @Mixin private PeerOptions peers;

  @Mixin private EngineOptions engine;

  /** What the model is told first, and under which policies; set before anything is asked. */
  private @Nullable String system;

  private List<Hash32> policies = List.of();

  /** What the model's template is told; set when the prompt is made. */
  private Map<String, @Nullable Object> told = Map.of();

  RunCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    AnswerSettings settings = answer.settings();
    ModelOpener.Settings opening = engine.settings(1);
    if (raw && answer.system() != null) {
      throw new FolkmootException(
          BAD_REQUEST, "--raw sends no system message: leave out --system or --raw");
    }
    receipts.check();
    MootDefaults defaults = answer.defaults(surroundings);
    ModelChoice choice = ModelChoice.of(surroundings, named, words, defaults);
    Optional<String> prompt = prompt(choice.words());
    if (receipts.wanted() && prompt.isEmpty()) {
      throw new FolkmootException(
          BAD_REQUEST, "--receipt is for one answer: give a prompt, or '/save' a chat");
    }
    if (prompt.isEmpty() && !raw && !ids) {
      return Chat.run(
          surroundings,
          new Chat.Start(
              choice.reference(),
              opening,
              throughSwarm,
              settings,
              answer.system(),
              answer.told(),
              false,
              peers.wish(),
              defaults));
    }
    takeSystem(defaults);
    String text = prompt.orElse("");
    if (text.isBlank()) {
      throw new FolkmootException(
          BAD_REQUEST, "there is no prompt: give one after the model, or on standard input");
    }
    ModelChoice.told(
            defaults,
            choice.adopted(),
            policies.isEmpty() ? Optional.empty() : Optional.ofNullable(system))
        .ifPresent(
            line -> surroundings.console().note(surroundings.console().errStyle().faint(line)));
    try (LanguageModel model =
        Models.open(surroundings, choice.reference(), opening, throughSwarm, peers.wish())) {
      choice.check(model);
      long seed = settings.seed() == null ? surroundings.seeds().getAsLong() : settings.seed();
      return answer(model, request(model, text, settings, seed), settings.draws() ? seed : null);
    }
  }

  /** The person's own system prompt goes first, else the moot's, which is a declared policy. */
  private void takeSystem(MootDefaults defaults) {
    system = answer.system();
    Optional<MootDefaults.AdoptedPolicy> adopted =
        defaults.policy().filter(policy -> policy.prompt().isPresent());
    if (system == null && !raw && adopted.isPresent()) {
      system = adopted.get().prompt().orElseThrow();
      policies = List.of(adopted.get().hash());
    }
  }

  /** The words joined, or standard input; empty where a person would have to type it. */
  private Optional<String> prompt(List<String> words) {
    if (words.isEmpty()) {
      return surroundings.inIsTerminal() ? Optional.empty() : Optional.of(standardInput());
    }
    List<String> parts = new ArrayList<>(words);
    int place = parts.indexOf(STANDARD_INPUT);
    if (place >= 0) {
      parts.set(place, standardInput());
    }
    return Optional.of(String.join(" ", parts));
  }

  private String standardInput() {
    try {
      byte[] bytes = surroundings.in().readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw new FolkmootException(
            BAD_REQUEST, "standard input has more than " + (MOST_BYTES >> 20) + " MiB: send less");
      }
      String text = new String(bytes, StandardCharsets.UTF_8);
      // What ends the last line of a file is no part of a question; raw text is left alone.
      return raw ? text : text.stripTrailing();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private GenerationRequest request(
      LanguageModel model, String text, AnswerSettings settings, long seed) {
    if (raw) {
      int[] prompt = model.tokenizer().encodePrompt(text, Tokenizer.Specials.PARSE);
      return settings.request(prompt, List.of(), seed);
    }
    List<ChatMessage> messages = new ArrayList<>();
    if (system != null) {
      messages.add(new ChatMessage("system", system));
    }
    messages.add(new ChatMessage("user", text));
    told = ToldTemplate.today(surroundings.clock(), answer.told());
    int[] prompt = model.chatIds(messages, told);
    Map<String, @Nullable Object> otherwise = ToldTemplate.today(surroundings.clock(), Map.of());
    if (!answer.told().isEmpty() && Arrays.equals(prompt, model.chatIds(messages, otherwise))) {
      surroundings
          .console()
          .note("--no-think changes nothing: this model's template has no switch for it");
    }
    return settings.request(prompt, model.chatStops(), seed);
  }

  private int answer(LanguageModel model, GenerationRequest request, @Nullable Long seed) {
    Console console = surroundings.console();
    Stopper stopper = new Stopper();
    Optional<Notary.Pending> receipt =
        receipts.wanted() || peers.wantsSignatures(model)
            ? Optional.of(Notaries.of(surroundings, policies).begin(model, request, shaping(model)))
            : Optional.empty();
    GenerationRequest asked = receipt.map(Notary.Pending::request).orElse(request);
    try (Generation generation = model.generate(asked);
        Interrupts.Watch _ = surroundings.interrupts().watch(stopper)) {
      stopper.follow(generation);
      Reasoning thoughts = raw ? Reasoning.none() : Reasoning.after(model, request.promptIds());
      Answer said = Answer.pull(generation, writer().telling(thoughts, console.outStyle()));
      if (ids) {
        console.out().println(said.ids());
      }
      receipt.ifPresent(pending -> finish(model, said, pending.finish(generation, said.idArray())));
      said.cut(request, model.contextLength()).ifPresent(console::note);
      console.note(console.errStyle().faint(Statistics.line(said.usage(), seed)));
    }
    return stopper.hasStopped() ? ExitStatus.INTERRUPTED : ExitStatus.OK;
  }

  private void finish(LanguageModel model, Answer said, Optional<Notary.Proof> proof) {
    receipts.write(proof);
    if (peers.wantsSignatures(model) && said.ending() != Generation.Ending.CANCELLED) {
      PeerOptions.refusePolicies(proof);
    }
  }

  private Notary.Shaping shaping(LanguageModel model) {
    return raw
        ? Notary.Shaping.RAW
        : new Notary.Shaping(
            Optional.of(ToldTemplate.of(model.chatTemplate(), told)), Optional.ofNullable(system));
  }

  private AnswerWriter writer() {
    if (ids) {
      return AnswerWriter.silent();
    }
    AnswerWriter writer = AnswerWriter.to(surroundings.console());
    return raw ? writer.continuing() : writer;
  }
}
