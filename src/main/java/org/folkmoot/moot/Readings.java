package org.folkmoot.moot;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.moot.MootRecord.MemberFeed;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * How far each feed has come. An entry counts from the moment at which as many members as the
 * charter asks for (or all others, if they are fewer) have cosigned a checkpoint over it, and not
 * before the date that its writer gave it: a witness whose clock is wrong cannot alone move it into
 * the past. Where nobody else is a member, or the charter asks for no witness, the writer's date
 * has to do.
 */
final class Readings {
  private static final class Reading {
    private final MemberFeed feed;
    private final Map<PeerId, Long> seen = new HashMap<>();
    private int next;

    private Reading(MemberFeed feed) {
      this.feed = feed;
    }
  }

  private final SortedMap<PeerId, Reading> readings = new TreeMap<>();
  private final SortedSet<PeerId> changed = new TreeSet<>();
  private @Nullable Reading current;

  Readings(MootRecord record) {
    record.feeds().forEach(feed -> readings.put(feed.by(), new Reading(feed)));
  }

  /** What witnesses say of a feed, or that it is time to look at it. */
  void hear(PeerId feed, List<Cosigned> words) {
    Reading reading = readings.get(feed);
    if (reading != null) {
      words.forEach(word -> reading.seen.merge(word.witness(), word.size(), Math::max));
      changed.add(feed);
    }
  }

  /** Members or rules have changed: other entries may count now. */
  void lookAgain() {
    changed.addAll(readings.keySet());
  }

  /** The next entry that counts, one feed after another by their members' ids; null if none. */
  @Nullable Written next(long seconds, int witnesses, Assembly assembly) {
    while (true) {
      if (current != null && current.next < current.feed.entries().size()) {
        Written next = current.feed.entries().get(current.next);
        if (counts(next, current, seconds, witnesses, assembly)) {
          current.next++;
          return next;
        }
      }
      if (changed.isEmpty()) {
        current = null;
        return null;
      }
      current = readings.get(changed.removeFirst());
    }
  }

  private static boolean counts(
      Written next, Reading reading, long seconds, int witnesses, Assembly assembly) {
    if (Clock.seconds(next.entry().dateMillis()) > seconds) {
      return false;
    }
    PeerId by = next.by();
    int needed = Math.min(witnesses, assembly.others(by));
    return needed == 0
        || reading.seen.entrySet().stream()
                .filter(seen -> seen.getValue() > next.position())
                .filter(seen -> assembly.has(seen.getKey()) && !seen.getKey().equals(by))
                .count()
            >= needed;
  }

  /** Told of the entries that do not count yet. */
  void left(Consumer<Written> told) {
    for (Reading reading : readings.values()) {
      List<Written> entries = reading.feed.entries();
      entries.subList(reading.next, entries.size()).forEach(told);
    }
  }
}
