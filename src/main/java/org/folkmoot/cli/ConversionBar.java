package org.folkmoot.cli;

import java.util.function.DoubleConsumer;

/** Shows what share of a conversion is done. */
final class ConversionBar implements DoubleConsumer, AutoCloseable {
  private final ProgressBar bar;
  private final long total;

  /**
   * A bar.
   *
   * @param total bytes that go in
   */
  ConversionBar(Surroundings surroundings, String label, long total) {
    this.bar = new ProgressBar(surroundings.console(), surroundings.clock(), label);
    this.total = total;
  }

  @Override
  public void accept(double share) {
    bar.update((long) (share * total), total);
  }

  @Override
  public void close() {
    bar.close();
  }
}
