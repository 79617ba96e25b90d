package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * What is known of members' feeds, as far as moots go. It is a set: in which order its parts came,
 * and how often, leaves no trace in it. Signatures were checked by whoever puts something in.
 */
public final class MootRecord {
  /**
   * A witness's word: at that time it saw this feed with so many entries.
   *
   * @param seconds since 1970, by the witness's clock
   */
  public record Cosigned(long size, PeerId witness, long seconds) {}

  /** An entry and where it stands. */
  public record Written(PeerId by, long position, Hash32 id, Entry entry) {}

  /**
   * One member's feed.
   *
   * @param entries those that concern moots, in order, up to the first that is missing
   * @param size how many there are of any kind
   */
  public record MemberFeed(PeerId by, List<Written> entries, long size, Set<Cosigned> cosigned) {
    /** Copies. */
    public MemberFeed {
      entries = List.copyOf(entries);
      cosigned = Set.copyOf(cosigned);
    }
  }

  private final SortedMap<PeerId, MemberFeed> feeds;

  private MootRecord(SortedMap<PeerId, MemberFeed> feeds) {
    this.feeds = feeds;
  }

  /** The feeds, by their members' ids. */
  public Collection<MemberFeed> feeds() {
    return feeds.values();
  }

  /** A member's feed; empty if nothing of it is here. */
  public Optional<MemberFeed> feed(PeerId by) {
    return Optional.ofNullable(feeds.get(by));
  }

  /** Who saw an entry first when: of each witness the earliest word that covers it. */
  public SortedMap<PeerId, Long> witnesses(PeerId by, long position) {
    SortedMap<PeerId, Long> seen = new TreeMap<>();
    feed(by)
        .map(MemberFeed::cosigned)
        .orElse(Set.of())
        .forEach(word -> {
          if (word.size > position && !word.witness.equals(by)) {
            seen.merge(word.witness, word.seconds, Math::min);
          }
        });
    return seen;
  }

  /** Collects a record. */
  public static final class Builder {
    private static final class Part {
      private final BitSet there = new BitSet();
      private final Map<Long, Written> entries = new TreeMap<>();
      private final Map<Long, Set<Cosigned>> cosigned = new HashMap<>();
      private @Nullable MemberFeed built;
    }

    private final SortedMap<PeerId, Part> parts = new TreeMap<>();

    /** A part that is about to change. */
    private Part part(PeerId by) {
      Part part = parts.computeIfAbsent(by, peer -> new Part());
      part.built = null;
      return part;
    }

    /**
     * Adds an entry of a feed. A store has one history of each; of two entries in one place the one
     * with the smaller id is kept, so that it does not matter which came first.
     */
    public Builder entry(PeerId by, long position, byte[] bytes) {
      Part part = part(by);
      int place = Math.toIntExact(position);
      Optional<Written> now =
          decode(bytes).map(entry -> new Written(by, position, EntryId.of(by, bytes), entry));
      Written before = part.entries.get(position);
      part.there.set(place);
      if (now.isPresent() && (before == null || now.get().id.compareTo(before.id) < 0)) {
        part.entries.put(position, now.get());
      }
      return this;
    }

    /** Notes that there is an entry at a position, which is none of a moot's business. */
    public Builder nothing(PeerId by, long position) {
      part(by).there.set(Math.toIntExact(position));
      return this;
    }

    /** Adds a witness's word on a feed. */
    public Builder cosigned(PeerId by, Cosigned word) {
      part(by).cosigned.computeIfAbsent(word.size, size -> new HashSet<>()).add(word);
      return this;
    }

    /** All that is kept of what witnesses said of one head, in place of what was known of it. */
    Builder cosigned(PeerId by, long size, Set<Cosigned> words) {
      part(by).cosigned.put(size, words);
      return this;
    }

    /** Forgets a feed: another history has taken its place. */
    Builder forget(PeerId by) {
      parts.remove(by);
      return this;
    }

    /** The record. */
    public MootRecord build() {
      SortedMap<PeerId, MemberFeed> feeds = new TreeMap<>();
      parts.forEach((by, part) -> {
        MemberFeed feed = part.built == null ? build(by, part) : part.built;
        part.built = feed;
        feeds.put(by, feed);
      });
      return new MootRecord(feeds);
    }

    private static MemberFeed build(PeerId by, Part part) {
      long size = part.there.nextClearBit(0);
      List<Written> entries = new ArrayList<>();
      part.entries.values().stream()
          .filter(written -> written.position < size)
          .forEach(entries::add);
      Set<Cosigned> words = new HashSet<>();
      part.cosigned.values().forEach(words::addAll);
      return new MemberFeed(by, entries, size, words);
    }
  }

  /** An entry that concerns moots; empty for all others, and for what is no entry. */
  private static Optional<Entry> decode(byte[] bytes) {
    try {
      Entry entry = EntryCodec.decode(bytes);
      return switch (entry) {
        case Entry.Charter _,
            Entry.Member _,
            Entry.Proposal _,
            Entry.Vote _,
            Entry.Delegation _,
            Entry.Enactment _,
            Entry.Veto _ ->
            Optional.of(entry);
        // Its writer has signed it; what else is in it is for those who keep books of credits.
        case Entry.Credit credit -> Optional.of(credit.word());
        case Entry.Model _,
            Entry.Adapter _,
            Entry.Dataset _,
            Entry.Evaluation _,
            Entry.ReceiptRoot _,
            Entry.FraudProof _,
            Entry.TrainingRound _,
            Entry.Unknown _ ->
            Optional.empty();
      };
    } catch (FolkmootException noEntry) {
      return Optional.empty();
    }
  }
}
