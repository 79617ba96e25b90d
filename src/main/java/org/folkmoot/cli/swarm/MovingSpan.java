package org.folkmoot.cli.swarm;

import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.wire.LayerRange;
import org.jspecify.annotations.Nullable;

/**
 * A span that the swarm's need has chosen, and that goes where it is needed more: if others have
 * left, say, or larger machines have come. A span that a person has chosen stays.
 *
 * <p>It leaves before it comes, for the memory that a person gave holds one span: its sessions are
 * told and go on with others. {@link org.folkmoot.route.Placement#move} lets nobody leave who alone
 * holds a layer. Where it cannot come, it goes back; and if it cannot do that either (a machine
 * without memory for a moment, say), it tries again at each later look.
 */
public final class MovingSpan implements AutoCloseable {
  /** Told where a span has gone. */
  public interface Listener {
    /** The layers served from now on. */
    void moved(LayerRange to);

    /** It is where it was before: it could not be served elsewhere. */
    void stays(LayerRange at, FolkmootException why);

    /** It is not served now; that is tried again later. */
    void failed(FolkmootException why);
  }

  /** Loads a span and offers it: {@link ServedSpan#start}. */
  interface Starter {
    /** Returns once it is served. */
    ServedSpan start(SwarmNode node, ServedSpan.Wish wish, DoubleConsumer progress);
  }

  private final SwarmNode node;
  private final ServedSpan.Wish wish;
  private final LongSupplier pauseNanos;
  private final Listener listener;
  private final Starter starter;
  private final ScheduledThreadPoolExecutor thread =
      new ScheduledThreadPoolExecutor(
          1, task -> Thread.ofPlatform().daemon().name("folkmoot-move").unstarted(task));
  private @Nullable ServedSpan span;

  /** What was served last. */
  private LayerRange last;

  private boolean closed;

  private MovingSpan(
      SwarmNode node,
      ServedSpan.Wish wish,
      ServedSpan span,
      LongSupplier pauseNanos,
      Listener listener,
      Starter starter) {
    this.node = node;
    this.wish = wish;
    this.span = span;
    this.last = span.range();
    this.starter = starter;
    this.pauseNanos = pauseNanos;
    this.listener = listener;
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /**
   * Serves a span.
   *
   * @param pauseNanos how long to wait before each look whether to move; unlike those of others
   * @throws FolkmootException as {@link ServedSpan#start}
   */
  public static MovingSpan start(
      SwarmNode node,
      ServedSpan.Wish wish,
      DoubleConsumer progress,
      LongSupplier pauseNanos,
      Listener listener) {
    return start(node, wish, progress, pauseNanos, listener, ServedSpan::start);
  }

  /** The same with another way to start a span. */
  static MovingSpan start(
      SwarmNode node,
      ServedSpan.Wish wish,
      DoubleConsumer progress,
      LongSupplier pauseNanos,
      Listener listener,
      Starter starter) {
    ServedSpan first = starter.start(node, wish, progress);
    MovingSpan moving = new MovingSpan(node, wish, first, pauseNanos, listener, starter);
    if (wish.layers().isEmpty() && wish.memory().isPresent()) {
      moving.lookLater();
    }
    return moving;
  }

  private synchronized void lookLater() {
    if (!closed) {
      var _ = thread.schedule(this::look, pauseNanos.getAsLong(), TimeUnit.NANOSECONDS);
    }
  }

  private void look() {
    if (isClosed()) {
      return;
    }
    ServedSpan now = span();
    try {
      if (now == null) {
        serve(last);
        listener.moved(last);
      } else {
        // What the others were told last may be of before it came here.
        Optional<LayerRange> better =
            now.better(wish.memory().getAsLong()).filter(to -> !to.equals(now.range()));
        if (better.isPresent()) {
          move(now, better.get());
        }
      }
    } catch (FolkmootException gone) {
      listener.failed(gone);
    } catch (RuntimeException | Error fault) {
      listener.failed(
          new FolkmootException(
              FolkmootException.Code.NO_ROOM, "the layers could not be served: " + fault, fault));
    } finally {
      lookLater();
    }
  }

  private void move(ServedSpan from, LayerRange to) {
    synchronized (this) {
      if (closed) {
        return;
      }
      span = null;
    }
    from.close();
    try {
      serve(to);
    } catch (FolkmootException notThere) {
      serve(last);
      listener.stays(last, notThere);
      return;
    }
    last = to;
    listener.moved(to);
  }

  /** Serves layers, of a node that is not closed meanwhile. */
  private void serve(LayerRange range) {
    ServedSpan next = starter.start(node, wish.at(range), _ -> {});
    boolean late;
    synchronized (this) {
      late = closed;
      span = late ? null : next;
    }
    if (late) {
      next.release();
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private synchronized @Nullable ServedSpan span() {
    return closed ? null : span;
  }

  /** What it serves now; empty while it is on its way. */
  public Optional<LayerRange> range() {
    return Optional.ofNullable(span()).map(ServedSpan::range);
  }

  /** Of how many layers, if it serves any now. */
  public int modelLayers() {
    ServedSpan now = span();
    return now == null ? 0 : now.modelLayers();
  }

  /** Frees its memory, of a node that is closed. */
  @Override
  public void close() {
    ServedSpan last;
    synchronized (this) {
      closed = true;
      last = span;
      span = null;
    }
    thread.shutdownNow();
    if (last != null) {
      last.release();
    }
  }
}
