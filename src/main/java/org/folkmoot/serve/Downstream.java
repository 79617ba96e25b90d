package org.folkmoot.serve;

import java.util.Optional;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;

/**
 * What goes from a seat to the hop behind it: each output as it is computed, and all that are kept
 * again when another hop takes that place. No more is on its way than the next hop can take (see
 * {@link Message.Took}); the rest waits here. On the loop only.
 */
final class Downstream {
  /** Numbers in one message of what has waited: a megabyte. */
  private static final int MESSAGE_FLOATS = 1 << 18;

  private final PeerNetwork network;
  private final SessionId session;
  private final int dim;
  private final int window;
  private final Retained retained;
  private final FloatBudget budget;

  /** What was sent is kept for replays only. */
  private final Runnable forgets = this::forgetSent;

  private Optional<PeerId> next;

  /** Since when the next hop is the next. */
  private int since;

  /** The first position that the next hop lacks for good: before it, it computed by itself. */
  private int sendFrom;

  /** Up to where all was sent. */
  private int sentTo;

  /** The last hop chooses tokens from this position on. */
  private int wantFrom;

  private long sentTokens;
  private long tookTokens;

  /**
   * Begins to watch the next hop, if there is one.
   *
   * @param dim numbers of an output
   * @param window numbers that may be on their way
   */
  Downstream(PeerNetwork network, Message.Open open, int dim, int window, FloatBudget budget) {
    this.network = network;
    this.session = open.session();
    this.next = open.next().map(Message.Contact::peer);
    this.since = open.epoch();
    this.sendFrom = open.sendFrom();
    this.sentTo = sendFrom;
    this.dim = dim;
    this.window = window;
    this.budget = budget;
    retained = new Retained(dim, budget);
    budget.lend(forgets);
    next.ifPresent(network::watch);
  }

  private void forgetSent() {
    retained.forget(sentTo);
  }

  boolean is(PeerId peer) {
    return next.isPresent() && next.get().equals(peer);
  }

  /**
   * Keeps outputs that were computed, and sends what the next hop lacks of them.
   *
   * @return false if there is no room for what cannot be sent yet
   */
  boolean add(Retained.Part part, int stepWantFrom) {
    if (next.isEmpty()) {
      return true;
    }
    wantFrom = stepWantFrom;
    takeBack(part.position());
    if (retained.add(part)) {
      sendOn();
      return true;
    }
    if (!retained.isEmpty() || !isOpen()) {
      return false;
    }
    // Nothing waits, so this need not: it goes, and nobody can be given it again.
    retained.skipTo(part.end());
    for (int from = Math.max(sentTo, part.position()); from < part.end(); ) {
      int to = Math.min(part.end(), from + messageTokens());
      send(Retained.cut(part, from, to, dim));
      from = to;
    }
    sentTo = Math.max(sentTo, part.end());
    return true;
  }

  /** What was computed from a position on does not count any more. */
  void takeBack(int position) {
    retained.truncate(position);
    sentTo = Math.max(sendFrom, Math.min(sentTo, position));
  }

  /**
   * Another hop takes the place: it is sent all from a position on.
   *
   * @param epoch from which on it has it
   * @param stepWantFrom from which position on tokens are chosen of what is sent
   * @return false if not all of that is kept any more
   */
  boolean replace(Message.Contact by, int epoch, int replayFrom, int stepWantFrom) {
    next.ifPresent(network::unwatch);
    next = Optional.of(by.peer());
    network.hint(by.peer(), by.addresses());
    network.watch(by.peer());
    since = epoch;
    wantFrom = stepWantFrom;
    sendFrom = replayFrom;
    sentTo = replayFrom;
    sentTokens = 0;
    tookTokens = 0;
    if (!retained.keepsFrom(replayFrom)) {
      return false;
    }
    sendOn();
    return true;
  }

  /** The next hop has computed what it was sent. */
  void took(PeerId from, Message.Took message) {
    if (is(from) && message.epoch() == since) {
      tookTokens = Math.clamp(message.tokens(), tookTokens, sentTokens);
      sendOn();
    }
  }

  private void sendOn() {
    while (sentTo < retained.end() && isOpen()) {
      int to = Math.min(retained.end(), sentTo + messageTokens());
      retained.joined(sentTo, to, wantFrom).forEach(this::send);
      sentTo = to;
    }
  }

  /** Less is on its way than may be: whatever comes next may go, however long it is. */
  private boolean isOpen() {
    return (sentTokens - tookTokens) * dim < window;
  }

  private int messageTokens() {
    return Math.max(1, MESSAGE_FLOATS / dim);
  }

  private void send(Retained.Part part) {
    sentTokens += part.tokens();
    network.send(
        next.orElseThrow(),
        new Message.Forward(
            session,
            part.epoch(),
            part.position(),
            part.tokens(),
            wantFrom,
            new int[0],
            part.hidden()));
  }

  void close() {
    next.ifPresent(network::unwatch);
    budget.lendNoMore(forgets);
    retained.close();
  }
}
