package org.folkmoot.peer;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * The peers as the rest of a node sees them: messages to and from keys, whatever link carries them.
 * All calls are made, and all listeners told, on the node's {@link #loop}.
 */
public interface PeerNetwork {
  /** Told what happens. */
  interface Listener {
    /** A message came, other than those that keep links. Messages of one peer come in order. */
    default void received(PeerId from, Message message) {}

    /** There is a link to a peer, its version and swarm checked. */
    default void connected(PeerId peer) {}

    /**
     * A peer cannot be reached: a dial to all its addresses failed, its link broke, or it was
     * silent for too long. What was sent and not answered may be lost.
     */
    default void lost(PeerId peer, Message.Reason reason) {}
  }

  /** Who we are. */
  PeerId self();

  /** The node's loop. */
  Loop loop();

  /** Adds a listener. */
  void listen(Listener listener);

  /** Removes a listener; it may still be told what happens in this instant. */
  void ignore(Listener listener);

  /** Remembers where a peer may be found, best first; replaces what was known. */
  void know(PeerId peer, List<PeerAddress> addresses);

  /** As {@link #know}, but only if nothing is known: what a third party says proves nothing. */
  void hint(PeerId peer, List<PeerAddress> addresses);

  /**
   * Sends a message, dialling first if there is no link. A message to ourselves comes back as any
   * other does. What cannot be sent ends in {@link Listener#lost}.
   */
  void send(PeerId to, Message message);

  /** Dials a peer if there is no link. */
  void connect(PeerId peer);

  /**
   * Somebody depends on a peer: its silence is to be noticed soon. Calls add up, each to be undone
   * by {@link #unwatch}.
   */
  void watch(PeerId peer);

  /** Undoes a {@link #watch}. */
  void unwatch(PeerId peer);

  /** Peers to which there is a link now. */
  Set<PeerId> connected();

  /** The measured round trip to a peer in nanoseconds; empty as long as there is none. */
  OptionalLong roundTripNanos(PeerId peer);
}
