package org.folkmoot.peer.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * A link over a channel of Netty. Frames wait here, not in the channel, until the channel takes
 * them; whoever sends from another thread wakes the channel's once, however many frames follow. Who
 * has more to say collects frames first (see {@link Outbox}).
 */
final class ChannelLink implements Link {
  /** What differs between the ways to carry bytes. Called on the channel's thread. */
  interface Carrier {
    /** The channel that takes the bytes. */
    Channel channel();

    /** All has been handed to the channel: says so to the other side, which then hangs up. */
    void finish();

    /** Hangs up at once. */
    void abort();
  }

  /** Frames up to here are copied behind their head, which is cheaper than two writes. */
  private static final int COPIED = 16 << 10;

  /** Bytes that are handed to the channel before it must send them. */
  private static final int BATCH = 128 << 10;

  /** Why a link is over that we did not end. */
  static final String CLOSED_THERE = "the other side closed the link";

  private final Carrier carrier;
  private final PeerId remote;
  private final PeerAddress remoteAddress;
  private final boolean outgoing;
  private final long closingNanos;
  private final Queue<byte[]> queue = new ConcurrentLinkedQueue<>();
  private final AtomicLong queued = new AtomicLong();
  private final AtomicBoolean woken = new AtomicBoolean();

  /** Why it is over or about to be; null as long as it is not. */
  private final AtomicReference<@Nullable String> end = new AtomicReference<>();

  // The channel's thread only.
  private @Nullable Receiver receiver;
  private Runnable whenOver = () -> {};
  private boolean draining;
  private boolean closing;
  private boolean finished;

  ChannelLink(
      Carrier carrier,
      PeerId remote,
      PeerAddress remoteAddress,
      boolean outgoing,
      long closingNanos) {
    this.carrier = carrier;
    this.remote = remote;
    this.remoteAddress = remoteAddress;
    this.outgoing = outgoing;
    this.closingNanos = closingNanos;
  }

  @Override
  public PeerId remote() {
    return remote;
  }

  @Override
  public PeerAddress remoteAddress() {
    return remoteAddress;
  }

  @Override
  public boolean outgoing() {
    return outgoing;
  }

  @Override
  public boolean send(byte[] frame) {
    if (frame.length < 1 || frame.length > Limits.MAX_FRAME) {
      throw new IllegalArgumentException("a frame of " + frame.length + " bytes");
    }
    if (end.get() != null) {
      return false;
    }
    if (queued.addAndGet(cost(frame)) > PeerTransport.MAX_QUEUED) {
      abort("the other side takes frames more slowly than they come");
      return false;
    }
    queue.add(frame);
    return Outbox.ofThread().keeps(this) || post();
  }

  /** Sends what waits, on the channel's thread. Gives false if that has ended. */
  boolean post() {
    if (carrier.channel().eventLoop().inEventLoop()) {
      drain();
      return true;
    }
    return woken.get() || !woken.compareAndSet(false, true) || onThread(this::drain);
  }

  @Override
  public void close(String why) {
    if (end.compareAndSet(null, why)) {
      onThread(this::beginClosing);
    }
  }

  private void beginClosing() {
    closing = true;
    abortLater();
    drain();
  }

  /** Whether we closed it, and wait for the other side to agree. On the channel's thread. */
  boolean closing() {
    return closing;
  }

  /** The other side says no more and listens no more: drops what waits for it. */
  void remoteFinished() {
    end.compareAndSet(null, CLOSED_THERE);
    queue.clear();
    abortLater();
  }

  private void abortLater() {
    var _ =
        carrier.channel().eventLoop().schedule(carrier::abort, closingNanos, TimeUnit.NANOSECONDS);
  }

  /** Ends the link without sending what waits. */
  void abort(String why) {
    end.compareAndSet(null, why);
    onThread(carrier::abort);
  }

  /** Hands to the channel what it takes. */
  void drain() {
    woken.set(false);
    if (draining) {
      return;
    }
    draining = true;
    try {
      do {
        drainOnce();
        // A channel that was full may take more since, and said so while we did not listen.
      } while (!queue.isEmpty() && carrier.channel().isWritable());
    } finally {
      draining = false;
    }
    finishIfDone();
  }

  private void drainOnce() {
    int batch = 0;
    for (byte[] frame = next(); frame != null; frame = next()) {
      write(frame);
      batch += cost(frame);
      if (batch >= BATCH) {
        carrier.channel().flush();
        batch = 0;
      }
    }
    if (batch > 0) {
      carrier.channel().flush();
    }
  }

  /** After the last byte has left: a stream of QUIC that ends drops what it has not sent. */
  private void finishIfDone() {
    if (closing && !finished && queued.get() == 0) {
      finished = true;
      carrier.finish();
    }
  }

  private byte @Nullable [] next() {
    return carrier.channel().isWritable() ? queue.poll() : null;
  }

  private void write(byte[] frame) {
    Channel channel = carrier.channel();
    ByteBuf head =
        channel
            .alloc()
            .buffer(FrameReader.HEAD + (frame.length <= COPIED ? frame.length : 0))
            .writeIntLE(frame.length);
    ChannelFuture written;
    if (frame.length <= COPIED) {
      written = channel.write(head.writeBytes(frame));
    } else {
      var _ = channel.write(head);
      written = channel.write(Unpooled.wrappedBuffer(frame));
    }
    written.addListener(sent -> {
      queued.addAndGet(-cost(frame));
      if (!sent.isSuccess()) {
        carrier.abort();
      }
      finishIfDone();
    });
  }

  private static int cost(byte[] frame) {
    return FrameReader.HEAD + frame.length;
  }

  private boolean onThread(Runnable task) {
    try {
      carrier.channel().eventLoop().execute(task);
      return true;
    } catch (RejectedExecutionException transportIsClosed) {
      return false;
    }
  }

  /**
   * Says whose frames these are. Before the first.
   *
   * @param gone run when the link is over
   */
  void start(Receiver taker, Runnable gone) {
    receiver = taker;
    whenOver = gone;
  }

  /** A frame came; none is delivered after the link's end. */
  void deliver(byte[] frame) {
    if (end.get() == null && receiver != null) {
      ReadingThread.reads(carrier.channel().eventLoop());
      receiver.frame(this, frame);
    }
  }

  /** The channel is gone. */
  void ended(String why) {
    end.compareAndSet(null, why);
    String reason = Objects.requireNonNull(end.get());
    queue.clear();
    Receiver taker = receiver;
    if (taker != null) {
      receiver = null;
      whenOver.run();
      taker.closed(this, reason);
    }
  }

  /** As in logs. */
  @Override
  public String toString() {
    return (outgoing ? "to " : "from ") + remote + " at " + remoteAddress;
  }
}
