package org.folkmoot.peer.transport;

import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicCodecBuilder;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.relay.Shortcut;
import org.folkmoot.peer.transport.Gate.Pass;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * Frames over QUIC (RFC 9000), both sides authenticated by their Ed25519 keys. One UDP port listens
 * and dials. Needs native code, which some machines lack: they have {@link TlsTransport}.
 */
public final class QuicTransport implements PeerTransport, Shortcut {
  /** Silence that ends a connection. The layer above speaks several times in between. */
  private static final Duration IDLE = Duration.ofSeconds(10);

  /**
   * Bytes under way to us that we have not read yet, of a link. Frames are read as they come, so
   * this bounds what a burst takes, and is what a fast path of 200 ms carries at 20 MB/s.
   */
  private static final long WINDOW = 4 << 20;

  /** Of the socket: a burst of some thousand packets while a great frame is decrypted. */
  private static final int SOCKET_BUFFER = 4 << 20;

  /** A byte that begins no packet of QUIC (RFC 9000, 17: its second bit is set). */
  private static final byte[] KNOCK = {0};

  /** One may be lost, or be there before the other side's router has been opened. */
  private static final long[] KNOCKS_MILLIS = {0, 100, 300};

  private static final AttributeKey<ChannelLink> LINK =
      AttributeKey.valueOf(QuicTransport.class, "link");
  private static final AttributeKey<QuicCarrier> CARRIER =
      AttributeKey.valueOf(QuicTransport.class, "carrier");
  private static final AttributeKey<Dial> DIAL = AttributeKey.valueOf(QuicTransport.class, "dial");

  private final LinkTable links;
  private final QuicContexts contexts;
  private final SecureRandom random;
  private final Resolver resolver = new Resolver();
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final EventLoopGroup carrying = Loops.start("folkmoot-quic", 1);
  private final boolean listening;
  private final Channel port;
  private final PortSharing sharing;

  private QuicTransport(
      Identity identity,
      TransportLimits limits,
      @Nullable InetSocketAddress listen,
      Acceptor acceptor,
      SecureRandom random) {
    ensureSupported();
    this.random = random;
    links = new LinkTable(Scheme.QUIC, limits, acceptor, carrying.next().ticker());
    contexts = new QuicContexts(identity);
    listening = listen != null;
    try {
      port = bind(listen == null ? new InetSocketAddress(0) : listen);
      sharing = PortSharing.install(port.pipeline(), dialledCodec(), diallingCodec(), random);
      // The codecs are in their places once the loop has put them there: what came before was lost.
      var _ = port.eventLoop().submit(() -> {}).awaitUninterruptibly();
    } catch (FolkmootException cannot) {
      stopThreads();
      throw cannot;
    }
  }

  private static void ensureSupported() {
    if (!Quic.isAvailable()) {
      throw new FolkmootException(
          UNSUPPORTED,
          "QUIC has no native code for this system: peers are reached by TLS only",
          Quic.unavailabilityCause());
    }
  }

  /**
   * A transport that only dials.
   *
   * @throws FolkmootException UNSUPPORTED if this system lacks the native code
   */
  public static QuicTransport dialling(
      Identity identity, TransportLimits limits, SecureRandom random) {
    return new QuicTransport(
        identity,
        limits,
        null,
        link -> {
          throw new IllegalStateException("a link was accepted by who does not listen");
        },
        random);
  }

  /**
   * A transport that dials and listens.
   *
   * @param listen where; port 0 for any free one
   * @throws FolkmootException BUSY if another program has the port, BAD_REQUEST if the address is
   *     none of this machine, UNSUPPORTED if this system lacks the native code
   */
  public static QuicTransport listening(
      Identity identity,
      TransportLimits limits,
      InetSocketAddress listen,
      Acceptor acceptor,
      SecureRandom random) {
    return new QuicTransport(identity, limits, listen, acceptor, random);
  }

  private Channel bind(InetSocketAddress address) {
    ChannelFuture bound =
        new Bootstrap()
            .group(carrying)
            .channel(NioDatagramChannel.class)
            .option(ChannelOption.SO_RCVBUF, SOCKET_BUFFER)
            .option(ChannelOption.SO_SNDBUF, SOCKET_BUFFER)
            .handler(new ChannelInboundHandlerAdapter())
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw Loops.cannotListen(address, bound.cause());
    }
    return bound.channel();
  }

  private ChannelHandler dialledCodec() {
    byte[] secret = new byte[32];
    random.nextBytes(secret);
    QuicDoor door = new QuicDoor(links, listening, port.eventLoop().ticker());
    QuicSslContext context = contexts.server();
    return bounded(new QuicServerCodecBuilder())
        .sslEngineProvider(connection -> context.newEngine(connection.alloc()))
        .tokenHandler(
            new RetryTokens(secret, port.eventLoop().ticker(), door::trusts, door::answers))
        .handler(
            new ChannelInitializer<QuicChannel>() {
              @Override
              protected void initChannel(QuicChannel connection) {
                connection.pipeline().addLast(new Handshake(null));
                door.admit(connection);
              }
            })
        .streamHandler(new InwardStreams())
        .build();
  }

  private ChannelHandler diallingCodec() {
    return bounded(new QuicClientCodecBuilder())
        .sslEngineProvider(
            connection -> connection.attr(DIAL).get().context().newEngine(connection.alloc()))
        .build();
  }

  private static <B extends QuicCodecBuilder<B>> B bounded(B builder) {
    return builder
        .localConnectionIdLength(PortSharing.ID_BYTES)
        .maxIdleTimeout(IDLE.toMillis(), TimeUnit.MILLISECONDS)
        .initialMaxData(WINDOW)
        .initialMaxStreamDataUnidirectional(WINDOW)
        .initialMaxStreamsUnidirectional(1)
        .initialMaxStreamsBidirectional(0)
        .activeMigration(false);
  }

  @Override
  public Scheme scheme() {
    return Scheme.QUIC;
  }

  @Override
  public int listenPort() {
    return listening ? ((InetSocketAddress) port.localAddress()).getPort() : 0;
  }

  @Override
  public void dial(PeerAddress address, PeerId expected, Dialled result) {
    Attempt attempt = links.begin(carrying.next(), address, expected, result);
    if (attempt == null) {
      return;
    }
    resolver.resolve(address.host(), attempt, host -> connect(host, attempt));
  }

  @Override
  public void knock(PeerAddress observed) {
    InetSocketAddress at;
    try {
      at = new InetSocketAddress(InetAddress.ofLiteral(observed.host()), observed.port());
    } catch (IllegalArgumentException aName) {
      return;
    }
    for (long millis : KNOCKS_MILLIS) {
      var _ =
          port.eventLoop()
              .schedule(
                  () -> {
                    // From before the codecs: it is no packet of theirs, and no one's over there.
                    var _ =
                        port.pipeline()
                            .firstContext()
                            .writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(KNOCK), at));
                  },
                  millis,
                  TimeUnit.MILLISECONDS);
    }
  }

  /** What one dial needs besides its attempt. */
  private record Dial(Attempt attempt, PeerTrust trust, QuicSslContext context) {
    /** Says why a handshake failed: our own reason is better than that of the native code. */
    void failed(Throwable fault) {
      CertificateException refused = trust.refused();
      attempt.failed(refused == null ? fault : refused);
    }
  }

  private void connect(InetAddress host, Attempt attempt) {
    PeerTrust trust = new PeerTrust(attempt.expected());
    Dial dial = new Dial(attempt, trust, contexts.client(trust));
    long most = links.limits().connect().plus(links.limits().handshake()).toMillis();
    QuicChannel.newBootstrap(port)
        .attr(DIAL, dial)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(most))
        .localConnectionAddress(sharing.newId())
        .remoteAddress(new InetSocketAddress(host, attempt.address().port()))
        .handler(new Handshake(dial))
        .streamHandler(new InwardStreams())
        .connect()
        .addListener(connected -> {
          if (!connected.isSuccess()) {
            dial.failed(connected.cause());
          }
        });
  }

  /** Waits for the keys to be proved, then opens our stream and makes room for the link. */
  private final class Handshake extends ChannelInboundHandlerAdapter {
    private final @Nullable Dial dial;

    /** What the other side said when it closed the connection; null if it did not. */
    private @Nullable QuicConnectionCloseEvent farewell;

    Handshake(@Nullable Dial dial) {
      this.dial = dial;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      connections.add(context.channel());
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      QuicChannel connection = (QuicChannel) context.channel();
      Pass pass = connection.attr(Pass.KEY).get();
      if (dial == null && (pass == null || !pass.authenticated())) {
        QuicCarrier.refuse(connection);
        return;
      }
      connection
          .createStream(QuicStreamType.UNIDIRECTIONAL, new Outward())
          .addListener(created -> {
            if (created.isSuccess()) {
              established(connection, (QuicStreamChannel) created.getNow());
            } else {
              failed(created.cause());
              QuicCarrier.hangUp(connection);
            }
          });
    }

    private void established(QuicChannel connection, QuicStreamChannel outward) {
      InetSocketAddress remote =
          (InetSocketAddress) Objects.requireNonNull(connection.remoteSocketAddress());
      QuicCarrier carrier = new QuicCarrier(connection, outward);
      ChannelLink link =
          links.open(carrier, peer(connection), remote, dial == null ? null : dial.attempt());
      if (link == null) {
        QuicCarrier.hangUp(connection);
        return;
      }
      connection.attr(CARRIER).set(carrier);
      connection.attr(LINK).set(link);
    }

    private void failed(Throwable fault) {
      if (dial != null) {
        dial.failed(fault);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof QuicConnectionCloseEvent said) {
        farewell = said;
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      QuicChannel connection = (QuicChannel) context.channel();
      ChannelLink link = connection.attr(LINK).get();
      if (link == null) {
        failed(new ClosedChannelException());
      } else {
        link.ended(why(connection));
      }
    }

    private String why(QuicChannel connection) {
      if (connection.isTimedOut()) {
        return "the other side was silent for " + IDLE.toSeconds() + " s";
      }
      return farewell == null || farewell.isApplicationClose() || farewell.error() == 0
          ? ChannelLink.CLOSED_THERE
          : "the other side " + Faults.why(farewell);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      failed(cause);
      QuicCarrier.hangUp((QuicChannel) context.channel());
    }
  }

  /** Takes the other side's stream. */
  private final class InwardStreams extends ChannelInitializer<QuicStreamChannel> {
    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    protected void initChannel(QuicStreamChannel stream) {
      QuicChannel connection = stream.parent();
      ChannelLink link = connection.attr(LINK).get();
      if (link == null) {
        QuicCarrier.hangUp(connection);
        return;
      }
      QuicCarrier carrier = connection.attr(CARRIER).get();
      stream
          .pipeline()
          .addLast(
              new LinkHandler(link, links.limits().frame(), () -> carrier.remoteFinished(link)));
    }
  }

  /** Watches our own stream, on which nothing comes. */
  private static final class Outward extends ChannelInboundHandlerAdapter {
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      ChannelLink link = context.channel().parent().attr(LINK).get();
      if (link != null) {
        link.drain();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      QuicCarrier.hangUp((QuicChannel) context.channel().parent());
    }
  }

  private static PeerId peer(QuicChannel connection) {
    try {
      return Certificates.peer(
          Arrays.copyOf(
              Objects.requireNonNull(connection.sslEngine()).getSession().getPeerCertificates(),
              1,
              X509Certificate[].class));
    } catch (SSLPeerUnverifiedException | CertificateException trustedBefore) {
      throw new IllegalStateException(trustedBefore);
    }
  }

  /** Connections there are now, those of strangers too. */
  int connections() {
    return connections.size();
  }

  /**
   * Closes all links and stops listening: waits a little longer than links may take to close. Not
   * to be called in a callback.
   */
  @Override
  public void close() {
    links.close();
    var _ = connections.close(connection -> !connection.hasAttr(LINK));
    long most = 2 * links.limits().closing().toMillis();
    connections.newCloseFuture().awaitUninterruptibly(most);
    port.close().awaitUninterruptibly(most);
    stopThreads();
  }

  private void stopThreads() {
    Loops.stop(carrying);
    resolver.close();
  }
}
