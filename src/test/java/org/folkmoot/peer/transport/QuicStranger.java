package org.folkmoot.peer.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.BoringSSLContextOption;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.folkmoot.peer.transport.OtherCertificates.Credentials;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;
import org.jspecify.annotations.Nullable;

/** QUIC in the hands of somebody who finishes the handshake, if he is let, and does as he likes. */
final class QuicStranger implements AutoCloseable {
  /** How he is. */
  record Manner(
      @Nullable Credentials credentials,
      String protocol,
      int streams,
      long window,
      long idleMillis) {
    /**
     * As a peer is.
     *
     * @param credentials null for none
     */
    static Manner of(@Nullable Credentials credentials) {
      long patience = TimeUnit.SECONDS.toMillis(Recorder.PATIENCE_SECONDS);
      return new Manner(credentials, TlsContexts.PROTOCOL, 1, 1 << 20, patience);
    }

    /** He speaks something else inside. */
    Manner speaking(String other) {
      return new Manner(credentials, other, streams, window, idleMillis);
    }

    /** The other side may open so many streams and send so many bytes. */
    Manner granting(int mostStreams, long mostBytes) {
      return new Manner(credentials, protocol, mostStreams, mostBytes, idleMillis);
    }

    /** After so much silence he takes a connection to be over. */
    Manner idleFor(long millis) {
      return new Manner(credentials, protocol, streams, window, millis);
    }
  }

  private final EventLoopGroup thread = Loops.start("stranger", 1);
  private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Channel port;

  /**
   * One socket.
   *
   * @param from an address of loopback
   */
  QuicStranger(String from, Manner manner) {
    port =
        new Bootstrap()
            .group(thread)
            .channel(NioDatagramChannel.class)
            .handler(
                new QuicClientCodecBuilder()
                    .sslContext(context(manner))
                    .maxIdleTimeout(manner.idleMillis(), TimeUnit.MILLISECONDS)
                    .initialMaxData(manner.window())
                    .initialMaxStreamDataUnidirectional(manner.window())
                    .initialMaxStreamsUnidirectional(manner.streams())
                    .build())
            .bind(new InetSocketAddress(from, 0))
            .syncUninterruptibly()
            .channel();
  }

  private static QuicSslContext context(Manner manner) {
    QuicSslContextBuilder builder =
        QuicSslContextBuilder.forClient()
            .trustManager(new PeerTrust(null))
            .applicationProtocols(manner.protocol())
            .option(BoringSSLContextOption.CLIENT_KEY_TYPES, Set.of("EdDSA", "EC"))
            .option(
                BoringSSLContextOption.SIGNATURE_ALGORITHMS,
                new String[] {"ed25519", "ecdsa_secp256r1_sha256"});
    Credentials shown = manner.credentials();
    return (shown == null ? builder : builder.keyManager(shown.key(), null, shown.certificate()))
        .build();
  }

  /** A connection whose handshake is done as far as he can tell; else its end is told. */
  Optional<QuicChannel> connect(int to) throws InterruptedException {
    var connecting =
        QuicChannel.newBootstrap(port)
            .handler(new Watch())
            .streamHandler(new Mute())
            .remoteAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), to))
            .connect()
            .await();
    if (connecting.isSuccess()) {
      connections.add(connecting.getNow());
      return Optional.of(connecting.getNow());
    }
    ends.add(Faults.dial(new PeerAddress(Scheme.QUIC, "127.0.0.1", to), connecting.cause()));
    return Optional.empty();
  }

  /** A stream of his; empty if he may not have it. */
  static Optional<QuicStreamChannel> stream(QuicChannel connection, QuicStreamType type)
      throws InterruptedException {
    var created = connection.createStream(type, new ChannelInboundHandlerAdapter()).await();
    return created.isSuccess() ? Optional.of(created.getNow()) : Optional.empty();
  }

  /** Why a connection ended or was not to be had. */
  String end() throws InterruptedException {
    return String.valueOf(ends.poll(Recorder.PATIENCE_SECONDS, TimeUnit.SECONDS));
  }

  /** Is gone without a word. */
  void vanish() {
    port.close().syncUninterruptibly();
  }

  @Override
  public void close() {
    connections.close().awaitUninterruptibly();
    port.close().syncUninterruptibly();
    var _ = thread.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /** Notes how a connection ends. */
  private final class Watch extends ChannelInboundHandlerAdapter {
    private String end = "closed without a word";

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof QuicConnectionCloseEvent said) {
        end = Faults.why(said);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      ends.add(end);
    }
  }

  /** Takes no notice of what comes. */
  private static final class Mute extends ChannelInboundHandlerAdapter {
    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ReferenceCountUtil.release(message);
    }
  }
}
