package org.folkmoot.cli.swarm;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.relay.RelayTransport;
import org.folkmoot.peer.transport.QuicTransport;
import org.folkmoot.peer.transport.TlsGuard;
import org.folkmoot.peer.transport.TlsTransport;
import org.folkmoot.peer.transport.TransportLimits;
import org.folkmoot.wire.PeerAddress;

/** The ways by which a node dials and is dialled: TLS, QUIC, and through other peers. */
final class NodeTransports {
  private final Links links;
  private final Identity identity;
  private final SwarmFolder folder;
  private final PeerTransport tls;
  private final RelayTransport relayed;
  private final Optional<PeerTransport> quic;

  /**
   * Listens, if a node does, and adds all to its links.
   *
   * @param listen where to accept links; empty for a node that only asks
   */
  NodeTransports(
      Links links,
      Identity identity,
      Optional<InetSocketAddress> listen,
      SwarmFolder folder,
      RandomGenerator random) {
    this.links = links;
    this.identity = identity;
    this.folder = folder;
    tls =
        listen
            .map(this::listenByTls)
            .orElseGet(() -> TlsTransport.dialling(identity, TransportLimits.DEFAULT));
    links.add(tls);
    relayed =
        new RelayTransport(
            links, new TlsGuard(identity), listen.isPresent() ? links.acceptor() : null, random);
    links.add(relayed);
    quic = listen.flatMap(this::listenByQuic);
    if (listen.isEmpty()) {
      links.addLater(
          PeerAddress.Scheme.QUIC,
          () ->
              quic(() ->
                  QuicTransport.dialling(identity, TransportLimits.DEFAULT, new SecureRandom())));
    }
  }

  /**
   * Listens. A node that may take any port takes the one that it had last, if that is free: those
   * who met it look for it there, and two such nodes could not find each other again.
   */
  private PeerTransport listenByTls(InetSocketAddress at) {
    int last = at.getPort() == 0 ? folder.lastPort() : 0;
    if (last != 0) {
      try {
        return listening(new InetSocketAddress(at.getAddress(), last));
      } catch (FolkmootException taken) {
        // Then any.
      }
    }
    PeerTransport transport = listening(at);
    if (at.getPort() == 0) {
      folder.lastPort(transport.listenPort());
    }
    return transport;
  }

  private PeerTransport listening(InetSocketAddress at) {
    return TlsTransport.listening(identity, TransportLimits.DEFAULT, at, links.acceptor());
  }

  /** Listens on the UDP port of the same number; a machine where that cannot be has TLS. */
  private Optional<PeerTransport> listenByQuic(InetSocketAddress asked) {
    InetSocketAddress at = new InetSocketAddress(asked.getAddress(), port());
    Optional<PeerTransport> transport =
        quic(() ->
            QuicTransport.listening(
                identity, TransportLimits.DEFAULT, at, links.acceptor(), new SecureRandom()));
    transport.ifPresent(links::add);
    return transport;
  }

  private Optional<PeerTransport> quic(Supplier<QuicTransport> maker) {
    try {
      QuicTransport transport = maker.get();
      relayed.shortcut(transport);
      return Optional.of(transport);
    } catch (FolkmootException cannot) {
      return Optional.empty();
    }
  }

  /** Where the node accepts links; 0 if it does not. */
  int port() {
    return tls.listenPort();
  }

  boolean listensByQuic() {
    return quic.isPresent();
  }

  RelayTransport relayed() {
    return relayed;
  }

  /** Those by which the node can be dialled directly. */
  List<PeerTransport> direct() {
    return Stream.concat(Stream.of(tls), quic.stream()).toList();
  }
}
