package org.folkmoot.peer.relay;

import org.folkmoot.wire.PeerId;

/**
 * Makes a link of a circuit: proves to each end who the other is, and hides from the relay what
 * they say. All calls on the node's loop; an {@link End} is called within them, and only then.
 */
public interface CircuitGuard {
  /** One end of a circuit, as the guard sees it. */
  interface End {
    /** These bytes are for the other end. */
    void transmit(byte[] bytes);

    /** The other end has proved its key. Called once, before the first frame. */
    void proved(PeerId peer);

    /** A frame came. */
    void frame(byte[] frame);

    /** Nothing more comes: it was closed there, or cannot be trusted. */
    void broken(String why);
  }

  /** The guard's state for one circuit. */
  interface Session {
    /** These bytes came from the other end. */
    void received(byte[] bytes);

    /** Sends a frame; only once the other end has proved its key. */
    void send(byte[] frame);

    /** Says farewell, if there is somebody to say it to, and frees what it holds. */
    void close();
  }

  /** Begins for who opened the circuit; whoever has another key than expected is refused. */
  Session dial(PeerId expected, End end);

  /** Begins for who was called. */
  Session accept(End end);
}
