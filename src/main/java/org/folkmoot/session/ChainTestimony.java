package org.folkmoot.session;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.StepTrail;
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
        .map(ChainHop::peer)
        .distinct()
        .forEach(peer -> network.send(peer, new Message.Attest(task.session(), key, length)));
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

  /**
   * Whose statement does not fit the others' and what this client knows, once all have signed.
   *
   * <p>The first hop must have got the client's ids, the last have chosen its tokens. Where two
   * neighbours differ about what went from one to the other, the first is wrong if it told the
   * client other digests than it signs. Else it is open which one it is: the second is replaced,
   * and if another one says the same, the first.
   *
   * @param ids the tokens so far
   * @param told roots of the digests that came from the hops that end with a layer
   * @param open layers at which it was open before; takes those at which it is now
   */
  Optional<Misfit> misfit(
      ChainHops hops, int[] ids, IntFunction<Optional<Hash32>> told, Set<Integer> open) {
    for (int i = 0; i < hops.size(); i++) {
      ChainHop hop = hops.get(i);
      HopStatement statement = statement(hop);
      int layer = hop.plan.range().from();
      Hash32 before = i == 0 ? inputs(ids) : statement(hops.get(i - 1)).outputs();
      if (!statement.inputs().equals(before)) {
        ChainHop sender = i == 0 ? hop : hops.get(i - 1);
        boolean proven =
            i == 0 || told.apply(layer).filter(root -> !root.equals(before)).isPresent();
        return Optional.of(
            proven || !open.add(layer) ? new Misfit(sender, true) : new Misfit(hop, false));
      }
    }
    boolean chosen =
        statement(hops.last()).sampled().stream()
            .allMatch(sampled ->
                sampled.historyRoot().equals(key.tokensRoot(ids, 0, sampled.from()))
                    && sampled
                        .tokensRoot()
                        .equals(key.tokensRoot(ids, sampled.from(), length + 1)));
    return chosen ? Optional.empty() : Optional.of(new Misfit(hops.last(), true));
  }

  /**
   * A hop to be replaced.
   *
   * @param blamed whether it has failed; else the fault may be its neighbour's
   */
  record Misfit(ChainHop hop, boolean blamed) {}

  private Hash32 inputs(int[] ids) {
    StepTrail trail = new StepTrail();
    trail.addIds(0, Arrays.copyOf(ids, length));
    return trail.root(key, length);
  }

  private static HopStatement statement(ChainHop hop) {
    return Objects.requireNonNull(hop.signed).statement();
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
        .filter(hop -> hop.signed == null && hop.computedTo() < length)
        .findFirst()
        .map(List::of)
        .orElseGet(() -> hops.stream().filter(hop -> hop.signed == null).toList());
  }
}
