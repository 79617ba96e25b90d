package org.folkmoot.peer.transport;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.DERGeneralizedTime;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;

/** Certificates that no peer shows. */
final class OtherCertificates {
  /** A certificate and a key to show it with. */
  record Credentials(PrivateKey key, X509Certificate certificate) {}

  private OtherCertificates() {}

  /** What peers do show. */
  static Credentials ofPeer(Identity identity) {
    return new Credentials(identity.privateKey(), Certificates.selfSigned(identity));
  }

  /** Self-signed, of a key on the curve P-256. */
  static Credentials ellipticCurve() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256, new SeededRandom(77));
      KeyPair pair = generator.generateKeyPair();
      return sign(pair.getPublic().getEncoded(), pair.getPrivate(), "SHA256withECDSA");
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /** With the key of one peer, signed and shown by another. */
  static Credentials signedByAnother(Identity victim) {
    byte[] open = Certificates.selfSigned(victim).getPublicKey().getEncoded();
    return sign(open, SeededRandom.identity(78).privateKey(), "Ed25519");
  }

  private static Credentials sign(byte[] open, PrivateKey signer, String algorithm) {
    X500Name name = new X500Name("CN=other");
    try {
      byte[] der =
          new X509v3CertificateBuilder(
                  name,
                  BigInteger.ONE,
                  new Time(new DERGeneralizedTime("20000101000000Z")),
                  new Time(new DERGeneralizedTime("99991231235959Z")),
                  name,
                  SubjectPublicKeyInfo.getInstance(open))
              .build(new JcaContentSignerBuilder(algorithm).build(signer))
              .getEncoded();
      return new Credentials(
          signer,
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der)));
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }
}
