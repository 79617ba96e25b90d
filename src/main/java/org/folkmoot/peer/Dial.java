package org.folkmoot.peer;

import static org.folkmoot.wire.Message.Reason.DUPLICATE;
import static org.folkmoot.wire.Message.Reason.UNREACHABLE;

import java.util.ArrayDeque;
import java.util.Deque;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * The wish for a link to a peer. Its addresses are tried in turn, each as soon as the one before
 * has failed or has not answered for a moment (as RFC 8305 does), so that an address that swallows
 * what is sent to it does not keep a good one waiting.
 *
 * <p>If somebody depends on the peer, they are told that it is lost long before the dial is given
 * up; should it succeed after all, the link is there for the next time. On the loop only.
 */
final class Dial {
  /** Messages that wait for a link to be made: a session's opening and its prompt in parts. */
  private static final int MAX_WAITING = 64;

  /** How long a peer's own link waits for ours: as long as most dials take. */
  private static final long PARKING_NANOS = 1_000_000_000;

  /**
   * RFC 8305's "Connection Attempt Delay": twice what it recommends, for the first handshake of a
   * cold process takes long, and the addresses that come first are the better ones.
   */
  private static final long NEXT_ADDRESS_NANOS = 500_000_000;

  private final Links links;
  private final PeerId peer;
  private final Deque<Message> waiting = new ArrayDeque<>();
  private final Deque<PeerAddress> untried = new ArrayDeque<>();

  private long began;

  /** Addresses that have not answered yet. */
  private int tried;

  /** The link that was made and not yet answered. */
  private @Nullable PeerLink made;

  /** The peer's own link to us, which waits for what becomes of ours. */
  private @Nullable PeerLink parked;

  /** The peer's own link to us, if that is the one to wait for. */
  private @Nullable PeerLink yieldedTo;

  /** Whether those who wait have been told already that the peer is lost. */
  private boolean saidLost;

  private Loop.Timer deadline = () -> {};
  private Loop.@Nullable Timer urgency;
  private Loop.Timer nextAddress = () -> {};

  Dial(Links links, PeerId peer) {
    this.links = links;
    this.peer = peer;
  }

  void begin() {
    began = links.loop().nanoTime();
    deadline = links.loop().after(links.settings().dialWithin().toNanos(), this::fail);
    yieldedTo = links.answered(peer);
    if (links.isWatched(peer)) {
      hasten();
    }
    // Later, for a caller that is told of the failure before its call returns is easily confused.
    links.loop().execute(this::tryAll);
  }

  /** Has a message sent when there is a link. */
  void send(Message message) {
    if (waiting.size() >= MAX_WAITING) {
      fail();
      return;
    }
    waiting.add(message);
    if (links.isWatched(peer)) {
      hasten();
    }
  }

  /** Somebody depends on the peer: they are told soon if it does not answer, or has not so far. */
  void hasten() {
    if (urgency == null) {
      long past = links.loop().nanoTime() - began;
      long within = links.settings().urgentDialWithin().toNanos();
      urgency = links.loop().after(Math.max(0, within - past), this::late);
    }
  }

  private void late() {
    urgency = null;
    if (!isOver() && links.isWatched(peer)) {
      waiting.clear();
      saidLost = true;
      links.tellLost(peer, UNREACHABLE);
    }
  }

  private boolean isOver() {
    return links.dial(peer) != this;
  }

  private boolean isSettled() {
    return isOver() || yieldedTo != null || made != null;
  }

  private void tryAll() {
    untried.clear();
    untried.addAll(links.addresses(peer));
    tryNext();
  }

  private void tryNext() {
    nextAddress.cancel();
    if (isSettled()) {
      return;
    }
    PeerAddress address = untried.poll();
    if (address == null) {
      if (tried == 0 && !giveWay()) {
        fail();
      }
      return;
    }
    PeerTransport transport = links.transport(address.scheme());
    if (transport == null) {
      tryNext();
      return;
    }
    tried++;
    if (!untried.isEmpty()) {
      nextAddress = links.loop().after(NEXT_ADDRESS_NANOS, this::tryNext);
    }
    transport.dial(
        address,
        peer,
        new PeerTransport.Dialled() {
          @Override
          public PeerTransport.Receiver connected(PeerTransport.Link link) {
            PeerLink ours = new PeerLink(links, link);
            links.loop().execute(() -> connectedBy(ours));
            return ours;
          }

          @Override
          public void failed(String why) {
            links.loop().execute(Dial.this::notConnected);
          }
        });
  }

  private void notConnected() {
    tried--;
    tryNext();
  }

  private void connectedBy(PeerLink link) {
    tried--;
    if (isSettled()) {
      link.end(DUPLICATE, "there is a link already");
      return;
    }
    made = link;
    nextAddress.cancel();
    endParked();
    link.introduce();
  }

  /** Whether a link of ours was made and waits for its answer. */
  boolean hasMade() {
    return made != null;
  }

  /** Whether the peer's own link is the one to wait for. */
  boolean hasYielded() {
    return yieldedTo != null;
  }

  /** Waits for the peer's own link, which has been answered. */
  void yieldTo(PeerLink link) {
    yieldedTo = link;
  }

  /** Lets the peer's own link wait for a moment for what becomes of ours. */
  void park(PeerLink link) {
    if (parked != null) {
      parked.end(DUPLICATE, "there is a newer link");
    }
    parked = link;
    links
        .loop()
        .after(
            PARKING_NANOS,
            () -> {
              if (parked == link) {
                giveWay();
              }
            });
  }

  /** Takes the peer's own link, if there is one, in place of ours. */
  private boolean giveWay() {
    PeerLink other = parked;
    parked = null;
    if (other == null || other.isOver()) {
      return false;
    }
    yieldedTo = other;
    other.answer();
    return true;
  }

  private void endParked() {
    if (parked != null) {
      parked.end(DUPLICATE, "there is a link already");
      parked = null;
    }
  }

  /** A link came to nothing. */
  void ended(PeerLink link, Message.Reason reason) {
    if (made == link) {
      made = null;
    } else if (yieldedTo == link) {
      yieldedTo = null;
    } else {
      return;
    }
    if (reason == DUPLICATE) {
      // The other side knows of a link that we do not have yet, or not any more.
      links.loop().after(PARKING_NANOS, this::tryAll);
    } else {
      tryNext();
    }
  }

  void fail() {
    if (close() && !(saidLost && waiting.isEmpty())) {
      links.tellLost(peer, UNREACHABLE);
    }
  }

  /** There is a link: what waited goes there. */
  void succeed(PeerLink link) {
    if (close()) {
      waiting.forEach(link::send);
    }
  }

  private boolean close() {
    deadline.cancel();
    nextAddress.cancel();
    if (urgency != null) {
      urgency.cancel();
    }
    boolean wasOpen = links.forget(this, peer);
    endParked();
    return wasOpen;
  }
}
