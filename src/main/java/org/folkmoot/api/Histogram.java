package org.folkmoot.api;

import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/** A Prometheus histogram of durations, in seconds. Safe for many threads. */
final class Histogram {
  /** From a cached short prompt to a long answer on an old machine. */
  private static final double[] BOUNDS = {
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300
  };

  private static final double NANOS = 1e9;

  private final String name;
  private final String help;
  private final LongAdder[] buckets = new LongAdder[BOUNDS.length + 1];
  private final LongAdder sumNanos = new LongAdder();

  Histogram(String name, String help) {
    this.name = name;
    this.help = help;
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = new LongAdder();
    }
  }

  void record(long nanos) {
    int bucket = 0;
    while (bucket < BOUNDS.length && nanos > BOUNDS[bucket] * NANOS) {
      bucket++;
    }
    buckets[bucket].increment();
    sumNanos.add(nanos);
  }

  void write(StringBuilder out) {
    Metrics.header(out, name, help, "histogram");
    long count = 0;
    for (int i = 0; i < buckets.length; i++) {
      count += buckets[i].sum();
      String bound = i < BOUNDS.length ? Double.toString(BOUNDS[i]) : "+Inf";
      out.append(name).append("_bucket{le=\"").append(bound).append("\"} ").append(count);
      out.append('\n');
    }
    out.append(name).append("_sum ");
    out.append(String.format(Locale.ROOT, "%.9f", sumNanos.sum() / NANOS)).append('\n');
    out.append(name).append("_count ").append(count).append('\n');
  }
}
