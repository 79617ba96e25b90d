package org.folkmoot.peer;

import org.folkmoot.wire.PeerId;

/** Checks signatures. */
@FunctionalInterface
public interface Verifier {
  /**
   * Whether a peer has signed a message (Ed25519, RFC 8032). Whatever a stranger sends as signature
   * or key is answered, never thrown at.
   */
  boolean verify(PeerId by, byte[] message, byte[] signature);
}
