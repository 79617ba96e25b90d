package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.wire.PeerId;

/**
 * A moot's history that a seed draws: members who join and leave, vote early, late, twice and
 * otherwise than before, for others, for another moot, before they belong to it; witnesses who see
 * part of it, strangers among them, some with clocks that are far behind.
 */
final class RandomMoot {
  static final long START = 1000;
  static final long END = 1600;
  private static final int PEERS = 6;

  final Random random;
  final List<PeerId> peers = new ArrayList<>();
  final Hash32 moot;
  final Entry.Rules rules;
  private final Map<PeerId, List<Entry>> feeds = new TreeMap<>();
  private final Map<PeerId, List<Long>> written = new TreeMap<>();
  private final List<Hash32> proposals = new ArrayList<>();
  private final List<Consumer<MootRecord.Builder>> parts = new ArrayList<>();

  RandomMoot(long seed) {
    random = new Random(seed);
    for (int i = 0; i < PEERS; i++) {
      peers.add(new PeerId(hash()));
    }
    rules = rules();
    Entry.Charter charter =
        new Entry.Charter(START * 1000, rules, peers.subList(0, 1 + random.nextInt(3)));
    moot = EntryId.of(peers.getFirst(), EntryCodec.encode(charter));
    write(peers.getFirst(), charter, START);
    for (PeerId peer : peers) {
      // Most belong to it early on, where the charter lets members invite.
      if (random.nextInt(3) > 0) {
        write(peers.getFirst(), member(peer, Entry.Step.INVITED), START);
        write(peer, member(peer, Entry.Step.JOINED), START);
      }
    }
    // A founder that is alone names the entry by which the other has joined.
    PeerId second = peers.get(1 + random.nextInt(PEERS - 1));
    Entry joined = member(second, Entry.Step.JOINED);
    write(second, joined, START);
    Hash32 how = EntryId.of(second, EntryCodec.encode(joined));
    write(
        peers.getFirst(),
        new Entry.Member((START + 30) * 1000, moot, second, Entry.Step.INVITED, how.hex()),
        START);
    for (long now = START + 1; now < END; now += 1 + random.nextInt(12)) {
      PeerId by = peers.get(random.nextInt(PEERS));
      write(by, entry(by, now), now);
    }
    feeds.forEach(this::deliver);
  }

  private Entry member(PeerId peer, Entry.Step step) {
    return new Entry.Member(START * 1000, moot, peer, step, "");
  }

  private Entry.Rules rules() {
    return new Entry.Rules(
        "moot",
        one(Entry.Admission.values()),
        random.nextInt(1001),
        random.nextInt(1000),
        random.nextInt(20) * 1000L,
        random.nextInt(200) * 1000L,
        random.nextInt(60) * 1000L,
        random.nextInt(40) * 1000L,
        random.nextInt(4),
        1 + random.nextInt(4),
        50,
        random.nextInt(3) == 0 ? Optional.of(peers.get(random.nextInt(3))) : Optional.empty());
  }

  private Entry entry(PeerId by, long now) {
    // Dates are what their writers like: mostly right, sometimes long past or a while to come.
    long date = (now + (random.nextInt(8) == 0 ? random.nextInt(240) - 200 : 0)) * 1000;
    Hash32 about = random.nextInt(20) == 0 ? hash() : moot;
    PeerId other = peers.get(random.nextInt(PEERS));
    Hash32 proposal =
        proposals.isEmpty() || random.nextInt(30) == 0
            ? hash()
            : proposals.get(Math.max(0, proposals.size() - 1 - random.nextInt(4)));
    int kind = random.nextInt(100);
    if (kind < 12) {
      return new Entry.Member(
          date, about, random.nextInt(9) == 0 ? other : by, Entry.Step.JOINED, "");
    } else if (kind < 24) {
      return new Entry.Member(date, about, other, Entry.Step.INVITED, "");
    } else if (kind < 26) {
      return new Entry.Member(date, about, by, Entry.Step.LEFT, "");
    } else if (kind < 38) {
      return new Entry.Proposal(date, about, "t" + now, "", motion(other));
    } else if (kind < 78) {
      return new Entry.Vote(date, about, proposal, one(Entry.Choice.values()), "");
    } else if (kind < 86) {
      return new Entry.Delegation(
          date, about, random.nextInt(4) == 0 ? Optional.empty() : Optional.of(other));
    } else if (kind < 94) {
      return new Entry.Enactment(date, about, proposal);
    } else if (kind < 96) {
      return new Entry.Veto(date, about, proposal, "no");
    }
    return new Entry.Credit(
        date,
        Hash32.sha256(new byte[] {(byte) random.nextInt(3)}),
        by,
        other,
        random.nextInt(300),
        Optional.empty());
  }

  private Entry.Motion motion(PeerId peer) {
    return switch (random.nextInt(6)) {
      case 0 -> new Entry.Motion.Admit(peer);
      case 1 -> new Entry.Motion.Remove(peer);
      case 2 -> new Entry.Motion.ChangeRules(rules());
      case 3 -> new Entry.Motion.AdoptPrompt("p");
      case 4 -> new Entry.Motion.Train(hash(), hash());
      default -> new Entry.Motion.Adopt(Entry.Subject.MODEL, hash(), "m");
    };
  }

  private void write(PeerId by, Entry entry, long now) {
    feeds.computeIfAbsent(by, peer -> new ArrayList<>()).add(entry);
    written.computeIfAbsent(by, peer -> new ArrayList<>()).add(now);
    if (entry instanceof Entry.Proposal) {
      proposals.add(EntryId.of(by, EntryCodec.encode(entry)));
    }
  }

  private void deliver(PeerId by, List<Entry> entries) {
    for (int i = 0; i < entries.size(); i++) {
      long position = i;
      byte[] bytes = EntryCodec.encode(entries.get(i));
      parts.add(builder -> builder.entry(by, position, bytes));
      if (position > 2 && random.nextInt(300) == 0) {
        byte[] other =
            EntryCodec.encode(new Entry.Vote(0, moot, hash(), Entry.Choice.YES, "another"));
        parts.add(builder -> builder.entry(by, position, other));
      }
      // A witness sees what there is after a while, or never.
      for (PeerId witness : peers) {
        if (random.nextInt(5) > 0) {
          long seen = written.getOrDefault(by, List.of()).get(i) + random.nextInt(30) - 3;
          seen = random.nextInt(200) == 0 ? 0 : seen;
          Cosigned word = new Cosigned(i + 1, witness, seen);
          parts.add(builder -> builder.cosigned(by, word));
        }
      }
      Cosigned stranger = new Cosigned(i + 1, new PeerId(hash()), START);
      parts.add(builder -> builder.cosigned(by, stranger));
    }
  }

  /** The record as it comes to somebody: in any order, parts of it twice. */
  MootRecord delivered(long seed) {
    Random order = new Random(seed);
    List<Consumer<MootRecord.Builder>> coming = new ArrayList<>(parts);
    for (int i = 0; i < parts.size() / 4; i++) {
      coming.add(parts.get(order.nextInt(parts.size())));
    }
    Collections.shuffle(coming, order);
    MootRecord.Builder builder = new MootRecord.Builder();
    coming.forEach(part -> part.accept(builder));
    return builder.build();
  }

  private <T> T one(T[] values) {
    return values[random.nextInt(values.length)];
  }

  private Hash32 hash() {
    byte[] bytes = new byte[Hash32.BYTES];
    random.nextBytes(bytes);
    return Hash32.of(bytes);
  }
}
