package org.folkmoot.session;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.wire.PeerId;

/**
 * How long a chain may stand still, and who is at fault when it does.
 *
 * <p>The first hop that has not computed what was sent is the one that hangs; or the one before,
 * which says that it has computed, never sent it. Nobody can tell which: the former is replaced,
 * and if another one waits in vain at the same layer, the latter. Our own hops are never at fault
 * while somebody else can be.
 */
final class ChainStalls {
  /** Who sends to an end of ours may be at fault, and another one; a third one hardly. */
  private static final int MOST_AT_OWN_ENDS = 2;

  /** Tokens that hops are given time for; then they are to be heard of. */
  private static final int MOST_TOKENS_BETWEEN = 256;

  private final PeerId self;
  private final ChainHops hops;
  private final ChainSteps steps;
  private final ChainSettings settings;

  /** Layers at which a hop waited in vain since the latest token. */
  private final Set<Integer> layers = new HashSet<>();

  /** Times that an end of our own did. */
  private int atOwnEnds;

  ChainStalls(PeerId self, ChainHops hops, ChainSteps steps, ChainSettings settings) {
    this.self = self;
    this.hops = hops;
    this.steps = steps;
    this.settings = settings;
  }

  /** How long the next of the hops may take to be heard of. */
  long patienceNanos() {
    int computed = hops.stream().mapToInt(ChainHop::computedTo).min().orElse(0);
    int tokens = Math.clamp(steps.sentTo() - computed, 1, MOST_TOKENS_BETWEEN);
    return settings.stallAfter().toNanos() + settings.stallPerToken().toNanos() * tokens;
  }

  /** A token came: what was suspected before is settled. */
  void tokenCame() {
    layers.clear();
    atOwnEnds = 0;
  }

  /** Who is to be replaced; nobody if it is our own ends that hang. */
  Optional<PeerId> suspect() {
    Optional<ChainHop> waiting =
        hops.stream().filter(hop -> hop.computedTo() < steps.sentTo()).findFirst();
    if (waiting.isEmpty()) {
      return Optional.of(hops.last().peer()); // which chose no token
    }
    ChainHop hop = waiting.get();
    boolean own = hops.areEndsAt(self) && hop.peer().equals(self);
    if (own && ++atOwnEnds > MOST_AT_OWN_ENDS) {
      return Optional.empty();
    }
    int layer = hop.plan.range().from();
    boolean itself = hop == hops.first() || layers.add(layer) || !layers.remove(layer);
    return Optional.of((itself ? hops.sender(hop, self) : hops.before(hop)).peer());
  }
}
