package org.folkmoot.session;

import java.util.Map;
import java.util.TreeMap;
import org.folkmoot.wire.Message;

/**
 * Numbers the changes of a chain: of its hops, and of tokens that were sent and then turned out
 * wrong. What comes of an earlier epoch can be told apart by it.
 */
final class ChainEpochs {
  /** At which epochs the ids from which position on became others: where a draft was wrong. */
  private final TreeMap<Integer, Integer> changes = new TreeMap<>();

  private int now;

  int now() {
    return now;
  }

  /** Hops become others. */
  void next() {
    now++;
  }

  /** The ids from a position on become others. */
  void nextWithOthersFrom(int position) {
    changes.put(++now, position);
  }

  /** Positions before this one still hold what a report of an epoch was about. */
  int settled(int epoch) {
    Map.Entry<Integer, Integer> change = changes.higherEntry(epoch);
    return change == null ? Integer.MAX_VALUE : change.getValue();
  }

  /** Whether tokens follow a draft that was wrong. */
  boolean isOfWrongDraft(Message.Sampled sampled) {
    return !changes.isEmpty() && sampled.epoch() < changes.lastKey();
  }
}
