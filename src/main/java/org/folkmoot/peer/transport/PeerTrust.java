package org.folkmoot.peer.transport;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** Trusts any peer that proves its key, or only one. No authority, no names, no dates. */
final class PeerTrust extends X509ExtendedTrustManager {
  private final @Nullable PeerId expected;
  private volatile @Nullable CertificateException refused;

  /**
   * Who may be at the other end.
   *
   * @param expected null for any peer
   */
  PeerTrust(@Nullable PeerId expected) {
    this.expected = expected;
  }

  /** Why it refused who was there; null if it did not. */
  @Nullable CertificateException refused() {
    return refused;
  }

  private void check(X509Certificate[] chain) throws CertificateException {
    try {
      PeerId peer = Certificates.peer(chain);
      if (expected != null && !expected.equals(peer)) {
        throw new CertificateException("is the peer " + peer + ", not " + expected);
      }
    } catch (CertificateException wrong) {
      refused = wrong;
      throw wrong;
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    check(chain);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
