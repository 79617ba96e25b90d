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
 * @param dialWithin all addresses of a peer must have been tried by then
 */
public record LinkSettings(
    Duration pingEvery,
    Duration idlePingEvery,
    Duration silentAfter,
    Duration helloWithin,
    Duration dialWithin) {
  /** Silence is noticed within three seconds; a slow garbage collection or a busy disk is not. */
  public static final LinkSettings USUAL =
      new LinkSettings(
          Duration.ofMillis(500),
          Duration.ofSeconds(5),
          Duration.ofMillis(1800),
          Duration.ofSeconds(5),
          Duration.ofSeconds(8));
}
