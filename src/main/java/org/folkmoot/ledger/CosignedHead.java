package org.folkmoot.ledger;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.note.Checkpoint;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.SignedNote;

/**
 * A head of a feed, with what witnesses said of it and when: as of that second its entries were
 * there, and could not be taken back.
 *
 * @param size entries that it covers
 * @param root commits to them
 * @param cosigners whose cosignatures are kept here, the earliest first
 */
public record CosignedHead(long size, Hash32 root, List<Cosigner> cosigners) {
  /**
   * A witness and its time.
   *
   * @param name that of a member is {@link FeedName#witness}
   * @param keyId which key of that name
   * @param seconds since 1970, by the witness's clock
   */
  public record Cosigner(String name, int keyId, long seconds) {}

  /** Copies. */
  public CosignedHead {
    cosigners = List.copyOf(cosigners);
  }

  /** What a note of ours says, whose signatures were checked when it came. */
  static CosignedHead of(SignedNote note) {
    Checkpoint checkpoint = Checkpoint.parse(note.text());
    List<Cosigner> cosigners = new ArrayList<>();
    for (SignedNote.Line line : note.lines()) {
      if (!line.name().equals(checkpoint.origin())) {
        cosigners.add(new Cosigner(line.name(), line.keyId(), Cosignature.seconds(line).orElse(0)));
      }
    }
    return new CosignedHead(checkpoint.size(), checkpoint.root(), cosigners);
  }

  /**
   * When an entry was first vouched for by so many witnesses; empty if it never was. Each may have
   * cosigned another head: a feed without a fork has one history, and every head behind the entry
   * commits to it. Pure: whoever has the same heads gets the same time.
   *
   * @param heads of the entry's feed
   * @param position the entry's
   * @param witnesses the names of those that count
   */
  public static OptionalLong attested(
      Collection<CosignedHead> heads, long position, Set<String> witnesses, int quorum) {
    Map<String, Long> first = new HashMap<>();
    for (CosignedHead head : heads) {
      if (head.size > position) {
        for (Cosigner cosigner : head.cosigners) {
          if (witnesses.contains(cosigner.name)) {
            first.merge(cosigner.name, cosigner.seconds, Math::min);
          }
        }
      }
    }
    return quorum < 1
        ? OptionalLong.empty()
        : first.values().stream().mapToLong(Long::longValue).sorted().skip(quorum - 1).findFirst();
  }
}
