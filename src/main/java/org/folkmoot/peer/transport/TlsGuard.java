package org.folkmoot.peer.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.relay.CircuitGuard;
import org.folkmoot.wire.PeerId;

/**
 * TLS 1.3 over a circuit: the same certificates, the same checks and the same frames as over TCP.
 * It has no thread and no socket; all is computed where bytes are handed in.
 */
public final class TlsGuard implements CircuitGuard {
  private final TlsContexts contexts;
  private final SslContext server;

  /** For circuits of one peer. */
  public TlsGuard(Identity identity) {
    contexts = new TlsContexts(identity);
    server = contexts.server();
  }

  @Override
  public Session dial(PeerId expected, End end) {
    return new Guarded(contexts.client(expected), end);
  }

  @Override
  public Session accept(End end) {
    return new Guarded(server, end);
  }

  private static final class Guarded extends ChannelInboundHandlerAdapter implements Session {
    private final End end;
    private final SslHandler tls;
    private final EmbeddedChannel channel;
    private final FrameReader reader = new FrameReader();
    private boolean over;

    Guarded(SslContext context, End end) {
      this.end = end;
      channel = new EmbeddedChannel();
      tls = context.newHandler(channel.alloc());
      // Whoever opens or takes a circuit has a deadline of its own.
      tls.setHandshakeTimeoutMillis(0);
      channel.pipeline().addLast(tls, this);
      drain();
    }

    @Override
    public void received(byte[] bytes) {
      if (!over) {
        channel.writeInbound(Unpooled.wrappedBuffer(bytes));
        drain();
      }
    }

    @Override
    public void send(byte[] frame) {
      if (!over) {
        channel.writeOutbound(
            channel.alloc().buffer(FrameReader.HEAD).writeIntLE(frame.length),
            Unpooled.wrappedBuffer(frame));
        drain();
      }
    }

    private void drain() {
      for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes).release();
        if (!over) {
          end.transmit(bytes);
        }
      }
    }

    @Override
    public void close() {
      over = true;
      channel.finishAndReleaseAll();
    }

    private void broken(String why) {
      if (!over) {
        over = true;
        end.broken(why);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      switch (event) {
        case SslHandshakeCompletionEvent done when !done.isSuccess() ->
            broken(Faults.broken(done.cause()));
        case SslHandshakeCompletionEvent _ -> {
          if (TlsContexts.PROTOCOL.equals(tls.applicationProtocol())) {
            drain();
            end.proved(TlsTransport.peer(tls));
          } else {
            broken("the other end is no peer");
          }
        }
        case SslCloseCompletionEvent _ -> broken(ChannelLink.CLOSED_THERE);
        default -> {
          // Of no concern.
        }
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      try {
        reader.read(
            bytes,
            frame -> {
              if (!over) {
                end.frame(frame);
              }
            });
      } catch (FrameReader.Malformed malformed) {
        broken("the other side sent " + malformed.getMessage());
      } finally {
        bytes.release();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      broken(Faults.broken(cause));
    }
  }
}
