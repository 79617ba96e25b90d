package org.folkmoot.moot;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.wire.PeerId;

/**
 * Who has computed how much for other members, by both sides' word; the smaller claim counts. A
 * charter may let it add to the weight of a vote, up to its cap: one for each other member for whom
 * so much was done, so that two who praise each other gain one each, and no more.
 */
final class Contributions {
  private record Work(Hash32 receipt, PeerId server, PeerId asker) {}

  /** What both sides claim of a work; negative where one has not spoken. */
  private static final class Claims {
    private long byServer = -1;
    private long byAsker = -1;

    private long agreed() {
      return Math.max(0, Math.min(byServer, byAsker));
    }
  }

  private final Map<Work, Claims> claims = new HashMap<>();

  /** Notes a claim by one of both; the first of each counts, any other is nothing. */
  void claim(PeerId by, Entry.Credit credit) {
    boolean server = by.equals(credit.server());
    if (credit.server().equals(credit.asker()) || (!server && !by.equals(credit.asker()))) {
      return;
    }
    Claims of =
        claims.computeIfAbsent(
            new Work(credit.receipt(), credit.server(), credit.asker()), work -> new Claims());
    if (server && of.byServer < 0) {
      of.byServer = credit.megaflops();
    } else if (!server && of.byAsker < 0) {
      of.byAsker = credit.megaflops();
    }
  }

  /** The weight of each member's vote. */
  Map<PeerId, Long> weights(Set<PeerId> members, Entry.Rules rules) {
    Map<Pair, Long> work = new HashMap<>();
    claims.forEach((of, both) -> {
      if (members.contains(of.server) && members.contains(of.asker)) {
        work.merge(new Pair(of.server, of.asker), both.agreed(), Contributions::add);
      }
    });
    Map<PeerId, Long> weights = new HashMap<>();
    members.forEach(member -> weights.put(member, 1L));
    work.forEach((pair, done) -> {
      if (done >= rules.weightMegaflops()) {
        weights.merge(pair.server, 1L, (now, more) -> Math.min(rules.weightCap(), now + more));
      }
    });
    return weights;
  }

  private record Pair(PeerId server, PeerId asker) {}

  private static long add(long one, long other) {
    return other > Long.MAX_VALUE - one ? Long.MAX_VALUE : one + other;
  }
}
