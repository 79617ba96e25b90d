package org.folkmoot.peer.transport;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.DERGeneralizedTime;
import org.bouncycastle.asn1.DERUTCTime;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;

/**
 * X.509 as an envelope for a peer's key (RFC 8410): self-signed, its name and dates without meaning
 * — who has the key is the peer, and a peer whose clock is wrong is a peer all the same.
 */
final class Certificates {
  private static final AlgorithmIdentifier ED25519 =
      new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed25519);

  private static final Time ALWAYS = new Time(new DERUTCTime("700101000000Z"));

  /** "Never", as RFC 5280 writes it. */
  private static final Time NEVER = new Time(new DERGeneralizedTime("99991231235959Z"));

  private static final X500Name NAME = new X500Name("CN=folkmoot");

  private Certificates() {}

  /** The certificate of an identity: always the same bytes. */
  static X509Certificate selfSigned(Identity identity) {
    try {
      byte[] der =
          new X509v3CertificateBuilder(
                  NAME,
                  BigInteger.ONE,
                  ALWAYS,
                  NEVER,
                  NAME,
                  new SubjectPublicKeyInfo(ED25519, identity.peerId().key().bytes()))
              .build(new Signer(identity))
              .getEncoded();
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    } catch (IOException | CertificateException ourOwn) {
      throw new IllegalStateException(ourOwn);
    }
  }

  /**
   * The peer of whom this is the certificate.
   *
   * @throws CertificateException if it is no single certificate of an Ed25519 key, signed by itself
   */
  static PeerId peer(X509Certificate... chain) throws CertificateException {
    if (chain.length != 1) {
      throw new CertificateException("shows " + chain.length + " certificates instead of one");
    }
    X509Certificate only = chain[0];
    SubjectPublicKeyInfo key = publicKey(only);
    byte[] bytes = key.getPublicKeyData().getOctets();
    if (!key.getAlgorithm().equals(ED25519) || bytes.length != Hash32.BYTES) {
      throw new CertificateException("shows a key that is not Ed25519");
    }
    PeerId peer = new PeerId(Hash32.of(bytes));
    if (!only.getSigAlgOID().equals(EdECObjectIdentifiers.id_Ed25519.getId())
        || !Identity.verify(peer, only.getTBSCertificate(), only.getSignature())) {
      throw new CertificateException("shows a certificate that its key did not sign");
    }
    return peer;
  }

  private static SubjectPublicKeyInfo publicKey(X509Certificate certificate)
      throws CertificateException {
    try {
      return SubjectPublicKeyInfo.getInstance(certificate.getPublicKey().getEncoded());
    } catch (IllegalArgumentException malformed) {
      throw new CertificateException("shows a malformed key", malformed);
    }
  }

  private static final class Signer implements ContentSigner {
    private final Identity identity;
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();

    Signer(Identity identity) {
      this.identity = identity;
    }

    @Override
    public AlgorithmIdentifier getAlgorithmIdentifier() {
      return ED25519;
    }

    @Override
    public OutputStream getOutputStream() {
      return content;
    }

    @Override
    public byte[] getSignature() {
      return identity.sign(content.toByteArray());
    }
  }
}
