package org.folkmoot.session;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/**
 * What the hops of a chain say about what they computed: the digests that come with each step, and
 * what they sign in the end. On the loop only.
 */
final class ChainEvidence {
  /** What comes of a statement. */
  sealed interface Verdict {}

  /** Others are to come, or it was not asked for. */
  record Waits() implements Verdict {}

  /** Somebody is to be replaced. */
  record Wrong(ChainTestimony.Misfit misfit) implements Verdict {}

  /** All have signed, and it fits together. */
  record Complete(List<SignedStatement> statements) implements Verdict {}

  private final Chain.Task task;
  private final ChainHops hops;

  /** Digests by the layer before which they came to be, of whichever hop that was. */
  private final Map<Integer, DigestTrail> trails = new HashMap<>();

  private final Set<Integer> doubted = new HashSet<>();
  private @Nullable ChainTestimony asked;

  ChainEvidence(Chain.Task task, ChainHops hops) {
    this.task = task;
    this.hops = hops;
  }

  /**
   * Takes a report of a hop.
   *
   * @param settled positions whose tokens are certain in the epoch of the report
   * @return a peer that said otherwise about the same layers and positions
   */
  Optional<PeerId> reported(ChainHop hop, Message.Computed report, int settled) {
    return trails
        .computeIfAbsent(hop.plan.range().to(), _ -> new DigestTrail())
        .add(hop.peer(), report.position(), report.digests(), settled);
  }

  /** Other tokens than before come from this position on. */
  void truncate(int positions) {
    trails.values().forEach(trail -> trail.truncate(positions));
  }

  /** Has the hops sign from now on. */
  ChainTestimony want(TraceKey key, Verifier signatures, int length) {
    ChainTestimony testimony = new ChainTestimony(task, key, signatures, length);
    asked = testimony;
    return testimony;
  }

  /** What the hops are to sign; empty as long as nothing is wanted, or when all have. */
  Optional<ChainTestimony> wanted() {
    return Optional.ofNullable(asked);
  }

  /**
   * Takes a statement.
   *
   * @param ids the tokens so far
   */
  Verdict signed(PeerId from, SignedStatement signed, int[] ids) {
    ChainHop hop = hops.find(from, signed.statement().range().from());
    ChainTestimony testimony = asked;
    if (hop == null || hop.signed != null || testimony == null) {
      return new Waits();
    }
    if (!testimony.isMeant(hop, signed)) {
      return new Wrong(new ChainTestimony.Misfit(hop, true));
    }
    hop.signed = signed;
    if (!hops.all(each -> each.signed != null)) {
      return new Waits();
    }
    Optional<ChainTestimony.Misfit> misfit =
        testimony.misfit(hops, ids, layer -> told(testimony, layer), doubted);
    if (misfit.isPresent()) {
      return new Wrong(misfit.get());
    }
    asked = null;
    return new Complete(ChainTestimony.all(hops));
  }

  private Optional<Hash32> told(ChainTestimony testimony, int layer) {
    return Optional.ofNullable(trails.get(layer))
        .flatMap(trail -> trail.root(testimony.key(), testimony.length()));
  }
}
