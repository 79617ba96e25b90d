package org.folkmoot.peer;

import java.time.Duration;

/**
 * How links are kept.
 *
 * @param pingEvery how often a link is asked whether it lives, while somebody depends on it
 * @param idlePingEvery how often otherwise
 * @param silentAfter a link from which nothing came for so long after a ping is lost; with the
 *     pings around it that makes three seconds at most
 * @param helloWithin a link must be introduced by then
 * @param dialWithin a dial is given up by then
 * @param urgentDialWithin whoever depends on a peer is told by then that it does not answer
 */
public record LinkSettings(
    Duration pingEvery,
    Duration idlePingEvery,
    Duration silentAfter,
    Duration helloWithin,
    Duration dialWithin,
    Duration urgentDialWithin) {
  /**
   * Silence is noticed within three seconds; a slow garbage collection or a busy disk is not. An
   * urgent dial has time for a first packet that is lost and sent again after a second (RFC 6298)
   * and for the round trips of a handshake with the other side of the earth.
   */
  public static final LinkSettings USUAL =
      new LinkSettings(
          Duration.ofMillis(500),
          Duration.ofMillis(1800),
          Duration.ofMillis(1800),
          Duration.ofSeconds(5),
          Duration.ofSeconds(8),
          Duration.ofSeconds(2));
}
