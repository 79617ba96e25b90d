package org.folkmoot.cli;

import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.session.Reasoning;
import org.folkmoot.session.ToldTemplate;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/** A conversation between a person, or a program, and a model. */
final class Chat implements AutoCloseable {
  /**
   * How a chat begins.
   *
   * @param reference the model
   * @param opening with what it is opened
   * @param throughSwarm whether the swarm is to answer in any case
   * @param settings how answers are made
   * @param system what the model is told first; null for nothing
   * @param told what the model's template is told beside the messages
   * @param verbose whether to say what each answer took
   * @param peers who may answer, where peers do
   * @param defaults what the moot of this home has decided
   */
  record Start(
      String reference,
      ModelOpener.Settings opening,
      boolean throughSwarm,
      AnswerSettings settings,
      @Nullable String system,
      Map<String, @Nullable Object> told,
      boolean verbose,
      SwarmWish peers,
      MootDefaults defaults) {
    /** The moot's system prompt, where the person has none of its own. */
    private Optional<MootDefaults.AdoptedPolicy> adopted() {
      return system == null
          ? defaults.policy().filter(policy -> policy.prompt().isPresent())
          : Optional.empty();
    }
  }

  /** An answer needs room: this share of the context is kept for it. */
  private static final int SHARE_FOR_ANSWER = 4;

  private final Surroundings surroundings;
  private final ChatFront front;
  private final ModelOpener.Settings opening;
  private final SwarmWish peers;
  private final Transcript transcript = new Transcript();
  private final Map<String, @Nullable Object> told;
  private final ChatReceipts receipts;
  private final ChatCommands commands;
  private Voice voice;
  private AnswerSettings settings;
  private boolean verbose;
  private boolean toldOfUnseen;
  private boolean interrupted;
  private boolean failed;

  /** A chat that is about to begin; it closes the voice, but not the front. */
  Chat(Surroundings surroundings, ChatFront front, Voice voice, Start start) {
    this.surroundings = surroundings;
    this.front = front;
    this.voice = voice;
    this.opening = start.opening;
    this.peers = start.peers;
    this.settings = start.settings;
    this.verbose = start.verbose;
    this.told = start.told;
    this.receipts = new ChatReceipts(surroundings, start.adopted());
    this.commands = new ChatCommands(this, surroundings);
    if (start.system != null) {
      transcript.setSystem(start.system);
    }
    Optional<String> adopted = start.adopted().flatMap(MootDefaults.AdoptedPolicy::prompt);
    adopted.ifPresent(transcript::setSystem);
    ModelChoice.told(start.defaults, Optional.empty(), adopted)
        .ifPresent(
            line -> surroundings.console().note(surroundings.console().errStyle().faint(line)));
  }

  /** Chats where this process runs, and returns the exit status. */
  static int run(Surroundings surroundings, Start start) {
    Voice voice =
        Voice.open(surroundings, start.reference, start.opening, start.throughSwarm, start.peers);
    boolean personThere = surroundings.inIsTerminal() && surroundings.console().outIsTerminal();
    try (ChatFront front =
            personThere ? TerminalFront.ofProcess(surroundings) : new PipedFront(surroundings);
        Chat chat = new Chat(surroundings, front, voice, start)) {
      if (personThere) {
        chat.greet();
      }
      return chat.untilTheEnd();
    }
  }

  private void greet() {
    String line =
        "%s · context %,d tokens · /? for help"
            .formatted(voice.shortName(), voice.model().contextLength());
    front.say(surroundings.console().outStyle().faint(line));
  }

  /** Chats until the person leaves or there is no more input, and returns the exit status. */
  int untilTheEnd() {
    boolean goesOn = true;
    while (goesOn && !(interrupted && front.isUnattended())) {
      Optional<ChatInput> input = front.read();
      goesOn = input.isPresent() && take(input.get());
    }
    if (interrupted && front.isUnattended()) {
      return ExitStatus.INTERRUPTED;
    }
    return failed && front.isUnattended() ? ExitStatus.FAILED : ExitStatus.OK;
  }

  /** Does what an input asks for; false if that was to leave. */
  private boolean take(ChatInput input) {
    try {
      return switch (input) {
        case ChatInput.Command command -> commands.run(command);
        case ChatInput.Message message -> answer(message.text());
      };
    } catch (FolkmootException fault) {
      new Failures(surroundings).report(fault);
      failed = true;
      return true;
    }
  }

  /** Answers; false if nobody hears it any more. */
  private boolean answer(String question) {
    transcript.ask(question);
    try {
      Answer answer = pull();
      boolean nothingSaid =
          answer.text().isEmpty() && answer.ending() == Generation.Ending.CANCELLED;
      if (nothingSaid) {
        // Templates want questions and answers in turn.
        transcript.takeBack();
      } else {
        transcript.answer(answer.text());
      }
    } catch (FolkmootException fault) {
      transcript.takeBack();
      throw fault;
    }
    front.endAnswer();
    return !surroundings.console().out().checkError();
  }

  private Answer pull() {
    Stopper stopper = new Stopper();
    try (Interrupts.Watch _ = front.interrupts().watch(stopper)) {
      LanguageModel model = voice.model();
      Long fixed = settings.seed();
      long seed = fixed == null ? surroundings.seeds().getAsLong() : fixed;
      Map<String, @Nullable Object> today = ToldTemplate.today(surroundings.clock(), told);
      int[] prompt = prompt(model, today);
      GenerationRequest request = settings.request(prompt, model.chatStops(), seed);
      Optional<Notary.Pending> receipt = receipts.begin(model, request, transcript.system(), today);
      Generation generation =
          voice.conversation().generate(receipt.map(Notary.Pending::request).orElse(request));
      stopper.follow(generation);
      AnswerWriter writer =
          front.answer().telling(Reasoning.after(model, prompt), surroundings.console().outStyle());
      Answer answer = Answer.pull(generation, writer);
      keepReceipt(receipt, generation, answer);
      answer.cut(request, model.contextLength()).ifPresent(this::remark);
      if (verbose) {
        remark(Statistics.line(answer.usage(), settings.draws() ? seed : null));
      }
      return answer;
    } finally {
      interrupted |= stopper.hasStopped();
    }
  }

  /** An answer that was given stays given if it cannot be proved; but that is said. */
  private void keepReceipt(Optional<Notary.Pending> receipt, Generation generation, Answer answer) {
    try {
      int number = transcript.answers() + 1;
      receipts.finish(number, receipt, generation, answer);
      if (peers.constraints().undeclared()) {
        receipts
            .of(number)
            .flatMap(proof -> PeerOptions.policyOf(proof.receipt()))
            .ifPresent(this::remark);
      }
    } catch (FolkmootException otherwise) {
      remark("there is no receipt of this answer: " + otherwise.getMessage());
    }
  }

  private int[] prompt(LanguageModel model, Map<String, @Nullable Object> today) {
    int context = model.contextLength();
    int room = Math.max(1, context / SHARE_FOR_ANSWER);
    int most = settings.maxTokens() == AnswerSettings.UNLIMITED ? room : settings.maxTokens();
    int[] prompt =
        transcript.prompt(
            messages -> model.chatIds(messages, today), context, Math.min(room, most));
    if (transcript.unseen() > 0 && !toldOfUnseen) {
      toldOfUnseen = true;
      remark(
          "the chat outgrew the context of %,d tokens: the model no longer sees its oldest turns"
              .formatted(context));
    }
    return prompt;
  }

  /** Something beside the conversation. */
  private void remark(String line) {
    front.say(surroundings.console().outStyle().faint(line));
  }

  void say(String line) {
    front.say(line);
  }

  Transcript transcript() {
    return transcript;
  }

  ChatReceipts receipts() {
    return receipts;
  }

  AnswerSettings settings() {
    return settings;
  }

  void setSettings(AnswerSettings others) {
    settings = others;
  }

  void setVerbose(boolean wished) {
    verbose = wished;
  }

  Voice voice() {
    return voice;
  }

  /** Begins anew; what the model is told first stays. */
  void clear() {
    transcript.clear();
    receipts.clear();
    toldOfUnseen = false;
  }

  /**
   * Lets another model speak from here on.
   *
   * @throws FolkmootException if it cannot be had; then the present one goes on
   */
  void switchTo(String reference) {
    StoredModel wished = Models.find(surroundings, reference);
    // Two models at a time may be more than the memory holds.
    voice.close();
    try {
      voice = Voice.open(surroundings, reference, wished, opening);
    } catch (RuntimeException | Error refused) {
      // As it was: what was said to a model of this machine goes to nobody else.
      boolean asked = voice.throughSwarm();
      voice =
          Voice.open(
              surroundings, voice.reference(), opening, asked, asked ? peers : SwarmWish.NONE);
      throw refused;
    }
    transcript.seeAll();
    toldOfUnseen = false;
  }

  @Override
  public void close() {
    voice.close();
  }
}
