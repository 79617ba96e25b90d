package org.folkmoot.ledger.provenance;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;

/**
 * Elliptic-curve keys as model signing has them: NIST's P-256, P-384 and P-521, each with the hash
 * of its size, in PEM.
 */
public final class SigningKey {
  private static final int MAX_PEM = 8192;
  private static final String PUBLIC = "PUBLIC KEY";
  private static final String PRIVATE = "PRIVATE KEY";

  private SigningKey() {}

  /** A new pair on P-256. */
  public static KeyPair draw(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every JDK has P-256", impossible);
    }
  }

  /** PEM of a private key (PKCS #8). */
  public static String pem(PrivateKey key) {
    return pem(PRIVATE, key.getEncoded());
  }

  /** PEM of a public key (X.509). */
  public static String pem(PublicKey key) {
    return pem(PUBLIC, key.getEncoded());
  }

  private static String pem(String kind, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(kind, body, kind);
  }

  /** What a bundle calls a key by: SHA-256 of its PEM, hexadecimal. */
  static String hint(PublicKey key) {
    return Hash32.sha256(pem(key).getBytes(US_ASCII)).hex();
  }

  /**
   * A public key.
   *
   * @throws FolkmootException BAD_FILE if the text is none
   */
  public static ECPublicKey publicKey(String pem) {
    try {
      PublicKey key =
          KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(der(PUBLIC, pem)));
      if (key instanceof ECPublicKey curve) {
        digest(curve.getParams().getOrder());
        return curve;
      }
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      // As for any other text.
    }
    throw bad("public");
  }

  /**
   * A private key.
   *
   * @throws FolkmootException BAD_FILE if the text is none
   */
  public static ECPrivateKey privateKey(String pem) {
    try {
      PrivateKey key =
          KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der(PRIVATE, pem)));
      if (key instanceof ECPrivateKey curve) {
        digest(curve.getParams().getOrder());
        return curve;
      }
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      // As for any other text.
    }
    throw bad("private");
  }

  private static FolkmootException bad(String kind) {
    return new FolkmootException(
        BAD_FILE,
        "this is no %s key on P-256, P-384 or P-521 in PEM ('openssl genpkey -algorithm EC' makes"
                .formatted(kind)
            + " one)");
  }

  private static byte[] der(String kind, String pem) {
    String begin = "-----BEGIN " + kind + "-----";
    String end = "-----END " + kind + "-----";
    int from = pem.indexOf(begin);
    int to = pem.indexOf(end);
    if (pem.length() > MAX_PEM || from < 0 || to < from) {
      throw new IllegalArgumentException("no PEM of that kind");
    }
    return Base64.getMimeDecoder().decode(pem.substring(from + begin.length(), to));
  }

  private static String digest(BigInteger order) {
    return switch (order.bitLength()) {
      case 256 -> "SHA256";
      case 384 -> "SHA384";
      case 521 -> "SHA512";
      default -> throw new IllegalArgumentException("another curve");
    };
  }

  static byte[] sign(ECPrivateKey key, byte[] message) {
    try {
      Signature signer = Signature.getInstance(digest(key.getParams().getOrder()) + "withECDSA");
      signer.initSign(key);
      signer.update(message);
      return signer.sign();
    } catch (GeneralSecurityException failed) {
      throw new IllegalStateException("a key that does not sign", failed);
    }
  }

  static boolean verify(ECPublicKey key, byte[] message, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance(digest(key.getParams().getOrder()) + "withECDSA");
      verifier.initVerify(key);
      verifier.update(message);
      return verifier.verify(signature);
    } catch (GeneralSecurityException malformed) {
      return false;
    }
  }
}
