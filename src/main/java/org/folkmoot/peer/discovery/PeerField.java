package org.folkmoot.peer.discovery;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import org.apache.tuweni.bytes.Bytes;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.OpenDiscovery;
import org.folkmoot.peer.Signer;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.Base32;
import org.folkmoot.wire.PeerId;

/**
 * What a discv5 record says of Folkmoot's peer, in one field of 113 bytes: a record has 300 in all.
 *
 * <pre>
 *   32  the peer's Ed25519 key
 *   16  by which members of its swarm know it (see {@link OpenDiscovery})
 *    1  bit 0: its port takes QUIC, too
 *   64  its signature of a context, the record's secp256k1 key and the 17 bytes before
 * </pre>
 */
record PeerField(PeerId peer, byte[] tag, boolean quic, byte[] signature) {
  /** The field's name in a record. */
  static final String NAME = "folkmoot";

  private static final byte[] CONTEXT = "folkmoot discv5 record 1\n".getBytes(US_ASCII);
  private static final int TAG = 16;
  private static final int SIGNATURE = 64;
  private static final int BYTES = Hash32.BYTES + TAG + 1 + SIGNATURE;

  /**
   * What we say of ourselves.
   *
   * @param node the record's key, compressed
   * @param attributes those of {@link OpenDiscovery}
   */
  static PeerField sign(Signer signer, byte[] node, Map<String, String> attributes) {
    byte[] tag = Base32.decode(attributes.getOrDefault(OpenDiscovery.TAG, ""));
    boolean quic = attributes.getOrDefault(OpenDiscovery.QUIC, "").equals("1");
    if (tag.length != TAG) {
      throw new IllegalArgumentException("a tag of " + tag.length + " bytes");
    }
    return new PeerField(signer.peerId(), tag, quic, signer.sign(signed(node, tag, quic)));
  }

  private static byte[] signed(byte[] node, byte[] tag, boolean quic) {
    return ByteBuffer.allocate(CONTEXT.length + node.length + TAG + 1)
        .put(CONTEXT)
        .put(node)
        .put(tag)
        .put((byte) (quic ? 1 : 0))
        .array();
  }

  /** Reads what a stranger's record has; empty if it is malformed or not signed by that peer. */
  static Optional<PeerField> parse(Bytes field, byte[] node, Verifier verifier) {
    if (field.size() != BYTES) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(field.toArray());
    byte[] key = new byte[Hash32.BYTES];
    byte[] tag = new byte[TAG];
    byte[] signature = new byte[SIGNATURE];
    in.get(key).get(tag);
    byte flags = in.get();
    in.get(signature);
    PeerField read = new PeerField(new PeerId(Hash32.of(key)), tag, flags == 1, signature);
    boolean holds =
        (flags & ~1) == 0 && verifier.verify(read.peer, signed(node, tag, read.quic), signature);
    return holds ? Optional.of(read) : Optional.empty();
  }

  Bytes encoded() {
    return Bytes.wrap(
        ByteBuffer.allocate(BYTES)
            .put(peer.key().bytes())
            .put(tag)
            .put((byte) (quic ? 1 : 0))
            .put(signature)
            .array());
  }

  Map<String, String> attributes() {
    return Map.of(OpenDiscovery.TAG, Base32.encode(tag), OpenDiscovery.QUIC, quic ? "1" : "0");
  }
}
