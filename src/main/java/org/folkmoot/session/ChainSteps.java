package org.folkmoot.session;

import java.util.Arrays;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;

/**
 * The ids of a generation and what of them has gone through the chain: the tokens that are certain,
 * the drafts behind them, and how far both were sent.
 */
final class ChainSteps {
  private final PeerNetwork network;
  private final Chain.Task task;
  private final ChainEpochs epochs;
  private final int[] ids;
  private int length;
  private int drafted;
  private int sentTo;
  private int wantFrom;
  private boolean underWay;
  private boolean sent;
  private boolean single;
  private int epoch;
  private boolean hadWrongDraft;

  ChainSteps(PeerNetwork network, Chain.Task task, ChainEpochs epochs) {
    this.network = network;
    this.task = task;
    this.epochs = epochs;
    int[] prompt = task.sampling().history();
    ids = Arrays.copyOf(prompt, task.maxPositions() + 1);
    length = prompt.length;
  }

  /** Begins a step that is not sent yet. */
  void begin(int[] drafts) {
    if (underWay) {
      throw new IllegalStateException("a step is under way");
    }
    underWay = true;
    sent = false;
    drafted = Math.min(drafts.length, task.maxPositions() - length);
    System.arraycopy(drafts, 0, ids, length, drafted);
    wantFrom = length - 1;
  }

  /** No step is wanted any more. */
  void stop() {
    underWay = false;
  }

  /** Whether tokens are awaited. */
  boolean areUnderWay() {
    return underWay;
  }

  /** Whether a step is to be sent. */
  boolean areDue() {
    return underWay && !sent;
  }

  /** Tokens that are certain, the prompt's included. */
  int length() {
    return length;
  }

  /** The tokens that are certain. */
  int[] ids() {
    return Arrays.copyOf(ids, length);
  }

  /** Positions that went through the hops for the tokens so far: all but the last. */
  int settled() {
    return length - 1;
  }

  int sentTo() {
    return sentTo;
  }

  /** How tokens are chosen from here on. */
  Message.Sampling sampling() {
    return task.sampling().withHistory(ids());
  }

  /**
   * Sends the step that is under way.
   *
   * @return whether the ids from the last token on became others: their digests will, too
   */
  boolean send(ChainHops hops) {
    boolean others = hadWrongDraft;
    if (others) {
      // What hops still say of the wrong draft is told apart by its epoch.
      hadWrongDraft = false;
      epochs.nextWithOthersFrom(length - 1);
    }
    epoch = epochs.now();
    if (drafted > 0) {
      sendDraft(hops.last());
    }
    int from = sentTo;
    sentTo = length + drafted;
    sent = true;
    single = sentTo - from == 1;
    sendIds(hops, from);
    return others;
  }

  /** Sends what hops that are all new have not seen, where nothing is to be chosen any more. */
  void sendRest(ChainHops hops) {
    if (sentTo < settled()) {
      int from = sentTo;
      sentTo = settled();
      wantFrom = sentTo;
      sendIds(hops, from);
    }
  }

  /** Whether the step under way is a single token, of which nothing had to be sent again. */
  boolean isSingle() {
    return single;
  }

  /** Something of the step under way has to be done again. */
  void disturb() {
    single = false;
  }

  /** Sends again all that was sent. */
  void replay(ChainHops hops) {
    sendIds(hops, 0);
  }

  /** Tells a last hop that is new which step's logits count, and what was drafted for it. */
  void introduce(ChainHop last) {
    // What is replayed to it may be of an earlier step, whose drafts were wrong.
    epoch = underWay && sent ? epoch : epochs.now();
    sendDraft(last);
  }

  /** All hops are new: nothing was sent. */
  void restart() {
    sentTo = 0;
    sent = false;
  }

  /** Tells the last hop which step's logits count from now on, and what was drafted for it. */
  private void sendDraft(ChainHop last) {
    int[] drafts = Arrays.copyOfRange(ids, length, length + drafted);
    network.send(last.peer(), new Message.Draft(task.session(), epoch, length, drafts));
  }

  /** Sends the ids from a position to all that was ever sent. */
  private void sendIds(ChainHops hops, int from) {
    for (int at = from; at < sentTo; at += Limits.MAX_STEP_TOKENS) {
      int to = Math.min(sentTo, at + Limits.MAX_STEP_TOKENS);
      network.send(
          hops.first().peer(),
          new Message.Forward(
              task.session(),
              epochs.now(),
              at,
              to - at,
              wantFrom,
              Arrays.copyOfRange(ids, at, to),
              new float[0]));
    }
  }

  /** Takes the next token. Ends the step, unless the token is the one that was drafted. */
  void take(Message.Token token) {
    boolean asDrafted = drafted > 0 && ids[length] == token.id();
    hadWrongDraft |= drafted > 0 && !asDrafted;
    ids[length++] = token.id();
    drafted = asDrafted ? drafted - 1 : 0;
    wantFrom = length - 1;
    if (!asDrafted) {
      underWay = false;
      sentTo = length - 1;
    }
  }
}
