package org.folkmoot.ledger;

import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.wire.PeerId;

/** What a peer's feed, and the peer as a witness, is called in checkpoints. */
public final class FeedName {
  private static final String FEED = "folkmoot/feed/";
  static final String WITNESS = "folkmoot/witness/";

  private FeedName() {}

  /** The origin of a peer's feed. */
  public static String origin(PeerId peer) {
    return FEED + peer.text();
  }

  /** Whose feed it is; empty if the origin is none of a feed. */
  public static Optional<PeerId> peer(String origin) {
    if (!origin.startsWith(FEED)) {
      return Optional.empty();
    }
    try {
      PeerId peer = PeerId.parse(origin.substring(FEED.length()));
      return origin(peer).equals(origin) ? Optional.of(peer) : Optional.empty();
    } catch (FolkmootException noPeer) {
      return Optional.empty();
    }
  }

  /** The key that signs a feed's checkpoints: the peer's own. */
  public static NoteKey key(PeerId peer) {
    return NoteKey.of(origin(peer), NoteKey.Kind.ED25519, peer);
  }

  /** The name of a peer as a witness. */
  public static String witness(PeerId peer) {
    return WITNESS + peer.text();
  }

  /** Whose name as a witness it is; empty if it is none of a peer. */
  public static Optional<PeerId> witness(String name) {
    return name.startsWith(WITNESS)
        ? peer(FEED + name.substring(WITNESS.length()))
        : Optional.empty();
  }

  /** The key with which a peer cosigns. */
  public static NoteKey witnessKey(PeerId peer) {
    return NoteKey.of(witness(peer), NoteKey.Kind.COSIGNATURE, peer);
  }

  /** The peer that made a cosignature of a note; empty if none did. */
  public static Optional<PeerId> cosigned(SignedNote note, SignedNote.Line line) {
    return witness(line.name()).filter(peer -> witnessKey(peer).verifies(note.text(), line));
  }
}
