package org.folkmoot.peer;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/** Signatures that anyone could make, for tests in which nobody tries. */
final class FakeKeys {
  static final Verifier VERIFIER =
      (by, message, signature) -> Arrays.equals(signature, signature(by, message));

  private FakeKeys() {}

  static PeerId id(RandomGenerator random) {
    byte[] key = new byte[Hash32.BYTES];
    random.nextBytes(key);
    return new PeerId(Hash32.of(key));
  }

  static Signer signer(PeerId id) {
    return new Signer() {
      @Override
      public PeerId peerId() {
        return id;
      }

      @Override
      public byte[] sign(byte[] message) {
        return signature(id, message);
      }
    };
  }

  private static byte[] signature(PeerId by, byte[] message) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-512");
      sha.update(by.key().bytes());
      return sha.digest(message);
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
