package org.folkmoot.session;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Signer;
import org.folkmoot.proof.AnswerFacts;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptSigner;
import org.folkmoot.proof.Terms;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.TraceKey;

/**
 * Makes the receipts of answers: draws what is secret about them beforehand, and puts together what
 * everyone signed when they are over.
 */
public final class Notary {
  /**
   * A receipt and what opens it.
   *
   * @param receipt may be shown to anyone
   * @param disclosure as secret as the conversation
   */
  public record Proof(Receipt receipt, Disclosure disclosure) {}

  /**
   * What makes a prompt of what a person says.
   *
   * @param template the chat template; empty where the text is sent as it is
   * @param systemPrompt what the model is told first
   */
  public record Shaping(Optional<String> template, Optional<String> systemPrompt) {
    /** The text is sent as it is. */
    public static final Shaping RAW = new Shaping(Optional.empty(), Optional.empty());
  }

  private final Signer issuer;
  private final InstantSource clock;
  private final Supplier<Hash32> random;
  private final List<Hash32> policies;
  private final BiConsumer<LanguageModel, Proof> watcher;

  /** A notary whose receipts nobody watches. */
  public Notary(
      Signer issuer, InstantSource clock, Supplier<Hash32> random, List<Hash32> policies) {
    this(issuer, clock, random, policies, (_, _) -> {});
  }

  /**
   * A notary.
   *
   * @param issuer signs
   * @param random 32 bytes that nobody can foresee, other ones each time
   * @param policies hashes of what the issuer declares to do to prompts and answers
   * @param watcher shown each receipt with the model that it is of; must not wait
   */
  public Notary(
      Signer issuer,
      InstantSource clock,
      Supplier<Hash32> random,
      List<Hash32> policies,
      BiConsumer<LanguageModel, Proof> watcher) {
    this.watcher = watcher;
    this.issuer = issuer;
    this.clock = clock;
    this.random = random;
    this.policies = List.copyOf(policies);
  }

  /** The same notary for answers under other policies. */
  public Notary under(List<Hash32> others) {
    return new Notary(issuer, clock, random, others, watcher);
  }

  /** Who signs. */
  public Signer issuer() {
    return issuer;
  }

  /** Prepares the receipt of an answer. */
  public Pending begin(LanguageModel model, GenerationRequest request, Shaping shaping) {
    return begin(model, request, shaping, random.get());
  }

  /**
   * Prepares the receipt of an answer under a salt that the asker drew, who then knows that the
   * receipt is no old one.
   */
  public Pending begin(
      LanguageModel model, GenerationRequest request, Shaping shaping, Hash32 salt) {
    ByteBuffer drawn = ByteBuffer.wrap(random.get().bytes());
    SessionId session = new SessionId(drawn.getLong(), drawn.getLong());
    Terms terms =
        new Terms(
            session,
            new ModelId(Hash32.ofHex(model.digest())),
            List.of(),
            shaping.template.map(Terms::hashOf),
            shaping.systemPrompt.map(Terms::hashOf),
            request.sampler(),
            policies);
    return new Pending(model, terms, salt, shaping, request.traced(session, TraceKey.ofSalt(salt)));
  }

  /** A receipt in the making. */
  public final class Pending {
    private final LanguageModel model;
    private final Terms terms;
    private final Hash32 salt;
    private final Shaping shaping;
    private final GenerationRequest request;

    private Pending(
        LanguageModel model, Terms terms, Hash32 salt, Shaping shaping, GenerationRequest request) {
      this.model = model;
      this.terms = terms;
      this.salt = salt;
      this.shaping = shaping;
      this.request = request;
    }

    /** What to generate, so that those who do it sign. */
    public GenerationRequest request() {
      return request;
    }

    /**
     * The receipt of an answer that has ended and is not closed yet.
     *
     * @param outputIds its tokens, the end token included
     * @return empty if it was broken off or not everyone signed
     */
    public Optional<Proof> finish(Generation generation, int[] outputIds) {
      Optional<Receipt.Finish> finish = generation.ending().flatMap(Notary::finish);
      if (finish.isEmpty() || outputIds.length == 0) {
        return Optional.empty();
      }
      Optional<Proof> proof =
          generation.evidence(issuer).map(evidence -> proof(evidence, finish.get(), outputIds));
      proof.ifPresent(made -> watcher.accept(model, made));
      return proof;
    }

    private Proof proof(Evidence evidence, Receipt.Finish finish, int[] outputIds) {
      int[] prompt = request.promptIds();
      AnswerFacts facts =
          new AnswerFacts(
              terms,
              salt,
              prompt,
              outputIds,
              finish,
              clock.millis(),
              evidence.statements(),
              evidence.replaced());
      return new Proof(
          ReceiptSigner.sign(facts, issuer),
          new Disclosure(salt, prompt, outputIds, shaping.template, shaping.systemPrompt));
    }
  }

  private static Optional<Receipt.Finish> finish(Generation.Ending ending) {
    return switch (ending) {
      case END_OF_ANSWER -> Optional.of(Receipt.Finish.END_OF_ANSWER);
      case STOP_STRING -> Optional.of(Receipt.Finish.STOP_STRING);
      case LENGTH -> Optional.of(Receipt.Finish.LENGTH);
      case CANCELLED -> Optional.empty();
    };
  }
}
