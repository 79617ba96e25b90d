package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;
import org.junit.jupiter.api.Test;

class TlsTransportTest extends TransportContract {
  @Override
  PeerTransport listening(
      Identity identity,
      TransportLimits limits,
      InetSocketAddress listen,
      PeerTransport.Acceptor acceptor) {
    return TlsTransport.listening(identity, limits, listen, acceptor);
  }

  @Override
  PeerTransport dialling(Identity identity, TransportLimits limits) {
    return TlsTransport.dialling(identity, limits);
  }

  @Test
  void aPortAtWhichNobodyListensFailsAtOnce() throws IOException, InterruptedException {
    int port;
    try (ServerSocket taken = new ServerSocket(0)) {
      port = taken.getLocalPort();
    }
    client().dial(new PeerAddress(Scheme.TLS, "127.0.0.1", port), THERE.peerId(), here);
    assertThat(here.failure()).contains("no peer listens there");
  }
}
