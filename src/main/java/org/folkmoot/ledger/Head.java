package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
  private final SignedNote.Line own;

  private Head(SignedNote note, Checkpoint checkpoint, PeerId peer, SignedNote.Line own) {
    this.note = note;
    this.checkpoint = checkpoint;
    this.peer = peer;
    this.own = own;
  }

  /** Signs a head of one's own feed. */
  static Head sign(Signer signer, long size, Hash32 root) {
    String origin = FeedName.origin(signer.peerId());
    Checkpoint checkpoint = new Checkpoint(origin, size, root);
    SignedNote note = SignedNote.sign(checkpoint.text(), origin, signer);
    return new Head(note, checkpoint, signer.peerId(), note.lines().getFirst());
  }

  /**
   * Checks a stranger's note.
   *
   * @throws FolkmootException BAD_FILE if no feed's member has signed it
   */
  public static Head of(SignedNote note) {
    Checkpoint checkpoint = Checkpoint.parse(note.text());
    PeerId peer = FeedName.peer(checkpoint.origin()).orElseThrow(Head::unsigned);
    if (!checkpoint.extensions().isEmpty()) {
      throw unsigned();
    }
    SignedNote.Line own = note.by(FeedName.key(peer)).orElseThrow(Head::unsigned);
    return new Head(note, checkpoint, peer, own);
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

  /** All signatures but the member's own. */
  List<SignedNote.Line> cosignatures() {
    return note.lines().stream().filter(line -> !line.equals(own)).toList();
  }

  /** The same without cosignatures: those of a stranger's note may be anything. */
  Head bare() {
    return new Head(new SignedNote(note.text(), List.of(own)), checkpoint, peer, own);
  }

  /** The same with more cosignatures, as far as they are {@link Cosignatures#kept kept}. */
  Head with(List<SignedNote.Line> more, Set<String> first) {
    List<SignedNote.Line> lines = new ArrayList<>(List.of(own));
    lines.addAll(Cosignatures.kept(cosignatures(), more, first));
    return new Head(new SignedNote(note.text(), lines), checkpoint, peer, own);
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
