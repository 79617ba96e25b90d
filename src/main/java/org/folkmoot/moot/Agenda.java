package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.wire.PeerId;

/**
 * What happens when. In one second: votes open, votes close, decisions come into force; then comes
 * what is new in the feeds.
 */
final class Agenda {
  /** What happens. */
  enum Step {
    OPEN,
    CLOSE,
    ENACT,
    NEWS
  }

  /**
   * Something that happens at a time.
   *
   * @param number of the proposal, in the order of proposals; 0 for news of the feeds
   */
  record Event(long seconds, Step step, int number) {}

  private static final Comparator<Event> ORDER =
      Comparator.comparingLong(Event::seconds)
          .thenComparing(Event::step)
          .thenComparingInt(Event::number);

  private final PriorityQueue<Event> events = new PriorityQueue<>(ORDER);
  private final Map<Long, SortedMap<PeerId, List<Cosigned>>> news = new HashMap<>();

  /** Something happens to a proposal. */
  void add(long seconds, Step step, int number) {
    events.add(new Event(seconds, step, number));
  }

  /** A feed has to be looked at, at a time. */
  void look(long seconds, PeerId feed) {
    var _ = words(seconds, feed);
  }

  /** A witness spoke of a feed, at a time. */
  void hear(long seconds, PeerId feed, Cosigned word) {
    words(seconds, feed).add(word);
  }

  private List<Cosigned> words(long seconds, PeerId feed) {
    return news.computeIfAbsent(
            seconds,
            fresh -> {
              events.add(new Event(fresh, Step.NEWS, 0));
              return new TreeMap<>();
            })
        .computeIfAbsent(feed, peer -> new ArrayList<>());
  }

  /** The feeds to look at, with what witnesses said of them then. */
  SortedMap<PeerId, List<Cosigned>> news(long seconds) {
    return news.getOrDefault(seconds, new TreeMap<>());
  }

  /** When the next thing happens; empty if nothing more does. */
  OptionalLong next() {
    Event first = events.peek();
    return first == null ? OptionalLong.empty() : OptionalLong.of(first.seconds);
  }

  /** Takes the next. */
  Event take() {
    return events.remove();
  }
}
