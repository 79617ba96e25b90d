package org.folkmoot.proof;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.TraceOrder;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * Says whether a fraud proof proves something. It relies on the accused's signatures and on the
 * model's bytes and on nothing else that is in the proof, so that nobody can make one up against a
 * peer that computes rightly.
 */
public final class FraudProofCheck {
  /** What came of a check. */
  public sealed interface Result {
    /** One line for people. */
    String line();

    /** The peer has signed what cannot be. */
    record Proven(PeerId peer, String line) implements Result {}

    /** Nothing is proven against anyone. */
    record NotProven(String line) implements Result {}

    /** It can only be told with this model's file. */
    record NeedsModel(ModelId model, String line) implements Result {}
  }

  private final Verifier verifier;
  private final Function<ModelId, Optional<ModelAtHand>> models;
  private final int threads;

  /**
   * A checker.
   *
   * @param models the model files of this machine; their hashes are checked
   * @param threads that compute where a whole span is repeated
   */
  public FraudProofCheck(
      Verifier verifier, Function<ModelId, Optional<ModelAtHand>> models, int threads) {
    this.verifier = verifier;
    this.models = models;
    this.threads = threads;
  }

  /** Checks any proof. */
  public Result check(FraudProof proof) {
    if (!isSigned(proof.statement())) {
      return new Result.NotProven("the statement does not bear its peer's signature");
    }
    return switch (proof) {
      case FraudProof.Contradiction contradiction -> contradiction(contradiction);
      case FraudProof.BrokenReplies broken -> brokenReplies(broken);
      case FraudProof.WrongOperator wrong -> wrongOperator(wrong);
      case FraudProof.WrongSpan wrong -> wrongSpan(wrong);
      case FraudProof.WrongToken wrong -> wrongToken(wrong);
    };
  }

  private boolean isSigned(SignedStatement signed) {
    return verifier.verify(signed.hop(), signed.statement().signedBytes(), signed.signature());
  }

  // ---- two statements

  private Result contradiction(FraudProof.Contradiction proof) {
    HopStatement one = proof.statement().statement();
    HopStatement other = proof.other().statement();
    PeerId peer = proof.statement().hop();
    if (!proof.other().hop().equals(peer) || !isSigned(proof.other())) {
      return new Result.NotProven("the statements are not signed by one peer");
    }
    if (!one.isAboutSameWork(other)) {
      return new Result.NotProven("the statements are about different work");
    }
    if (!one.outputs().equals(other.outputs())) {
      return new Result.Proven(peer, "signed two different outputs for the same inputs");
    }
    if (one.sampled().isEmpty() || one.sampled().equals(other.sampled())) {
      return new Result.NotProven("the statements say the same");
    }
    HopStatement.Sampled chosen = one.sampled().get();
    HopStatement.Sampled otherChosen = other.sampled().orElseThrow();
    if (!chosen.samplingHash().equals(otherChosen.samplingHash())
        || chosen.from() != otherChosen.from()) {
      return new Result.NotProven("the statements are about tokens chosen in different ways");
    }
    if (chosen.historyRoot().equals(otherChosen.historyRoot())
        && one.policy().isEmpty()
        && other.policy().isEmpty()) {
      return twoChoices(peer);
    }
    return tokensAreDecided(one, proof.sampling())
        .or(() -> tokensAreDecided(other, proof.sampling()))
        .<Result>map(Result.NotProven::new)
        .orElseGet(() -> twoChoices(peer));
  }

  private static Result twoChoices(PeerId peer) {
    return new Result.Proven(peer, "signed two different choices of tokens for one input");
  }

  /**
   * Whether hidden states and settings alone decide the tokens that a statement speaks of.
   *
   * @return why not
   */
  private static Optional<String> tokensAreDecided(
      HopStatement statement, Optional<Message.Sampling> sampling) {
    if (sampling.isEmpty()) {
      return Optional.of("the sampler's settings are missing");
    }
    Hash32 hash = statement.sampled().map(HopStatement.Sampled::samplingHash).orElseThrow();
    if (!SamplingHash.of(sampling.get()).equals(hash)) {
      return Optional.of("the sampler's settings are not those of the statement");
    }
    if (sampling.get().repeatPenalty() != 1) {
      return Optional.of(
          "with a repetition penalty, tokens depend on those before, which are not the same");
    }
    return statement.policy().isPresent()
        ? Optional.of("the peer has declared a policy, which may change tokens")
        : Optional.empty();
  }

  // ---- answers of a dispute

  private Optional<ModelAtHand> model(HopStatement statement) {
    return models.apply(statement.model());
  }

  private static Result needsModel(HopStatement statement, String what) {
    return new Result.NeedsModel(
        statement.model(),
        "the model " + statement.model().sha256().hex() + " is needed to " + what);
  }

  private static Optional<Result> cannotBeAbout(
      HopStatement statement, TraceKey key, Optional<ModelConfig> config) {
    if (!key.hash().equals(statement.traceKeyHash())) {
      return notProven("the key is not that of the statement");
    }
    if (!statement.adapters().isEmpty()) {
      return notProven("work with adapters cannot be repeated yet");
    }
    if (config.isPresent()
        && (statement.range().to() > config.get().layers()
            || statement.length() > config.get().contextLength())) {
      return notProven("the model has not as many layers or positions");
    }
    return Optional.empty();
  }

  private static Optional<Result> notProven(String line) {
    return Optional.of(new Result.NotProven(line));
  }

  private Result brokenReplies(FraudProof.BrokenReplies proof) {
    HopStatement statement = proof.statement().statement();
    Optional<ModelConfig> config = model(statement).map(ModelAtHand::config);
    Optional<Result> other = cannotBeAbout(statement, proof.key(), config);
    if (other.isPresent()) {
      return other.get();
    }
    Claims claims = new Claims(statement, proof.key(), config);
    return replay(proof.statement(), claims, proof.replies())
        .orElseGet(() ->
            config.isEmpty()
                ? needsModel(statement, "see whether the answers fit each other")
                : new Result.NotProven("the answers do not contradict each other"));
  }

  /**
   * Goes through signed answers.
   *
   * @return what that proves by itself, or why nothing; empty if all fit
   */
  private Optional<Result> replay(
      SignedStatement signed, Claims claims, List<SignedReply> replies) {
    Claims.Verdict verdict = claims.start();
    for (int i = 0; i < replies.size() && verdict.fit() == Claims.Fit.FITS; i++) {
      SignedReply reply = replies.get(i);
      if (!reply.isAbout(signed, verifier)) {
        return notProven("an answer does not bear the peer's signature");
      }
      verdict = claims.take(reply.question(), reply.reply());
    }
    return switch (verdict.fit()) {
      case FITS -> Optional.empty();
      case CONTRADICTS ->
          Optional.of(new Result.Proven(signed.hop(), "contradicts itself: " + verdict.line()));
      case UNKNOWN ->
          model(signed.statement()).isEmpty()
              ? Optional.of(needsModel(signed.statement(), "see whether the answers fit"))
              : notProven("an answer leads nowhere: " + verdict.line());
    };
  }

  private Result wrongOperator(FraudProof.WrongOperator proof) {
    SignedStatement signed = proof.statement();
    HopStatement statement = signed.statement();
    Optional<ModelAtHand> model = model(statement);
    Optional<Result> other = cannotBeAbout(statement, proof.key(), model.map(ModelAtHand::config));
    if (other.isPresent()) {
      return other.get();
    }
    Claims claims = new Claims(statement, proof.key(), model.map(ModelAtHand::config));
    Optional<Result> settled = replay(signed, claims, proof.replies());
    if (settled.isPresent()) {
      return settled.get();
    }
    if (model.isEmpty()) {
      return needsModel(statement, "repeat one operator");
    }
    Question.Inputs at = proof.at();
    Claims.Verdict inputs = claims.opened(at, proof.inputs());
    Optional<Hash32> claimed = claims.rowHash(at.stage(), at.operator(), at.position());
    if (inputs.fit() != Claims.Fit.FITS || claimed.isEmpty()) {
      return new Result.NotProven("inputs or result of the operator are not what was signed");
    }
    return repeat(signed, claims, model.get(), at, proof.inputs(), claimed.get());
  }

  private static Result repeat(
      SignedStatement signed,
      Claims claims,
      ModelAtHand model,
      Question.Inputs at,
      List<Reply.Source> inputs,
      Hash32 claimed) {
    TraceOrder order = new TraceOrder(model.config(), Claims.span(signed.statement().range()));
    TracePoint point = order.stage(at.stage()).get(at.operator());
    String where = point + ", position " + at.position();
    try {
      return Dispute.rowHash(model, order, claims, at, inputs).equals(claimed)
          ? new Result.NotProven("the operator gives what was signed: " + where)
          : new Result.Proven(signed.hop(), "signed a wrong result: " + where);
    } catch (FolkmootException failed) {
      return failed.code() == FolkmootException.Code.ARITHMETIC
          ? new Result.Proven(signed.hop(), "signed a result where there is none: " + where)
          : undecided(signed.statement(), failed);
    }
  }

  // ---- a whole span

  private Result wrongSpan(FraudProof.WrongSpan proof) {
    HopStatement statement = proof.statement().statement();
    Optional<ModelAtHand> model = model(statement);
    Optional<Result> other = cannotBeAbout(statement, proof.key(), model.map(ModelAtHand::config));
    if (other.isPresent()) {
      return other.get();
    }
    if (proof.ids().length != statement.length()) {
      return new Result.NotProven("the statement is about another number of tokens");
    }
    if (model.isEmpty()) {
      return needsModel(statement, "repeat the span");
    }
    try {
      return compare(proof, model.get());
    } catch (FolkmootException failed) {
      return undecided(statement, failed);
    }
  }

  /** That this machine has no room to compute it says nothing about the proof. */
  private static Result undecided(HopStatement statement, FolkmootException failed) {
    String line = String.valueOf(failed.getMessage());
    return switch (failed.code()) {
      case NO_ROOM, BUSY -> new Result.NeedsModel(statement.model(), line);
      default -> new Result.NotProven(line);
    };
  }

  private Result compare(FraudProof.WrongSpan proof, ModelAtHand model) {
    HopStatement statement = proof.statement().statement();
    PeerId peer = proof.statement().hop();
    Optional<HopStatement.Sampled> sampled =
        statement.sampled().filter(_ -> statement.range().to() == model.config().layers());
    Optional<String> undecided =
        sampled.flatMap(_ -> tokensAreDecided(statement, proof.sampling()));
    Optional<SpanRepeat.Wanted> wanted =
        sampled
            .filter(_ -> undecided.isEmpty())
            .map(chosen -> new SpanRepeat.Wanted(proof.sampling().orElseThrow(), chosen.from()));
    SpanRepeat repeat =
        SpanRepeat.of(model, proof.key(), statement.range(), proof.ids(), wanted, threads);
    if (!repeat.inputs().equals(statement.inputs())) {
      return new Result.NotProven("the peer was given something else than these tokens' states");
    }
    if (!repeat.outputs().equals(statement.outputs())) {
      return new Result.Proven(peer, "signed outputs that these tokens do not have");
    }
    if (repeat.tokens().isEmpty()) {
      return new Result.NotProven(
          undecided
              .filter(_ -> proof.sampling().isPresent())
              .orElse("the outputs are what was signed"));
    }
    int from = sampled.orElseThrow().from();
    Hash32 tokens = SpanRepeat.tokensRoot(proof.key(), from, repeat.tokens().get());
    return tokens.equals(sampled.get().tokensRoot())
        ? new Result.NotProven("outputs and tokens are what was signed")
        : new Result.Proven(peer, "signed tokens that its settings do not choose");
  }

  // ---- one token

  private Result wrongToken(FraudProof.WrongToken proof) {
    HopStatement statement = proof.statement().statement();
    Optional<ModelAtHand> model = model(statement);
    Optional<Result> other =
        cannotBeAbout(statement, proof.key(), model.map(ModelAtHand::config))
            .or(() -> notChosenByHead(statement, proof));
    if (other.isPresent()) {
      return other.get();
    }
    TokenChoice choice =
        new TokenChoice(statement, proof.key(), proof.sampling(), proof.position());
    Optional<int[]> tokens =
        choice.exists() && choice.isState(proof.state())
            ? choice.tokens(proof.history(), proof.chosen())
            : Optional.empty();
    if (tokens.isEmpty() || !areTokens(tokens.get(), proof.position())) {
      return new Result.NotProven("state or tokens are not what was signed");
    }
    if (model.isEmpty()) {
      return needsModel(statement, "choose one token again");
    }
    if (statement.range().to() != model.get().config().layers()
        || proof.state().rows().length != model.get().config().dim() * Float.BYTES) {
      return new Result.NotProven("the model has no head there");
    }
    return choose(proof, choice, model.get(), tokens.get());
  }

  /** No honest peer chooses after what is no token. */
  private static boolean areTokens(int[] ids, int end) {
    return Arrays.stream(ids, 0, end).allMatch(id -> id >= 0);
  }

  private static Optional<Result> notChosenByHead(
      HopStatement statement, FraudProof.WrongToken proof) {
    if (statement.sampled().isEmpty()) {
      return notProven("the peer chose no tokens");
    }
    Hash32 hash = statement.sampled().get().samplingHash();
    if (!SamplingHash.of(proof.sampling()).equals(hash)) {
      return notProven("the sampler's settings are not those of the statement");
    }
    return statement.policy().isPresent()
        ? notProven("the peer has declared a policy, which may change tokens")
        : Optional.empty();
  }

  private Result choose(
      FraudProof.WrongToken proof, TokenChoice choice, ModelAtHand model, int[] ids) {
    PeerId peer = proof.statement().hop();
    int signed = ids[proof.position()];
    try {
      int right = choice.right(model, proof.state().rows(), ids, threads);
      return right == signed
          ? new Result.NotProven("the token is what head and settings choose")
          : new Result.Proven(
              peer,
              "signed the token %d at position %d, where head and settings choose %d"
                  .formatted(signed, proof.position(), right));
    } catch (FolkmootException failed) {
      return failed.code() == FolkmootException.Code.ARITHMETIC
          ? new Result.Proven(peer, "signed a token where there are no logits")
          : undecided(proof.statement().statement(), failed);
    }
  }
}
