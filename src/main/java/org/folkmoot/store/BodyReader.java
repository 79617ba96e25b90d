package org.folkmoot.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of a response piece by piece, and gives up when nothing comes for a while: the
 * JDK's own timeout ends with the headers. One piece is asked for at a time, so a slow disk slows
 * the server down and nothing piles up here.
 */
final class BodyReader implements Flow.Subscriber<List<ByteBuffer>>, AutoCloseable {
  private sealed interface Signal {
    record Piece(List<ByteBuffer> buffers) implements Signal {}

    record End() implements Signal {}

    record Broken(Throwable why) implements Signal {}
  }

  /** Holds at most the piece that was asked for and the end. */
  private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>();

  private final Duration stall;
  private volatile Flow.@Nullable Subscription subscription;

  BodyReader(Duration stall) {
    this.stall = stall;
  }

  /**
   * Waits for the next piece; null at the end.
   *
   * @throws IOException if the connection broke, or nothing came in time
   */
  @Nullable List<ByteBuffer> next() throws IOException, InterruptedException {
    Signal signal = signals.poll(stall.toNanos(), TimeUnit.NANOSECONDS);
    return switch (signal) {
      case null -> throw new IOException("nothing came for " + stall.toSeconds() + " s");
      case Signal.Piece piece -> {
        request();
        yield piece.buffers;
      }
      case Signal.End _ -> null;
      case Signal.Broken broken -> throw new IOException(Reason.of(broken.why), broken.why);
    };
  }

  @Override
  public void onSubscribe(Flow.Subscription granted) {
    subscription = granted;
    request();
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    signals.add(new Signal.Piece(buffers));
  }

  @Override
  public void onError(Throwable why) {
    signals.add(new Signal.Broken(why));
  }

  @Override
  public void onComplete() {
    signals.add(new Signal.End());
  }

  /** Tells the server that no more is wanted. */
  @Override
  public void close() {
    Flow.Subscription held = subscription;
    if (held != null) {
      held.cancel();
    }
  }

  private void request() {
    Flow.Subscription held = subscription;
    if (held != null) {
      held.request(1);
    }
  }
}
