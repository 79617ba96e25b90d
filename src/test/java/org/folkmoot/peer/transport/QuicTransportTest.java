package org.folkmoot.peer.transport;

import java.net.InetSocketAddress;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.SeededRandom;

class QuicTransportTest extends TransportContract {
  @Override
  PeerTransport listening(
      Identity identity,
      TransportLimits limits,
      InetSocketAddress listen,
      PeerTransport.Acceptor acceptor) {
    return QuicTransport.listening(identity, limits, listen, acceptor, new SeededRandom(5));
  }

  @Override
  PeerTransport dialling(Identity identity, TransportLimits limits) {
    return QuicTransport.dialling(identity, limits, new SeededRandom(6));
  }
}
