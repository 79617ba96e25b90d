package org.folkmoot.peer;

import org.folkmoot.wire.PeerId;

/** Signs in the name of a peer: its private key, wherever that is kept. */
public interface Signer {
  /** In whose name. */
  PeerId peerId();

  /** An Ed25519 signature (RFC 8032), 64 bytes. */
  byte[] sign(byte[] message);
}
