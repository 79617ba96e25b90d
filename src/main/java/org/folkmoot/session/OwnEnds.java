package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * The ends of a model at one peer, this node: the embedding with the first layers, and the last
 * ones with the head. The others get hidden states and give hidden states, never a token's id.
 *
 * <p>That hides the text from casual eyes only: hidden states can be turned back into text by
 * somebody who makes an effort (Morris et al. 2023, "Text Embeddings Reveal (Almost) As Much As
 * Text"), the more easily the fewer layers are at home.
 *
 * @param at who has the ends
 * @param addresses where the hop before the last finds it; empty if there is a link anyway
 * @param layers of the model
 * @param each how many of these are at either end
 * @param positions the longest context that fits into their memory
 */
public record OwnEnds(
    PeerId at, Supplier<List<PeerAddress>> addresses, int layers, int each, int positions) {
  /**
   * Checks that something is left for others, and that the ends are more than a table of ids.
   *
   * @throws FolkmootException BAD_REQUEST if not
   */
  public OwnEnds {
    if (each < 1 || 2 * each >= layers) {
      throw new FolkmootException(
          BAD_REQUEST,
          "a model of %d layers has ends of 1 to %d layers, not of %d: choose fewer"
              .formatted(layers, Math.max(1, (layers - 1) / 2), each));
    }
  }

  /** The same with room for contexts of at most so many positions. */
  public OwnEnds holding(int most) {
    return new OwnEnds(at, addresses, layers, each, most);
  }

  /** The first end. */
  public LayerRange first() {
    return new LayerRange(true, 0, each, false);
  }

  /** The last end. */
  public LayerRange last() {
    return new LayerRange(false, layers - each, layers, true);
  }

  /**
   * Plans a chain's ends here, and what is between them over other peers.
   *
   * @param nanoTime by which this node is left alone for a while when it has no room
   */
  public ChainPlanner around(ChainPlanner others, LongSupplier nanoTime) {
    return new Planner(this, others, nanoTime);
  }

  private HopPlan hop(LayerRange range) {
    return new HopPlan(at, range, addresses.get());
  }

  private static final class Planner implements ChainPlanner {
    private final OwnEnds ends;
    private final ChainPlanner others;
    private final LongSupplier nanoTime;
    private long busyUntil;

    Planner(OwnEnds ends, ChainPlanner others, LongSupplier nanoTime) {
      this.ends = ends;
      this.others = others;
      this.nanoTime = nanoTime;
      busyUntil = nanoTime.getAsLong();
    }

    /** The ends are never at anybody else, whatever befell this node. */
    @Override
    public List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without) {
      boolean here = range.embeds() || range.heads();
      if (here && nanoTime.getAsLong() - busyUntil < 0) {
        return List.of();
      }
      List<HopPlan> chain = new ArrayList<>();
      if (range.embeds()) {
        chain.add(ends.hop(ends.first()));
      }
      int from = Math.max(range.from(), ends.each);
      int to = Math.min(range.to(), ends.layers - ends.each);
      if (from < to) {
        Set<PeerId> all = new HashSet<>(without);
        all.add(ends.at);
        List<HopPlan> between = others.plan(new LayerRange(false, from, to, false), positions, all);
        if (between.isEmpty()) {
          return List.of();
        }
        chain.addAll(between);
      }
      if (range.heads()) {
        chain.add(ends.hop(ends.last()));
      }
      return chain;
    }

    @Override
    public void failed(PeerId peer, Message.Reason reason) {
      others.failed(peer, reason);
    }

    @Override
    public void busy(PeerId peer, long retryAfterMillis) {
      if (peer.equals(ends.at)) {
        busyUntil = nanoTime.getAsLong() + retryAfterMillis * 1_000_000;
      } else {
        others.busy(peer, retryAfterMillis);
      }
    }

    @Override
    public void computed(PeerId peer, int layers, int single, long nanos) {
      others.computed(peer, layers, single, nanos);
    }
  }
}
