package org.folkmoot.proof;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.LoneOperator;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.TraceOrder;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.peer.Verifier;
import org.folkmoot.proof.Outcome.Fault;
import org.folkmoot.proof.Outcome.Side;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which of two peers is wrong that state different outputs for the same inputs: bisects
 * to the first stage, operator and position in the canonical order at which they differ, and
 * computes that one operator from inputs that both have signed (the refereed game of Canetti, Riva
 * and Rothblum 2013, with a wide fan-out: round trips cost more than hashes).
 *
 * <p>A state machine that touches no clock and no network: {@link #asks} says what to ask whom,
 * {@link #reply} and {@link #noReply} what came of it. Ten to eighteen messages, whatever the
 * length. The referee trusts nobody and needs of the model the file, of which it reads one tensor.
 */
public final class Dispute {
  /** Something to ask somebody. */
  public record Ask(Side side, Question question) {}

  private final Map<Side, SignedStatement> statements = new EnumMap<>(Side.class);
  private final Map<Side, Claims> claims = new EnumMap<>(Side.class);
  private final Map<Side, List<SignedReply>> replies = new EnumMap<>(Side.class);
  private final TraceKey key;
  private final ModelAtHand model;
  private final Verifier verifier;
  private final TraceOrder order;

  private Question question = new Question.Stages();
  private final Set<Side> waiting = EnumSet.noneOf(Side.class);
  private final Set<Side> silent = EnumSet.noneOf(Side.class);
  private final Set<Side> broken = EnumSet.noneOf(Side.class);
  private @Nullable Outcome outcome;
  private int messages;

  /**
   * A dispute.
   *
   * @param key of the session that both statements are about
   * @param model the one that they name
   * @throws IllegalArgumentException if the model is another
   */
  public Dispute(
      SignedStatement accuser,
      SignedStatement accused,
      TraceKey key,
      ModelAtHand model,
      Verifier verifier) {
    if (!model.id().equals(accused.statement().model())) {
      throw new IllegalArgumentException("this is not the model that the dispute is about");
    }
    statements.put(Side.ACCUSER, accuser);
    statements.put(Side.ACCUSED, accused);
    this.key = key;
    this.model = model;
    this.verifier = verifier;
    boolean inModel = accused.statement().range().to() <= model.config().layers();
    order =
        inModel
            ? new TraceOrder(model.config(), Claims.span(accused.statement().range()))
            : new TraceOrder(model.config(), new Span(true, 0, 0, false));
    Optional<String> nothing =
        inModel ? notComparable() : Optional.of("the model has no such layers");
    if (nothing.isPresent()) {
      outcome = new Outcome.NothingDisputed(nothing.get());
    } else {
      begin();
    }
  }

  private Optional<String> notComparable() {
    HopStatement one = of(statements, Side.ACCUSER).statement();
    HopStatement other = of(statements, Side.ACCUSED).statement();
    for (SignedStatement signed : statements.values()) {
      byte[] bytes = signed.statement().signedBytes();
      if (!verifier.verify(signed.hop(), bytes, signed.signature())) {
        return Optional.of("the statement of " + signed.hop() + " does not bear its signature");
      }
    }
    if (!one.isAboutSameWork(other)) {
      return Optional.of("the statements are about different work");
    }
    if (!one.traceKeyHash().equals(key.hash())) {
      return Optional.of("the key is not that of the statements");
    }
    if (!one.adapters().isEmpty()) {
      return Optional.of("work with adapters cannot be repeated yet");
    }
    return one.outputs().equals(other.outputs())
        ? Optional.of("the statements agree about the outputs")
        : Optional.empty();
  }

  private void begin() {
    SignedStatement accuser = of(statements, Side.ACCUSER);
    SignedStatement accused = of(statements, Side.ACCUSED);
    if (accuser.hop().equals(accused.hop())) {
      FraudProof proof = new FraudProof.Contradiction(accused, accuser, Optional.empty());
      outcome = new Outcome.Settled(List.of(new Fault(Side.ACCUSED, accused.hop(), proof)));
      return;
    }
    List<Fault> faults = new ArrayList<>();
    for (Side side : Side.values()) {
      SignedStatement signed = of(statements, side);
      Claims its = new Claims(signed.statement(), key, Optional.of(model.config()));
      claims.put(side, its);
      replies.put(side, new ArrayList<>());
      if (its.start().fit() == Claims.Fit.CONTRADICTS) {
        FraudProof proof = new FraudProof.BrokenReplies(signed, key, List.of());
        faults.add(new Fault(side, signed.hop(), proof));
      }
    }
    if (faults.isEmpty()) {
      ask(new Question.Stages(), EnumSet.allOf(Side.class));
    } else {
      outcome = new Outcome.Settled(faults);
    }
  }

  private static <T> T of(Map<Side, T> map, Side side) {
    return Objects.requireNonNull(map.get(side), "both sides are there");
  }

  /** Runs a dispute to its end. */
  public Outcome settle(Prover accuser, Prover accused) {
    while (!asks().isEmpty()) {
      Ask ask = asks().getFirst();
      Prover prover = ask.side == Side.ACCUSER ? accuser : accused;
      prover
          .answer(ask.question)
          .ifPresentOrElse(signed -> reply(ask.side, signed), () -> noReply(ask.side));
    }
    return outcome().orElseThrow();
  }

  /** What is to be asked and not answered yet. Empty once there is an outcome. */
  public List<Ask> asks() {
    return waiting.stream().map(side -> new Ask(side, question)).toList();
  }

  /** How it ended, if it has. */
  public Optional<Outcome> outcome() {
    return Optional.ofNullable(outcome);
  }

  /** Questions and answers so far. */
  public int messages() {
    return messages;
  }

  /**
   * Takes an answer. What was not asked, or was given up waiting for, changes nothing; what does
   * not bear the side's signature is no answer, for anyone could have made it.
   */
  public void reply(Side side, SignedReply signed) {
    if (!waiting.contains(side) || !signed.question().equals(question)) {
      return;
    }
    if (!signed.isAbout(of(statements, side), verifier)) {
      noReply(side);
      return;
    }
    messages++;
    of(replies, side).add(signed);
    Claims.Verdict verdict = of(claims, side).take(question, signed.reply());
    switch (verdict.fit()) {
      case FITS -> {}
      case CONTRADICTS -> broken.add(side);
      case UNKNOWN -> throw new IllegalStateException("asked too early: " + verdict.line());
    }
    waiting.remove(side);
    advance();
  }

  /** A side has refused, cannot be reached, or has taken longer than the caller waits. */
  public void noReply(Side side) {
    if (waiting.remove(side)) {
      silent.add(side);
      advance();
    }
  }

  private void ask(Question next, Set<Side> whom) {
    question = next;
    waiting.addAll(whom);
    messages += whom.size();
  }

  private void advance() {
    if (!waiting.isEmpty()) {
      return;
    }
    if (!broken.isEmpty()) {
      outcome = new Outcome.Settled(broken.stream().map(this::selfContradiction).toList());
    } else if (question instanceof Question.Inputs inputs) {
      judgeOrAskAgain(inputs);
    } else if (!silent.isEmpty()) {
      outcome = new Outcome.Unanswered(silent);
    } else {
      bisect();
    }
  }

  private Fault selfContradiction(Side side) {
    SignedStatement signed = of(statements, side);
    return new Fault(
        side, signed.hop(), new FraudProof.BrokenReplies(signed, key, of(replies, side)));
  }

  private void bisect() {
    int first = firstDifference();
    switch (question) {
      case Question.Stages() -> {
        if (order.stage(first).size() == 1) {
          askForPositions(first, 0);
        } else {
          askBoth(new Question.Operators(first));
        }
      }
      case Question.Operators(int stage) -> askForPositions(stage, first);
      case Question.Groups(int stage, int operator) ->
          askBoth(new Question.Positions(stage, operator, first));
      case Question.Positions(int stage, int operator, int group) ->
          askForInputs(stage, operator, group * Question.GROUP + first);
      case Question.Inputs _ -> throw new IllegalStateException("inputs are not bisected");
    }
  }

  /**
   * Where the sides' answers to the last question differ first. There is such a place: what both
   * answered hashes to, or ends with, what they were known to differ in.
   */
  private int firstDifference() {
    List<Hash32> one = of(claims, Side.ACCUSER).known(question);
    List<Hash32> other = of(claims, Side.ACCUSED).known(question);
    int at = 0;
    while (one.get(at).equals(other.get(at))) {
      at++;
    }
    return at;
  }

  private void askBoth(Question next) {
    ask(next, EnumSet.allOf(Side.class));
  }

  private void askForPositions(int stage, int operator) {
    int length = of(statements, Side.ACCUSED).statement().length();
    askBoth(
        Question.groups(length) == 1
            ? new Question.Positions(stage, operator, 0)
            : new Question.Groups(stage, operator));
  }

  /** Both have signed the same inputs, so one opening serves: the accuser's, if it has one. */
  private void askForInputs(int stage, int operator, int position) {
    TracePoint point = order.stage(stage).get(operator);
    if (TraceProver.openedBytes(order, point, position) > Reply.MAX_ROW_BYTES) {
      outcome = new Outcome.Undecided("the " + point + " reads a past too long to be shown");
      return;
    }
    ask(new Question.Inputs(stage, operator, position), EnumSet.of(Side.ACCUSER));
  }

  private void judgeOrAskAgain(Question.Inputs asked) {
    for (Side side : Side.values()) {
      for (SignedReply signed : of(replies, side)) {
        if (signed.reply() instanceof Reply.Opened(List<Reply.Source> inputs)) {
          judge(asked, inputs);
          return;
        }
      }
    }
    if (silent.contains(Side.ACCUSED)) {
      outcome = new Outcome.Unanswered(silent);
    } else {
      ask(asked, EnumSet.of(Side.ACCUSED));
    }
  }

  private void judge(Question.Inputs at, List<Reply.Source> inputs) {
    Optional<Hash32> right;
    try {
      right = Optional.of(rowHash(model, order, of(claims, Side.ACCUSED), at, inputs));
    } catch (FolkmootException noResult) {
      if (noResult.code() != FolkmootException.Code.ARITHMETIC) {
        outcome = new Outcome.Undecided(String.valueOf(noResult.getMessage()));
        return;
      }
      right = Optional.empty(); // nobody can have computed on from there
    }
    List<Fault> faults = new ArrayList<>();
    for (Side side : Side.values()) {
      if (!of(claims, side).rowHash(at.stage(), at.operator(), at.position()).equals(right)) {
        faults.add(wrongOperator(side, at, inputs));
      }
    }
    outcome = new Outcome.Settled(faults);
  }

  /**
   * What an operator gives at a position, computed here.
   *
   * @param inputs that fit the claims
   */
  static Hash32 rowHash(
      ModelAtHand model,
      TraceOrder order,
      Claims claims,
      Question.Inputs at,
      List<Reply.Source> inputs) {
    TracePoint point = order.stage(at.stage()).get(at.operator());
    LoneOperator alone = new LoneOperator(model.file(), model.config(), order.span());
    return Hash32.sha256(alone.compute(point, at.position(), claims.rows(point, inputs)));
  }

  private Fault wrongOperator(Side side, Question.Inputs at, List<Reply.Source> inputs) {
    SignedStatement signed = of(statements, side);
    List<SignedReply> path =
        of(replies, side).stream()
            .filter(reply -> !(reply.question() instanceof Question.Inputs))
            .toList();
    return new Fault(
        side, signed.hop(), new FraudProof.WrongOperator(signed, key, path, at, inputs));
  }
}
