package org.folkmoot.ledger;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.note.Checkpoint;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * Cosigns what was copied whole, and gathers the cosignatures of others, of earlier heads too: two
 * members that have heard of the same cosignatures date an entry alike. On the loop.
 */
final class FeedWitnessing {
  /** Feeds that are cosigned in a round: those that came while this node was no witness. */
  private static final int MAX_LATE = 32;

  /** Parts that are waited for at a time. */
  private static final int MAX_ASKED = 4096;

  /** Bytes of notes in one message. */
  private static final int MAX_PAGE = 1 << 20;

  /** What was compared with a peer last, and brought nothing: it need not be compared again. */
  private record Settled(long theirs, long ours) {}

  /** A note whose signatures hold, with those who cosigned it. */
  record Checked(Head head, List<Word> words) {}

  /** A cosignature and whose it is; empty for a witness that is no peer. */
  record Word(SignedNote.Line line, Optional<PeerId> by) {}

  private final FeedTable table;
  private final Optional<Witness> witness;
  private final Set<NoteKey> others;
  private final Map<PeerId, Settled> settled = new HashMap<>();

  /** What was asked for and has not come: each part has up to a thousand signatures to check. */
  private final Map<Asked, Boolean> asked = new Bounded<>(MAX_ASKED);

  private record Asked(PeerId from, PeerId feed) {}

  /**
   * Nothing is cosigned yet.
   *
   * @param others keys of witnesses that are no peers
   */
  FeedWitnessing(FeedTable table, Optional<Witness> witness, Set<NoteKey> others) {
    this.table = table;
    this.witness = witness;
    this.others = Set.copyOf(others);
  }

  /** Cosigns feeds that are here whole and that we have not cosigned as they are. */
  void cosignSome() {
    if (witness.isPresent()) {
      table.all().values().stream()
          .filter(this::isToCosign)
          .limit(MAX_LATE)
          .toList()
          .forEach(this::cosign);
    }
  }

  private boolean isToCosign(Feed feed) {
    String name = FeedName.witness(table.network.self());
    return feed.isWhole()
        && feed.fork().isEmpty()
        && !feed.peer().equals(table.network.self())
        && feed.head().cosignatures().stream().noneMatch(line -> line.name().equals(name));
  }

  /** Cosigns a feed that is here whole, and says so to its member. */
  void cosign(Feed feed) {
    if (witness.isEmpty() || !isToCosign(feed)) {
      return;
    }
    table.tasks.run(
        table.network.self(),
        // What we said is on the disk before anybody hears it.
        () -> table.store.cosign(feed.head(), List.of(witness.get().cosign(feed.head()))),
        now ->
            now.ifPresent(cosigned -> {
              table.changed(cosigned);
              if (table.network.connected().contains(feed.peer())) {
                table.sendNote(feed.peer(), cosigned);
              }
            }));
  }

  // ---- comparing

  /** Asks for cosignatures if a peer has others than are here. */
  void compare(PeerId from, Feed ours, Message.FeedHead theirs) {
    Settled now = new Settled(theirs.mark(), ours.mark());
    if (theirs.mark() != ours.mark() && !now.equals(settled.get(ours.peer()))) {
      ask(from, ours.peer(), Long.MAX_VALUE);
      settled.put(ours.peer(), now);
    }
  }

  /** Asks a peer for what it has of cosigned heads of fewer entries than so many. */
  void ask(PeerId from, PeerId feed, long below) {
    asked.put(new Asked(from, feed), true);
    table.network.send(from, new Message.CosignedWant(feed, below));
  }

  /** Gives what is here of cosigned heads, the latest first. */
  void give(PeerId to, Message.CosignedWant want) {
    if (table.find(want.feed()).isPresent()) {
      table.tasks.run(to, () -> page(want), part -> table.network.send(to, part));
    }
  }

  private Message page(Message.CosignedWant want) {
    List<byte[]> notes = new ArrayList<>();
    long end = want.below();
    int bytes = 0;
    for (SignedNote note : table.store.cosignedNotes(want.feed(), want.below(), Limits.MAX_NOTES)) {
      byte[] next = note.toBytes();
      bytes += next.length;
      if (bytes > MAX_PAGE && !notes.isEmpty()) {
        break;
      }
      notes.add(next);
      end = CosignedHead.of(note).size();
    }
    return new Message.CosignedPart(
        want.feed(), notes, end, table.store.cosignedMark(want.feed(), end));
  }

  /** Takes cosigned heads, and asks for earlier ones if those differ too. */
  void take(PeerId from, Message.CosignedPart part) {
    boolean wanted = asked.remove(new Asked(from, part.feed())) != null;
    if (!wanted || table.find(part.feed()).isEmpty() || table.isShunned(from)) {
      return;
    }
    table.tasks.run(
        from,
        () -> part.notes().stream().flatMap(note -> news(note).stream()).toList(),
        checked -> {
          checked.forEach(this::merge);
          table.tasks.run(
              table.network.self(),
              () -> table.store.cosignedMark(part.feed(), part.end()),
              mark -> {
                if (mark != part.rest() && !part.notes().isEmpty()) {
                  ask(from, part.feed(), part.end());
                }
              });
        },
        _ -> table.shun(from));
  }

  /** As {@link #check}; empty for a note that says nothing that is not here. */
  private Optional<Checked> news(byte[] bytes) {
    SignedNote note = SignedNote.parse(bytes);
    boolean known =
        kept(note)
            .filter(ours -> ours.text().equals(note.text()))
            .filter(ours -> ours.lines().containsAll(note.lines()))
            .isPresent();
    return known ? Optional.empty() : Optional.of(check(bytes));
  }

  private Optional<SignedNote> kept(SignedNote note) {
    Checkpoint checkpoint = Checkpoint.parse(note.text());
    return FeedName.peer(checkpoint.origin())
        .flatMap(peer -> table.store.keptNote(peer, checkpoint.size()));
  }

  /**
   * Checks a stranger's note; not on the loop. What was checked before is not checked again.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if it is none of a feed
   */
  Checked check(byte[] bytes) {
    Head head = Head.of(SignedNote.parse(bytes));
    List<Word> words = new ArrayList<>();
    List<SignedNote.Line> known =
        kept(head.note())
            .filter(ours -> ours.text().equals(head.note().text()))
            .map(SignedNote::lines)
            .orElse(List.of());
    for (SignedNote.Line line : head.cosignatures()) {
      if (known.contains(line)) {
        continue;
      }
      Optional<PeerId> peer = FeedName.cosigned(head.note(), line);
      if (peer.isEmpty() && line.name().startsWith(FeedName.WITNESS)) {
        throw new FolkmootException(
            FolkmootException.Code.BAD_FILE, "a member's cosignature does not hold");
      }
      if (peer.isPresent()
          || others.stream().anyMatch(key -> key.verifies(head.note().text(), line))) {
        words.add(new Word(line, peer));
      }
    }
    return new Checked(head, words);
  }

  /** Keeps the cosignatures of those who are known here. */
  void merge(Checked checked) {
    List<SignedNote.Line> known =
        checked.words.stream()
            .filter(word -> word.by.map(this::counts).orElse(true))
            .map(Word::line)
            .toList();
    if (!known.isEmpty()) {
      table.tasks.run(
          table.network.self(),
          () -> table.store.cosign(checked.head.bare(), known),
          now ->
              now.ifPresent(feed -> {
                settled.remove(feed.peer());
                table.changed(feed);
              }));
    }
  }

  /** Members, those who were, and ourselves. */
  private boolean counts(PeerId witnessing) {
    return witnessing.equals(table.network.self())
        || table.find(witnessing).isPresent()
        || table.wanted.test(witnessing);
  }
}
