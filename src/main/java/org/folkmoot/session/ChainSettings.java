package org.folkmoot.session;

import java.time.Duration;

/**
 * What a client puts up with.
 *
 * @param renewEvery how often hops are told that the session lives; a third of their lease
 * @param stallAfter a chain that makes no progress for so long has a hop that only pretends to live
 * @param stallPerToken longer by so much for each token that is computed at once
 * @param openWithin hops must have taken the session by then
 * @param giveUpAfter with no chain for so long, the answer ends with an error
 * @param pause between attempts while there is no chain
 * @param repairs the most repairs of one answer without a token between them
 */
public record ChainSettings(
    Duration renewEvery,
    Duration stallAfter,
    Duration stallPerToken,
    Duration openWithin,
    Duration giveUpAfter,
    Duration pause,
    int repairs) {
  /** As people wait: half a minute for a chain, and not for a peer that hangs. */
  public static final ChainSettings USUAL =
      new ChainSettings(
          Duration.ofSeconds(9),
          Duration.ofSeconds(15),
          Duration.ofMillis(500),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          Duration.ofMillis(250),
          16);
}
