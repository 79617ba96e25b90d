package org.folkmoot.api.http;

import java.time.Duration;

/**
 * What one connection, and all of them together, may take.
 *
 * @param connections open at one time; further ones wait in the system's accept queue
 * @param headerBytes of one request's header section
 * @param bodyBytes of one request's body
 * @param idle how long a connection may stay silent between requests
 * @param request how long a request may take from its first byte to its last: bounds clients that
 *     send a byte now and then
 * @param write how long one write may wait for a client that does not read
 */
public record ConnectionLimits(
    int connections,
    int headerBytes,
    int bodyBytes,
    Duration idle,
    Duration request,
    Duration write) {
  /**
   * 512 virtual threads and sockets are cheap, and far more than one machine's models can serve.
   * Headers: 16 KiB, as most servers have it. Bodies: 4 MiB hold a prompt of 128 K tokens several
   * times over. A minute of silence outlasts the connection pools of the usual clients; half a
   * minute for a whole request is 140 KB/s at the largest body.
   */
  public static final ConnectionLimits DEFAULT =
      new ConnectionLimits(
          512,
          16 << 10,
          4 << 20,
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          Duration.ofSeconds(30));

  /**
   * The most bytes that a request may be on the wire. Chunked framing adds to a body; a client that
   * sends more framing than body has no honest reason.
   */
  long requestBytes() {
    return 2L * bodyBytes + 4L * headerBytes;
  }
}
