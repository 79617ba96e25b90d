package org.folkmoot.peer.transport;

import io.netty.handler.codec.quic.BoringSSLContextOption;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.ssl.ClientAuth;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Set;
import org.folkmoot.peer.Identity;

/** The TLS 1.3 inside QUIC (RFC 9001), as peers speak it: both sides show a certificate. */
final class QuicContexts {
  /** The algorithm of our keys, as the JDK names it. */
  private static final String KEY = "EdDSA";

  /** What BoringSSL calls the authentication of TLS 1.3, which its cipher suites leave open. */
  private static final Map<String, String> SERVER_KEYS =
      Map.of("GENERIC", KEY, "UNKNOWN", KEY, "ECDHE_ECDSA", KEY);

  private final PrivateKey key;
  private final X509Certificate certificate;

  QuicContexts(Identity identity) {
    key = identity.privateKey();
    certificate = Certificates.selfSigned(identity);
  }

  /** For who is dialled. */
  QuicSslContext server() {
    return build(
        QuicSslContextBuilder.forServer(key, null, certificate).clientAuth(ClientAuth.REQUIRE),
        new PeerTrust(null));
  }

  /** For one dial: a context of its own, so that no session of another peer is resumed. */
  QuicSslContext client(PeerTrust trust) {
    return build(QuicSslContextBuilder.forClient().keyManager(key, null, certificate), trust);
  }

  private static QuicSslContext build(QuicSslContextBuilder builder, PeerTrust trust) {
    return builder
        .option(BoringSSLContextOption.SIGNATURE_ALGORITHMS, new String[] {"ed25519"})
        .option(BoringSSLContextOption.SERVER_KEY_TYPES, SERVER_KEYS)
        .option(BoringSSLContextOption.CLIENT_KEY_TYPES, Set.of(KEY))
        .trustManager(trust)
        .applicationProtocols(TlsContexts.PROTOCOL)
        .build();
  }
}
