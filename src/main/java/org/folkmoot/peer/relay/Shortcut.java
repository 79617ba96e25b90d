package org.folkmoot.peer.relay;

import org.folkmoot.peer.PeerTransport.Dialled;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * The way around a relay: from the port at which we listen straight to where the relay sees the
 * other end. A router lets in what answers something sent, so both ends send at the same time.
 */
public interface Shortcut {
  /** Dials the other end. */
  void dial(PeerAddress observed, PeerId expected, Dialled result);

  /** Sends a few bytes without meaning, so that our router lets in what comes back. */
  void knock(PeerAddress observed);
}
