package org.folkmoot.peer.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.quic.QuicException;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Brings a link what its channel receives. */
final class LinkHandler extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = System.getLogger(LinkHandler.class.getName());

  private final ChannelLink link;
  private final Runnable over;
  private final long frameNanos;
  private final FrameReader reader = new FrameReader();
  private boolean watching;

  /** The frame that is not whole: how many were before it, and when its first byte came. */
  private long begun = -1;

  private long begunNanos;

  /**
   * A handler of the channel that brings a link's frames.
   *
   * @param frame how long one may take
   * @param over run when the channel brings nothing any more
   */
  LinkHandler(ChannelLink link, Duration frame, Runnable over) {
    this.link = link;
    this.over = over;
    frameNanos = frame.toNanos();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    boolean[] several = {false};
    try {
      reader.read(
          bytes,
          frame -> {
            if (!several[0] && bytes.isReadable()) {
              several[0] = true; // answers to all of them go together
              Outbox.ofThread().open();
            }
            link.deliver(frame);
          });
    } catch (FrameReader.Malformed malformed) {
      link.abort("the other side sent " + malformed.getMessage());
    } finally {
      if (several[0]) {
        Outbox.ofThread().close();
      }
      bytes.release();
    }
    if (reader.midway()) {
      watch(context);
    }
  }

  /** Looks at a frame that is not whole when its time is over. */
  private void watch(ChannelHandlerContext context) {
    if (reader.completed() != begun) {
      begun = reader.completed();
      begunNanos = now(context);
    }
    if (!watching) {
      watching = true;
      long left = begunNanos + frameNanos - now(context);
      var _ = context.executor().schedule(() -> look(context), left, TimeUnit.NANOSECONDS);
    }
  }

  private void look(ChannelHandlerContext context) {
    watching = false;
    if (reader.midway() && now(context) - begunNanos >= frameNanos) {
      link.abort("a frame took longer than " + TimeUnit.NANOSECONDS.toSeconds(frameNanos) + " s");
    } else if (reader.midway()) {
      watch(context);
    }
  }

  private static long now(ChannelHandlerContext context) {
    return context.channel().eventLoop().ticker().nanoTime();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    link.drain();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslCloseCompletionEvent) {
      // The other side has said all: answers its farewell.
      var _ = context.close();
    } else if (event instanceof ChannelInputShutdownReadComplete) {
      over.run();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    over.run();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof QuicStreamResetException) {
      over.run();
    } else if (cause instanceof IOException
        || cause instanceof DecoderException
        || cause instanceof QuicException) {
      link.abort(Faults.broken(cause));
    } else {
      LOG.log(Level.ERROR, "a link failed by a defect of this program", cause);
      link.abort("this side failed");
    }
  }
}
