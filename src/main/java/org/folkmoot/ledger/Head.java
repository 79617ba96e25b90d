package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.note.Checkpoint;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.PeerId;

/**
 * A checkpoint that a feed's member has signed. There is no other way to make one than by checking
 * the signature.
 */
public final class Head {
  private final SignedNote note;
  private final Checkpoint checkpoint;
  private final PeerId peer;

  private Head(SignedNote note, Checkpoint checkpoint, PeerId peer) {
    this.note = note;
    this.checkpoint = checkpoint;
    this.peer = peer;
  }

  /** Signs a head of one's own feed. */
  static Head sign(Signer signer, long size, Hash32 root) {
    String origin = FeedName.origin(signer.peerId());
    Checkpoint checkpoint = new Checkpoint(origin, size, root);
    return new Head(
        SignedNote.sign(checkpoint.text(), origin, signer), checkpoint, signer.peerId());
  }

  /**
   * Checks a stranger's note.
   *
   * @throws FolkmootException BAD_FILE if no feed's member has signed it
   */
  public static Head of(SignedNote note) {
    Checkpoint checkpoint = Checkpoint.parse(note.text());
    PeerId peer = FeedName.peer(checkpoint.origin()).orElseThrow(Head::unsigned);
    if (!checkpoint.extensions().isEmpty() || !note.isBy(FeedName.key(peer))) {
      throw unsigned();
    }
    return new Head(note, checkpoint, peer);
  }

  private static FolkmootException unsigned() {
    return new FolkmootException(
        BAD_FILE, "this is no checkpoint of a feed that its member has signed; get another copy");
  }

  /** The note, cosignatures and all. */
  public SignedNote note() {
    return note;
  }

  /** Whose feed. */
  public PeerId peer() {
    return peer;
  }

  /** Entries of the feed. */
  public long size() {
    return checkpoint.size();
  }

  /** Commits to all of them. */
  public Hash32 root() {
    return checkpoint.root();
  }

  /** Whether it says the same. */
  boolean agreesWith(Head other) {
    return checkpoint.equals(other.checkpoint);
  }

  /** The same with a cosignature more. */
  Head with(SignedNote.Line cosignature) {
    return new Head(note.with(cosignature), checkpoint, peer);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Head head && note.equals(head.note);
  }

  @Override
  public int hashCode() {
    return note.hashCode();
  }

  @Override
  public String toString() {
    return "%s at %d".formatted(peer, size());
  }
}
