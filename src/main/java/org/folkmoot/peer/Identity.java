package org.folkmoot.peer;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/**
 * Who this peer is: an Ed25519 key pair (RFC 8032). Whoever holds the private key speaks as the
 * peer, so it never leaves the process but for the file of {@link #atHome}.
 */
public final class Identity implements Signer {
  private final Ed25519PrivateKeyParameters secret;
  private final PeerId peerId;

  Identity(Ed25519PrivateKeyParameters secret) {
    this.secret = secret;
    peerId = new PeerId(Hash32.of(secret.generatePublicKey().getEncoded()));
  }

  /**
   * The identity that a node's home holds in {@code keys/peer.key}, made at first use.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if the file is damaged or others can read
   *     it; NO_ROOM if it cannot be written
   */
  public static Identity atHome(Path home, SecureRandom random) {
    return new KeyFile(home.resolve("keys").resolve("peer.key")).readOrCreate(random);
  }

  /** An identity that is kept nowhere. */
  public static Identity random(SecureRandom random) {
    return new Identity(new Ed25519PrivateKeyParameters(random));
  }

  @Override
  public PeerId peerId() {
    return peerId;
  }

  /** {@inheritDoc} The same each time. */
  @Override
  public byte[] sign(byte[] message) {
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    secret.sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
    return signature;
  }

  /** Whether a peer signed this message. Any bytes may be asked about. */
  public static boolean verify(PeerId peer, byte[] message, byte[] signature) {
    if (signature.length != Ed25519.SIGNATURE_SIZE) {
      return false;
    }
    Ed25519PublicKeyParameters key;
    try {
      key = new Ed25519PublicKeyParameters(peer.key().bytes());
    } catch (IllegalArgumentException noPointOfTheCurve) {
      return false;
    }
    return key.verify(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
  }

  /** The private key as TLS wants it. */
  public PrivateKey privateKey() {
    try {
      return KeyFactory.getInstance("Ed25519")
          .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, secret.getEncoded()));
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  Ed25519PrivateKeyParameters secret() {
    return secret;
  }

  /** Says who it is, never the secret. */
  @Override
  public String toString() {
    return peerId.toString();
  }
}
