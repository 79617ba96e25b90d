package org.folkmoot.session;

import java.util.List;
import java.util.Objects;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * What the hops of a chain are asked to sign when the answer is over.
 *
 * @param key salts what they sign
 * @param length positions that they are to sign for
 */
record ChainTestimony(Chain.Task task, TraceKey key, Verifier signatures, int length) {
  /** Asks those who have not signed. */
  void ask(PeerNetwork network, ChainHops hops) {
    hops.stream()
        .filter(hop -> hop.signed == null)
        .forEach(hop -> network.send(hop.peer(), new Message.Attest(task.session(), key, length)));
  }

  /** Whether a statement is about what was asked; whether it is true is for others to check. */
  boolean isMeant(ChainHop hop, SignedStatement signed) {
    HopStatement statement = signed.statement();
    return signed.hop().equals(hop.peer())
        && statement.model().equals(task.model())
        && statement.adapters().isEmpty()
        && statement.range().equals(hop.plan.range())
        && statement.length() == length
        && statement.traceKeyHash().equals(key.hash())
        && statement.sampled().stream().allMatch(this::isMeant)
        && signatures.verify(signed.hop(), statement.signedBytes(), signed.signature());
  }

  private boolean isMeant(HopStatement.Sampled sampled) {
    return sampled.from() >= task.sampling().history().length
        && sampled.samplingHash().equals(SamplingHash.of(task.sampling()));
  }

  /** What all have signed, in order. */
  static List<SignedStatement> all(ChainHops hops) {
    return hops.stream().map(hop -> Objects.requireNonNull(hop.signed)).toList();
  }

  /**
   * Who is late. The first hop that has not computed everything: those behind it may be without
   * their inputs. If all have, whoever has not signed.
   */
  List<ChainHop> late(ChainHops hops) {
    return hops.stream()
        .filter(hop -> hop.signed == null && hop.computedTo < length)
        .findFirst()
        .map(List::of)
        .orElseGet(() -> hops.stream().filter(hop -> hop.signed == null).toList());
  }
}
