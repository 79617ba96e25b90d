package org.folkmoot.peer.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.transport.Gate.Pass;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * Frames over TLS 1.3 over TCP (RFC 8446), both sides authenticated by their Ed25519 keys. Pure
 * Java: it works wherever TCP does.
 */
public final class TlsTransport implements PeerTransport {
  /** Connections that wait to be accepted: a flood is thinned by our {@link Gate}, not here. */
  private static final int BACKLOG = 1024;

  /**
   * Threads that carry bytes: one, so that what came by one link goes on by another without the
   * wake-up of a second thread. It decrypts a gigabyte in a second.
   */
  private static final int CARRIERS = 1;

  private final LinkTable links;
  private final TlsContexts contexts;
  private final Resolver resolver = new Resolver();
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  /** Accepts alone: a flood of connections then takes no time of links. */
  private final EventLoopGroup accepting = Loops.start("folkmoot-tls-accept", 1);

  private final EventLoopGroup carrying = Loops.start("folkmoot-tls", CARRIERS);

  /** The arithmetic of handshakes, milliseconds each. */
  private final ExecutorService handshakes =
      Executors.newSingleThreadExecutor(new DefaultThreadFactory("folkmoot-tls-handshake", true));

  private @Nullable Channel listener;

  private TlsTransport(Identity identity, TransportLimits limits, Acceptor acceptor) {
    links = new LinkTable(Scheme.TLS, limits, acceptor, carrying.next().ticker());
    contexts = new TlsContexts(identity);
  }

  /** A transport that only dials. */
  public static TlsTransport dialling(Identity identity, TransportLimits limits) {
    return new TlsTransport(
        identity,
        limits,
        link -> {
          throw new IllegalStateException("a link was accepted by who does not listen");
        });
  }

  /**
   * A transport that dials and listens.
   *
   * @param listen where; port 0 for any free one
   * @throws FolkmootException BUSY if another program has the port, BAD_REQUEST if the address is
   *     none of this machine
   */
  public static TlsTransport listening(
      Identity identity, TransportLimits limits, InetSocketAddress listen, Acceptor acceptor) {
    TlsTransport transport = new TlsTransport(identity, limits, acceptor);
    try {
      transport.listen(listen);
      return transport;
    } catch (FolkmootException cannot) {
      transport.close();
      throw cannot;
    }
  }

  private void listen(InetSocketAddress address) {
    SslContext context = contexts.server();
    ChannelFuture bound =
        new ServerBootstrap()
            .group(accepting, carrying)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .handler(new Doorkeeper())
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    handshake(channel, context, null);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw Loops.cannotListen(address, bound.cause());
    }
    listener = bound.channel();
  }

  /** Turns away what is beyond the bounds before it costs a thread's time or memory. */
  private final class Doorkeeper extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      Channel connection = (Channel) message;
      Pass pass =
          connection.remoteAddress() instanceof InetSocketAddress from
              ? links.gate().admit(from.getAddress())
              : null;
      if (pass == null) {
        // Reset rather than closed: nothing of it then stays with the system.
        connection.config().setOption(ChannelOption.SO_LINGER, 0);
        connection.unsafe().closeForcibly();
        return;
      }
      connection.attr(Pass.KEY).set(pass);
      connection.closeFuture().addListener(_ -> pass.release());
      context.fireChannelRead(message);
    }
  }

  @Override
  public Scheme scheme() {
    return Scheme.TLS;
  }

  @Override
  public int listenPort() {
    return listener == null ? 0 : ((InetSocketAddress) listener.localAddress()).getPort();
  }

  @Override
  public void dial(PeerAddress address, PeerId expected, Dialled result) {
    Attempt attempt = links.begin(carrying.next(), address, expected, result);
    if (attempt == null) {
      return;
    }
    resolver.resolve(address.host(), attempt, host -> connect(host, attempt));
  }

  private void connect(InetAddress host, Attempt attempt) {
    SslContext context = contexts.client(attempt.expected());
    new Bootstrap()
        .group(carrying)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(
            ChannelOption.CONNECT_TIMEOUT_MILLIS,
            Math.toIntExact(links.limits().connect().toMillis()))
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                handshake(channel, context, attempt);
              }
            })
        .connect(new InetSocketAddress(host, attempt.address().port()))
        .addListener(connected -> {
          if (!connected.isSuccess()) {
            attempt.failed(connected.cause());
          }
        });
  }

  private void handshake(Channel channel, SslContext context, @Nullable Attempt attempt) {
    connections.add(channel);
    SslHandler tls = context.newHandler(channel.alloc(), handshakes);
    tls.setHandshakeTimeoutMillis(links.limits().handshake().toMillis());
    long closing = links.limits().closing().toMillis();
    // A link has its own timer, which is to be first; this one is for who never became a link.
    tls.setCloseNotifyFlushTimeoutMillis(2 * closing);
    tls.setCloseNotifyReadTimeoutMillis(closing);
    channel.pipeline().addLast(tls).addLast(new Handshake(tls, attempt));
  }

  /** Waits for the keys to be proved, then makes room for the link. */
  private final class Handshake extends ChannelInboundHandlerAdapter {
    private final SslHandler tls;
    private final @Nullable Attempt attempt;

    Handshake(SslHandler tls, @Nullable Attempt attempt) {
      this.tls = tls;
      this.attempt = attempt;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done) {
        if (done.isSuccess()) {
          established(context);
        } else {
          failed(done.cause());
        }
      }
    }

    private void established(ChannelHandlerContext context) {
      Channel channel = context.channel();
      Pass pass = channel.attr(Pass.KEY).get();
      if (!TlsContexts.PROTOCOL.equals(tls.applicationProtocol())
          || (pass != null && !pass.authenticated())) {
        failed(new ClosedChannelException());
        var _ = context.close();
        return;
      }
      InetSocketAddress remote = (InetSocketAddress) channel.remoteAddress();
      ChannelLink link = links.open(new TlsCarrier(channel), peer(tls), remote, attempt);
      if (link == null) {
        var _ = context.close();
        return;
      }
      Runnable over = () -> link.ended(ChannelLink.CLOSED_THERE);
      context.pipeline().replace(this, null, new LinkHandler(link, links.limits().frame(), over));
    }

    private void failed(Throwable fault) {
      if (attempt != null) {
        attempt.failed(fault);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      failed(new ClosedChannelException());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      failed(cause);
      var _ = context.close();
    }
  }

  static PeerId peer(SslHandler tls) {
    try {
      return Certificates.peer(
          Arrays.copyOf(
              tls.engine().getSession().getPeerCertificates(), 1, X509Certificate[].class));
    } catch (SSLPeerUnverifiedException | CertificateException trustedBefore) {
      throw new IllegalStateException(trustedBefore);
    }
  }

  /**
   * Closes all links and stops listening: waits a little longer than links may take to close. Not
   * to be called in a callback.
   */
  @Override
  public void close() {
    ChannelFuture ended = listener == null ? null : listener.close();
    links.close();
    var _ = connections.close(channel -> channel.pipeline().get(LinkHandler.class) == null);
    long most = 2 * links.limits().closing().toMillis();
    connections.newCloseFuture().awaitUninterruptibly(most);
    if (ended != null) {
      ended.awaitUninterruptibly(most);
    }
    Loops.stop(accepting, carrying);
    resolver.close();
    handshakes.shutdownNow();
  }
}
