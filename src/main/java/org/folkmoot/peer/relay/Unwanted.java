package org.folkmoot.peer.relay;

import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;

/** Takes what comes on a link that is being closed. */
final class Unwanted implements Receiver {
  @Override
  public void frame(Link link, byte[] frame) {
    // Nobody waits for it.
  }

  @Override
  public void closed(Link link, String why) {
    // As was wished.
  }
}
