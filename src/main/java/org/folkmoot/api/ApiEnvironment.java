package org.folkmoot.api;

import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.folkmoot.session.Notary;

/**
 * What the server takes from the world.
 *
 * @param clock the date, for {@code created}
 * @param nanos a clock in nanoseconds with any origin, for durations and deadlines
 * @param random unpredictable 64-bit numbers, for response ids and for seeds where a request has
 *     none
 * @param notary makes the receipts of answers
 * @param policy what this node's operator declares to do to conversations
 * @param ledger the ledger, for a node of a swarm
 */
public record ApiEnvironment(
    InstantSource clock,
    LongSupplier nanos,
    LongSupplier random,
    Notary notary,
    Optional<Policy> policy,
    Optional<LedgerPages> ledger) {
  /** The environment of a node without a ledger. */
  public ApiEnvironment(
      InstantSource clock,
      LongSupplier nanos,
      LongSupplier random,
      Notary notary,
      Optional<Policy> policy) {
    this(clock, nanos, random, notary, policy, Optional.empty());
  }

  /** The same with a ledger. */
  public ApiEnvironment with(LedgerPages pages) {
    return new ApiEnvironment(clock, nanos, random, notary, policy, Optional.of(pages));
  }
}
