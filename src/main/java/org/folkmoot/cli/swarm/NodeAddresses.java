package org.folkmoot.cli.swarm;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.PeerAddress;

/**
 * Where a node that listens can be found.
 *
 * @param listen at which address of this machine it listens, perhaps at all
 * @param port TCP, and UDP if it has QUIC
 */
record NodeAddresses(InetAddress listen, int port, boolean hasQuic) {
  /**
   * What to tell others, best first.
   *
   * @param observed where others say that they see us
   */
  List<PeerAddress> all(List<PeerAddress> observed) {
    List<String> hosts = new ArrayList<>();
    if (listen.isAnyLocalAddress()) {
      machine().forEach(own -> hosts.add(host(own)));
      // A router gives its own address; whether it lets the port in only a dial can tell.
      observed.stream()
          .filter(seen -> seen.scheme() != PeerAddress.Scheme.RELAY)
          .map(PeerAddress::host)
          .filter(seen -> !hosts.contains(seen))
          .forEach(hosts::add);
    } else {
      hosts.add(host(listen));
    }
    List<PeerAddress> all = new ArrayList<>();
    for (String host : hosts.subList(0, Math.min(hosts.size(), Limits.MAX_ADDRESSES / 2))) {
      PeerAddress tls = new PeerAddress(PeerAddress.Scheme.TLS, host, port);
      if (!hasQuic) {
        all.add(tls);
        continue;
      }
      PeerAddress quic = new PeerAddress(PeerAddress.Scheme.QUIC, host, port);
      // On a LAN TLS is the faster. From elsewhere QUIC shows at which port a router lets in what
      // answers, which two peers behind routers need to find each other.
      all.addAll(isLocal(host) ? List.of(tls, quic) : List.of(quic, tls));
    }
    return all;
  }

  /** Where this machine reaches its own node. */
  PeerAddress own() {
    InetAddress here = listen.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : listen;
    return new PeerAddress(PeerAddress.Scheme.TLS, host(here), port);
  }

  /** Whether an address is of a private network (RFC 1918, RFC 4193) or of this machine. */
  private static boolean isLocal(String host) {
    try {
      InetAddress address = InetAddress.ofLiteral(host);
      boolean uniqueLocal =
          address instanceof Inet6Address && (address.getAddress()[0] & 0xfe) == 0xfc;
      return address.isLoopbackAddress() || address.isSiteLocalAddress() || uniqueLocal;
    } catch (IllegalArgumentException name) {
      return false;
    }
  }

  private static String host(InetAddress address) {
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    return zone < 0 ? text : text.substring(0, zone);
  }

  /** Addresses of this machine, those that reach farthest first; loopback last. */
  private static List<InetAddress> machine() {
    List<InetAddress> found = new ArrayList<>();
    try {
      for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
        if (each.isUp()) {
          each.getInterfaceAddresses().stream()
              .map(InterfaceAddress::getAddress)
              .filter(address -> !address.isLinkLocalAddress())
              .forEach(found::add);
        }
      }
    } catch (SocketException none) {
      found.add(InetAddress.getLoopbackAddress());
    }
    found.sort(
        Comparator.comparing(InetAddress::isLoopbackAddress)
            .thenComparing(address -> !(address instanceof Inet4Address)));
    return found;
  }
}
