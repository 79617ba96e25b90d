package org.folkmoot.peer.transport;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** TLS 1.3 (RFC 8446) of the JDK, as peers speak it: both sides show a certificate. */
final class TlsContexts {
  /** What is spoken inside, agreed on in the handshake (RFC 7301): other programs fail there. */
  static final String PROTOCOL = "folkmoot/1";

  /** The faster first where AES is in hardware, which is nearly everywhere. */
  private static final List<String> CIPHERS =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256");

  private final PrivateKey key;
  private final X509Certificate certificate;

  TlsContexts(Identity identity) {
    key = identity.privateKey();
    certificate = Certificates.selfSigned(identity);
  }

  /** For who is dialled. */
  SslContext server() {
    return build(SslContextBuilder.forServer(key, certificate), null);
  }

  /** For one dial: a context of its own, so that no session of another peer is resumed. */
  SslContext client(PeerId expected) {
    return build(SslContextBuilder.forClient().keyManager(key, certificate), expected);
  }

  private static SslContext build(SslContextBuilder builder, @Nullable PeerId expected) {
    try {
      return builder
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3")
          .ciphers(CIPHERS)
          .clientAuth(ClientAuth.REQUIRE)
          .trustManager(new PeerTrust(expected))
          .applicationProtocolConfig(
              new ApplicationProtocolConfig(
                  Protocol.ALPN,
                  SelectorFailureBehavior.FATAL_ALERT,
                  SelectedListenerFailureBehavior.FATAL_ALERT,
                  PROTOCOL))
          .build();
    } catch (SSLException ofOurOwnMaking) {
      throw new IllegalStateException(ofOurOwnMaking);
    }
  }
}
