package org.folkmoot.api;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * What the server takes from the world.
 *
 * @param clock the date, for {@code created}
 * @param nanos a clock in nanoseconds with any origin, for durations and deadlines
 * @param random unpredictable 64-bit numbers, for response ids and for seeds where a request has
 *     none
 */
public record ApiEnvironment(InstantSource clock, LongSupplier nanos, LongSupplier random) {}
