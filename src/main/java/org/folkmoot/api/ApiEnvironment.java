package org.folkmoot.api;

import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.folkmoot.session.Notary;

/**
 * What the server takes from the world.
 *
 * @param clock the date, for {@code created}
 * @param nanos a clock in nanoseconds with any origin, for durations and deadlines
 * @param random unpredictable 64-bit numbers, for response ids and for seeds where a request has
 *     none
 * @param notary makes the receipts of answers
 * @param policies what this node's operator declares now to do to conversations; it may change
 *     between two answers, and is asked for once for each
 * @param ledger the ledger, for a node of a swarm
 */
public record ApiEnvironment(
    InstantSource clock,
    LongSupplier nanos,
    LongSupplier random,
    Notary notary,
    Supplier<Optional<Policy>> policies,
    Optional<LedgerPages> ledger) {
  /** The environment of a node without a ledger. */
  public ApiEnvironment(
      InstantSource clock,
      LongSupplier nanos,
      LongSupplier random,
      Notary notary,
      Supplier<Optional<Policy>> policies) {
    this(clock, nanos, random, notary, policies, Optional.empty());
  }

  /** The environment of a node whose policy stays what it is. */
  public ApiEnvironment(
      InstantSource clock,
      LongSupplier nanos,
      LongSupplier random,
      Notary notary,
      Optional<Policy> policy) {
    this(clock, nanos, random, notary, () -> policy);
  }

  /** What the operator declares now. */
  Optional<Policy> policy() {
    return policies.get();
  }

  /** The same with a ledger. */
  public ApiEnvironment with(LedgerPages pages) {
    return new ApiEnvironment(clock, nanos, random, notary, policies, Optional.of(pages));
  }
}
