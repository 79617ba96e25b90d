package org.folkmoot.ledger.credit;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.PeerId;

/**
 * What two peers have done for each other, by the works in the feed of one of them.
 *
 * @param given megaflops that the feed's member computed for the other
 * @param taken megaflops that the other computed for it
 * @param works how many
 */
public record Balance(long given, long taken, long works) {
  /** Nothing yet. */
  public static final Balance NONE = new Balance(0, 0, 0);

  private Balance plus(Balance other) {
    return new Balance(
        sum(given, other.given), sum(taken, other.taken), Math.addExact(works, other.works));
  }

  private static long sum(long one, long other) {
    return one > Long.MAX_VALUE - other ? Long.MAX_VALUE : one + other;
  }

  /** Of a member with each other peer, by its own feed as far as it is here. */
  public static Map<PeerId, Balance> all(LedgerStore store, PeerId member, Verifier verifier) {
    Map<PeerId, Balance> balances = new TreeMap<>();
    Set<Hash32> seen = new HashSet<>();
    long at = 0;
    while (true) {
      CreditPage page = CreditPage.read(store, member, at, verifier);
      if (page.to() == at) {
        return balances;
      }
      at = page.to();
      for (CreditEntries.Told told : page.works()) {
        Work work = told.work(Long.MAX_VALUE);
        if (seen.add(work.id())) {
          boolean gave = work.server().equals(member);
          Balance one =
              gave ? new Balance(work.megaflops(), 0, 1) : new Balance(0, work.megaflops(), 1);
          balances.merge(gave ? work.asker() : work.server(), one, Balance::plus);
        }
      }
    }
  }
}
