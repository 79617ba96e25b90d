package org.folkmoot.peer;

import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * How bytes travel: one way of several (QUIC, TLS over TCP, a relay, a simulation). A link carries
 * whole frames in order, both ways, between two peers of whom each has proved its key to the other.
 *
 * <p>All callbacks may come on any thread, those of one link one after the other. None may block.
 */
public interface PeerTransport extends AutoCloseable {
  /** Takes links that others dialled. Called before the link's first frame. */
  interface Acceptor {
    /** A peer has dialled us. Gives who takes the frames. */
    Receiver accepted(Link link);
  }

  /** Takes what a link brings. */
  interface Receiver {
    /**
     * A frame came. Of a dialled link the first is also the sign that the other side has accepted
     * us.
     */
    void frame(Link link, byte[] frame);

    /** The link is over: nothing more comes. Called once. */
    void closed(Link link, String why);
  }

  /** Told how a dial went. */
  interface Dialled {
    /** There is a link. Gives who takes the frames. */
    Receiver connected(Link link);

    /** There is none, and why, for people. */
    void failed(String why);
  }

  /** A connection to a peer. Safe for many threads. */
  interface Link {
    /** Who is at the other end. */
    PeerId remote();

    /** Where we see the other end: its address and the port it speaks from. */
    PeerAddress remoteAddress();

    /** Whether we dialled it. */
    boolean outgoing();

    /**
     * Sends a frame without waiting. Too much that the other side does not take (see {@link
     * #MAX_QUEUED}) closes the link.
     *
     * @return false if the link is closed; then nothing was sent
     */
    boolean send(byte[] frame);

    /** Closes after what was sent before has left, or after a second. Twice is harmless. */
    void close(String why);
  }

  /** Bytes that a link queues: several frames of the greatest size. */
  int MAX_QUEUED = 64 << 20;

  /** What kind of addresses it dials. */
  PeerAddress.Scheme scheme();

  /** The port at which it listens; 0 if it does not. */
  int listenPort();

  /**
   * Dials a peer.
   *
   * @param expected whoever answers with another key is refused
   */
  void dial(PeerAddress address, PeerId expected, Dialled result);

  /** Closes all links and stops listening. */
  @Override
  void close();
}
