package org.folkmoot.api;

import java.util.concurrent.Semaphore;
import org.folkmoot.api.openai.ApiException;

/** How many bytes of request bodies may lie in memory at one time, over all connections. */
final class BodyBudget {
  /** Sixteen bodies of the largest size: far more than the models can answer at a time. */
  private static final int BODIES = 16;

  private final int largestBody;
  private final Semaphore bytes;

  BodyBudget(int largestBody) {
    this.largestBody = largestBody;
    bytes = new Semaphore(Math.multiplyExact(BODIES, largestBody));
  }

  /** The most bytes that one body may have. */
  int largestBody() {
    return largestBody;
  }

  /** A part of the budget; closing it gives it back. */
  interface Share extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Takes a part.
   *
   * @throws ApiException 503 if that much is not left
   */
  Share take(int size) {
    if (!bytes.tryAcquire(size)) {
      throw ApiException.unavailable(
          "overloaded", "the server holds as many requests as it can: try again soon");
    }
    return () -> bytes.release(size);
  }
}
