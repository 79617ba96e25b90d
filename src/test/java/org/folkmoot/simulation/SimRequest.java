package org.folkmoot.simulation;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.AnswerFacts;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCheck;
import org.folkmoot.proof.ReceiptSigner;
import org.folkmoot.proof.Terms;
import org.folkmoot.session.Chain;
import org.folkmoot.session.ChainPlanner;
import org.folkmoot.session.ChainSettings;
import org.folkmoot.session.HopPlan;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/**
 * One question and its answer over a chain. Each token is held against the right one the moment it
 * comes.
 */
final class SimRequest implements Chain.Listener {
  /** How a request goes. */
  enum State {
    /** Tokens come. */
    RUNNING,
    /** All are there. */
    DONE,
    /** It ended with an error. */
    FAILED,
    /** The client did not want more. */
    CANCELLED
  }

  private final PeerNetwork network;
  private final FakeModel model;
  private final int[] ids;
  private final int promptLength;
  private final int[] expected;
  private final boolean drafting;
  private boolean credulous;
  private final Chain chain;
  private final long began;
  private int length;
  private State state = State.RUNNING;
  private @Nullable FolkmootException failure;
  private @Nullable Throwable defect;
  private int repairs;
  private int steps;
  private long lastToken;
  private long longestGap;
  private List<HopPlan> hops = List.of();
  private final SamplerSettings settings;
  private final SessionId session;
  private final Message.Sampling sampling;
  private @Nullable Hash32 salt;
  private @Nullable Receipt receipt;

  /** Where the last hop of the chain can have begun to choose, at the latest. */
  private int lastSince;

  /**
   * A request that has not begun.
   *
   * @param drafting whether it drafts by looking its last tokens up in what came before
   */
  SimRequest(
      PeerNetwork network,
      ChainPlanner planner,
      FakeModel model,
      SplittableRandom random,
      int promptLength,
      int answerLength,
      boolean drafting) {
    this.network = network;
    this.model = model;
    this.promptLength = promptLength;
    this.length = promptLength;
    this.drafting = drafting;
    ids = new int[promptLength + answerLength];
    for (int i = 0; i < promptLength; i++) {
      ids[i] = random.nextInt(model.vocabulary());
    }
    int[] prompt = Arrays.copyOf(ids, promptLength);
    boolean greedy = random.nextBoolean();
    settings =
        greedy
            ? SamplerSettings.GREEDY
            : new SamplerSettings(0.8f, 20, 0.95f, 0, 1.1f, 32, random.nextLong(), Map.of());
    expected = model.answer(prompt, settings, answerLength);
    sampling =
        new Message.Sampling(
            settings.temperature(),
            settings.topK(),
            settings.topP(),
            settings.minP(),
            settings.repeatPenalty(),
            settings.repeatWindow(),
            settings.seed(),
            settings.logitBias(),
            prompt,
            -1);
    session = new SessionId(random.nextLong(), random.nextLong());
    chain =
        new Chain(
            network,
            planner,
            ChainSettings.USUAL,
            new Chain.Task(session, model.id(), model.layers(), ids.length, sampling),
            this);
    began = network.loop().nanoTime();
    lastToken = began;
  }

  /** Takes whatever tokens come: for those who are lied to. */
  void believe() {
    credulous = true;
  }

  /** Has the hops sign in the end, under the key of this salt. */
  SimRequest traced(Hash32 bySalt) {
    salt = bySalt;
    return this;
  }

  /** Begins it; on the client's loop. */
  void start() {
    chain.start();
    step();
  }

  private void step() {
    steps++;
    chain.step(drafting ? drafts() : new int[0]);
  }

  /** What followed the last two tokens when they last came (prompt lookup, Saxena 2023). */
  private int[] drafts() {
    for (int at = length - 3; at > 0; at--) {
      if (ids[at] == ids[length - 1] && ids[at - 1] == ids[length - 2]) {
        return Arrays.copyOfRange(ids, at + 1, Math.min(at + 5, length));
      }
    }
    return new int[0];
  }

  @Override
  public void token(Message.Token token) {
    if (state != State.RUNNING) {
      throw new AssertionError("a token after the end");
    }
    boolean right = credulous || token.id() == expected[length - promptLength];
    if (token.position() != length || !right) {
      throw new AssertionError(
          "token %d is %d and should be %d; positions %d and %d"
              .formatted(
                  length - promptLength,
                  token.id(),
                  expected[length - promptLength],
                  token.position(),
                  length));
    }
    ids[length++] = token.id();
    long now = network.loop().nanoTime();
    longestGap = Math.max(longestGap, now - lastToken);
    lastToken = now;
    if (length == ids.length && salt != null) {
      chain.attest(TraceKey.ofSalt(salt), SimPeer.VERIFIER);
    } else if (length == ids.length) {
      state = State.DONE;
      chain.close();
    } else if (!chain.stepping()) {
      step();
    }
  }

  @Override
  public void repairing(List<PeerId> lost) {
    repairs++;
  }

  @Override
  public void hops(List<HopPlan> now) {
    lastSince = length;
    hops = now;
  }

  @Override
  public void attested(List<SignedStatement> statements) {
    if (state != State.RUNNING || length < ids.length) {
      throw new AssertionError("statements at the wrong time");
    }
    state = State.DONE;
    if (!credulous) {
      Statements.check(model, statements, TraceKey.ofSalt(Objects.requireNonNull(salt)), ids);
    }
    int from = statements.getLast().statement().sampled().orElseThrow().from();
    if (from < promptLength || from > lastSince) {
      throw new AssertionError("chosen from %d, not %d on".formatted(from, lastSince));
    }
    receipt = ReceiptSigner.sign(facts(statements), SimPeer.signer(network.self()));
    List<Finding> findings = new ReceiptCheck(SimPeer.VERIFIER).check(receipt, disclosure());
    if (!Finding.noneFailed(findings)) {
      throw new AssertionError("a false alarm: " + findings);
    }
    chain.close();
  }

  private AnswerFacts facts(List<SignedStatement> statements) {
    Terms terms =
        new Terms(
            session,
            model.id(),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            settings,
            List.of());
    return new AnswerFacts(
        terms,
        Objects.requireNonNull(salt),
        Arrays.copyOf(ids, promptLength),
        Arrays.copyOfRange(ids, promptLength, ids.length),
        Receipt.Finish.LENGTH,
        network.loop().clockMillis(),
        statements,
        chain.replaced());
  }

  /** What the hops signed, in a receipt; null as long as they have not. */
  @Nullable Receipt receipt() {
    return receipt;
  }

  /** What opens the receipt. */
  Disclosure disclosure() {
    return new Disclosure(
        Objects.requireNonNull(salt),
        Arrays.copyOf(ids, promptLength),
        Arrays.copyOfRange(ids, promptLength, ids.length),
        Optional.empty(),
        Optional.empty());
  }

  /** The same answer to be computed again, in another session. */
  Chain.Task again(SessionId by) {
    return new Chain.Task(by, model.id(), model.layers(), ids.length, sampling);
  }

  @Override
  public void failed(FolkmootException why) {
    state = State.FAILED;
    failure = why;
  }

  @Override
  public void broken(Throwable why) {
    defect = why;
    state = State.FAILED;
  }

  /** The defect of this program that ended it. */
  @Nullable Throwable defect() {
    return defect;
  }

  /** The person has had enough. */
  void cancel() {
    if (state == State.RUNNING) {
      state = State.CANCELLED;
      chain.close();
    }
  }

  State state() {
    return state;
  }

  /** Why it failed; null if it did not. */
  @Nullable FolkmootException failure() {
    return failure;
  }

  /** Tokens that have come. */
  int tokens() {
    return length - promptLength;
  }

  /** Round trips that were made for them. */
  int steps() {
    return steps;
  }

  /** How often hops were lost. */
  int repairs() {
    return repairs;
  }

  /** The longest time without a token, the first one's included. */
  long longestGapNanos() {
    return longestGap;
  }

  /** Time since its beginning. */
  long ageNanos() {
    return network.loop().nanoTime() - began;
  }

  /** The chain that computes at present. */
  List<HopPlan> hops() {
    return hops;
  }

  FakeModel model() {
    return model;
  }
}
