package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.folkmoot.base.FolkmootException;

/**
 * Where to listen.
 *
 * @param host a name or address of this machine; IPv6 addresses without brackets
 * @param port 0 for any free one
 */
public record ListenAddress(String host, int port) {
  /** Only this machine, on the port that is ours by habit. */
  public static final ListenAddress DEFAULT = new ListenAddress("127.0.0.1", 7411);

  /**
   * Reads {@code HOST:PORT}, {@code [IPV6]:PORT} or {@code :PORT}, the last on loopback.
   *
   * @throws FolkmootException BAD_REQUEST if it is none of these
   */
  public static ListenAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    String port = text.substring(colon + 1);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw malformed(text);
    }
    if (colon < 0 || !port.matches("\\d{1,5}") || Integer.parseInt(port) > 65535) {
      throw malformed(text);
    }
    return new ListenAddress(host.isEmpty() ? DEFAULT.host() : host, Integer.parseInt(port));
  }

  private static FolkmootException malformed(String text) {
    return new FolkmootException(
        BAD_REQUEST, "\"" + text + "\" is no address to listen on: give HOST:PORT");
  }

  /**
   * Whether only this machine can connect.
   *
   * @throws FolkmootException BAD_REQUEST if the host is unknown
   */
  public boolean isLoopback() {
    return resolve().isLoopbackAddress();
  }

  InetAddress resolve() {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the host \"" + host + "\" is unknown: listen on an address of this machine",
          e);
    }
  }

  /** As in a URL. */
  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
