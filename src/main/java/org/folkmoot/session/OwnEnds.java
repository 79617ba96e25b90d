package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
 */
public record OwnEnds(PeerId at, Supplier<List<PeerAddress>> addresses, int layers, int each) {
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

  /** The first end. */
  public LayerRange first() {
    return new LayerRange(true, 0, each, false);
  }

  /** The last end. */
  public LayerRange last() {
    return new LayerRange(false, layers - each, layers, true);
  }

  /** Plans a chain's ends here, and what is between them over other peers. */
  public ChainPlanner around(ChainPlanner others) {
    return new Planner(this, others);
  }

  private HopPlan hop(LayerRange range) {
    return new HopPlan(at, range, addresses.get());
  }

  private record Planner(OwnEnds ends, ChainPlanner others) implements ChainPlanner {
    /** The ends are never at anybody else, whatever befell this node. */
    @Override
    public List<HopPlan> plan(LayerRange range, int positions, Set<PeerId> without) {
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
      others.busy(peer, retryAfterMillis);
    }

    @Override
    public void computed(PeerId peer, int layers, int single, long nanos) {
      others.computed(peer, layers, single, nanos);
    }
  }
}
