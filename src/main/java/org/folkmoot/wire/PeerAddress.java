package org.folkmoot.wire;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Locale;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * Where a peer can be dialled: {@code quic://host:port}, {@code tls://host:port}, or {@code
 * relay://peerid} for a peer that can be reached only through another.
 *
 * @param scheme how
 * @param host a name or an IP address without brackets; of a relay, its peer id
 * @param port 1 to 65535; 0 for a relay
 */
public record PeerAddress(Scheme scheme, String host, int port) {
  /** How to reach it. */
  public enum Scheme {
    /** QUIC over UDP. */
    QUIC,
    /** TLS 1.3 over TCP. */
    TLS,
    /** Through another peer. */
    RELAY
  }

  /** As long as a name in the DNS may be. */
  public static final int MAX_HOST = 253;

  /** Checks the bounds; what is outside is a BAD_REQUEST. */
  public PeerAddress {
    boolean relay = scheme == Scheme.RELAY;
    if (host.isEmpty() || host.length() > MAX_HOST || !host.chars().allMatch(PeerAddress::plain)) {
      throw new FolkmootException(BAD_REQUEST, "an address has no usable host");
    }
    if (relay ? port != 0 : port < 1 || port > 65535) {
      throw new FolkmootException(BAD_REQUEST, "an address has the port " + port);
    }
  }

  private static boolean plain(int c) {
    return c > ' ' && c < 127 && c != '/' && c != '[' && c != ']';
  }

  /**
   * The address of a text such as {@code quic://192.168.1.7:7410}.
   *
   * @throws FolkmootException BAD_REQUEST if it is none
   */
  public static PeerAddress parse(String text) {
    int scheme = text.indexOf("://");
    if (scheme < 0) {
      throw malformed(null);
    }
    try {
      Scheme how = Scheme.valueOf(text.substring(0, scheme).toUpperCase(Locale.ROOT));
      String rest = text.substring(scheme + 3);
      if (how == Scheme.RELAY) {
        return new PeerAddress(how, rest, 0);
      }
      int colon = rest.lastIndexOf(':');
      if (colon < 0) {
        throw malformed(null);
      }
      String host = rest.substring(0, colon);
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      }
      return new PeerAddress(how, host, Integer.parseInt(rest, colon + 1, rest.length(), 10));
    } catch (IllegalArgumentException wrong) {
      throw malformed(wrong);
    }
  }

  private static FolkmootException malformed(@Nullable RuntimeException cause) {
    return new FolkmootException(
        BAD_REQUEST, "a peer's address looks like quic://192.168.1.7:7410, this does not", cause);
  }

  @Override
  public String toString() {
    String name = scheme.name().toLowerCase(Locale.ROOT) + "://";
    if (scheme == Scheme.RELAY) {
      return name + host;
    }
    return name + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
