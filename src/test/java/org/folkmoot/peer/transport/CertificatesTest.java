package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.junit.jupiter.api.Test;

class CertificatesTest {
  private static final Identity IDENTITY = SeededRandom.identity(1);

  @Test
  void aCertificateNamesItsPeer() throws Exception {
    X509Certificate own = Certificates.selfSigned(IDENTITY);
    assertThat(Certificates.peer(own)).isEqualTo(IDENTITY.peerId());
    own.verify(own.getPublicKey());
    assertThat(Certificates.selfSigned(IDENTITY).getEncoded()).isEqualTo(own.getEncoded());
  }

  @Test
  void exactlyOneCertificateIsTaken() {
    X509Certificate own = Certificates.selfSigned(IDENTITY);
    assertRefused("2 certificates", own, own);
    assertRefused("0 certificates");
  }

  @Test
  void aKeyOfAnotherKindIsRefused() {
    assertRefused("not Ed25519", OtherCertificates.ellipticCurve().certificate());
  }

  @Test
  void aCertificateThatAnotherKeySignedIsRefused() {
    assertRefused(
        "its key did not sign", OtherCertificates.signedByAnother(IDENTITY).certificate());
  }

  @Test
  void onlyWhoIsExpectedIsTrusted() throws CertificateException {
    X509Certificate[] chain = {Certificates.selfSigned(IDENTITY)};
    new PeerTrust(null).checkClientTrusted(chain, "UNKNOWN");
    new PeerTrust(IDENTITY.peerId()).checkServerTrusted(chain, "UNKNOWN");
    PeerTrust other = new PeerTrust(SeededRandom.identity(2).peerId());
    assertThatThrownBy(() -> other.checkServerTrusted(chain, "UNKNOWN"))
        .isInstanceOf(CertificateException.class)
        .isSameAs(other.refused());
  }

  private static void assertRefused(String why, X509Certificate... chain) {
    assertThatThrownBy(() -> Certificates.peer(chain))
        .isInstanceOf(CertificateException.class)
        .hasMessageContaining(why);
  }
}
