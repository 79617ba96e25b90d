package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootRecord;
import org.folkmoot.wire.PeerId;

/**
 * What a member that is alone in its moot says to those who have followed its invitation: without
 * its answer, which names the entry by which they joined, they are no members.
 */
final class MootWelcome {
  private final PeerId self;
  private final Set<Hash32> answered = new HashSet<>();

  MootWelcome(PeerId self) {
    this.self = self;
  }

  /** An invitation, which answers a joining that has come. */
  static Entry.Member invitation(Moot moot, PeerId peer, long millis) {
    Hash32 joined = moot.waiting().get(peer);
    String name = joined == null ? "" : joined.hex();
    return new Entry.Member(millis, moot.id(), peer, Entry.Step.INVITED, name);
  }

  /** What is to be written now; each answer once. */
  List<Entry> entries(MootRecord record, Moot moot, long millis) {
    boolean ours =
        Moot.charters(record).stream()
            .anyMatch(one -> one.id().equals(moot.id()) && one.by().equals(self));
    List<Entry> entries = new ArrayList<>();
    if (ours && moot.has(self)) {
      moot.waiting()
          .forEach((peer, joined) -> {
            if (answered.add(joined)) {
              entries.add(invitation(moot, peer, millis));
            }
          });
    }
    return entries;
  }
}
