package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.ledger.tile.EntryBundle;
import org.folkmoot.ledger.tile.Tile;
import org.folkmoot.ledger.tile.TileBuilder;
import org.folkmoot.ledger.tile.TileHashes;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.PeerId;

/**
 * All feeds of a home in one SQLite file: entries, tiles, and for each feed the head that its
 * member signed. What a writing method has returned from outlives a loss of power.
 *
 * <p>Several processes of a home may have it open. From any thread.
 */
public final class LedgerStore implements AutoCloseable {
  static final String FILE = "ledger.db";

  /** Feeds of a home: every member of a large community. */
  public static final int MAX_FEEDS = 4096;

  /** Of them for those whose word counts here: strangers take the others. */
  static final int RESERVED_FEEDS = 1024;

  /** Entries of a copy: ten years of one in half a minute. */
  static final long MAX_COPY = 10_000_000;

  /**
   * Bytes of the disk that copies leave free: others must not fill it. Copies of strangers' feeds
   * leave twice as much, so that votes still come when those have taken all that they may.
   */
  private static final long MIN_FREE = 1L << 30;

  /** Builders that are kept between appends. */
  private static final int MAX_BUILDERS = 64;

  private final StoreFile file;
  private final Database database;
  private final FeedRows rows;
  private final CosignedHeads cosigned;
  private final Map<PeerId, TileBuilder> builders = new HashMap<>();
  private Set<PeerId> preferred = Set.of();

  private LedgerStore(StoreFile file, Database database) {
    this.file = file;
    this.database = database;
    rows = new FeedRows(database);
    cosigned = new CosignedHeads(rows);
  }

  /**
   * Opens the store in a folder, and makes it at first use.
   *
   * @param sealer seals the store when nobody has it open any more
   * @throws FolkmootException BAD_FILE if it is damaged; NO_ROOM if it cannot be written
   */
  public static LedgerStore open(Path folder, Signer sealer) {
    StoreFile file = StoreFile.open(folder, sealer);
    try {
      return new LedgerStore(file, Database.open(file.path(), file::breakSeal));
    } catch (RuntimeException failed) {
      file.release();
      throw failed;
    }
  }

  /**
   * Says whose word counts here, members of a moot for example: their cosignatures are kept before
   * those of others, and there is room for their feeds when strangers have taken theirs.
   *
   * @param witnesses names of those that are no peers
   */
  public synchronized void prefer(Set<PeerId> peers, Set<String> witnesses) {
    preferred = Set.copyOf(peers);
    Set<String> first = peers.stream().map(FeedName::witness).collect(Collectors.toSet());
    first.addAll(witnesses);
    cosigned.prefer(first);
  }

  // ---- reading

  /** The feeds that are here, in the order in which they came. */
  public synchronized List<Feed> feeds() {
    return database.read(rows::all);
  }

  /** What is here of a peer's feed; empty if nothing is. */
  public synchronized Optional<Feed> feed(PeerId peer) {
    return database.read(() -> rows.find(peer));
  }

  /** Entries of a feed from a position on, at most so many; fewer where it ends. */
  public synchronized List<byte[]> entries(PeerId peer, long from, int most) {
    return database.read(() -> rows.entries(peer, from, most));
  }

  /**
   * A tile's bytes, or those of a bundle of entries.
   *
   * @throws FolkmootException NOT_FOUND if it is not here
   */
  public synchronized byte[] tile(PeerId peer, Tile tile) {
    if (tile.level() == Tile.ENTRIES) {
      List<byte[]> entries = entries(peer, tile.firstEntry(), tile.width());
      if (entries.size() < tile.width()) {
        throw FeedRows.noTile(tile);
      }
      return EntryBundle.encode(entries);
    }
    return database.read(() -> rows.tile(peer, tile));
  }

  /**
   * The heads of a feed that witnesses cosigned, as far as that is known here, the largest first;
   * earlier ones too. What a date of an entry is measured by: see {@link CosignedHead#attested}.
   */
  public synchronized List<CosignedHead> cosignedHeads(PeerId peer) {
    return cosignedNotes(peer, Long.MAX_VALUE, CosignedHeads.MOST + 1).stream()
        .map(CosignedHead::of)
        .toList();
  }

  /** The sizes of a feed's cosigned heads, each with what tells its cosignatures from others. */
  public synchronized Map<Long, Long> cosignedMarks(PeerId peer) {
    return database.read(() -> cosigned.marks(peer));
  }

  /** One of the heads of a feed that witnesses cosigned. */
  public synchronized Optional<CosignedHead> cosignedHead(PeerId peer, long size) {
    return keptNote(peer, size).map(CosignedHead::of);
  }

  /** The notes of cosigned heads of fewer entries than so many, the largest first. */
  synchronized List<SignedNote> cosignedNotes(PeerId peer, long below, int most) {
    return database.read(() -> cosigned.notes(peer, below, most));
  }

  /** The note of a head that is kept; its signatures were checked when they came. */
  synchronized Optional<SignedNote> keptNote(PeerId peer, long size) {
    return database.read(() -> cosigned.note(peer, size));
  }

  /** The mark of the cosigned heads of fewer entries than so many. */
  synchronized long cosignedMark(PeerId peer, long below) {
    return database.read(() -> cosigned.mark(peer, below));
  }

  /** The hashes of a feed's first entries; all of them are here. */
  public TileHashes hashes(PeerId peer, long size) {
    return new TileHashes(size, tile -> tile(peer, tile));
  }

  // ---- writing

  /** What an append came to. */
  record Appended(long first, Head head) {}

  /**
   * Appends to the feed of a signer, and signs.
   *
   * @throws FolkmootException NO_ROOM if the disk is full: then nothing was appended
   */
  synchronized Appended append(Signer signer, List<byte[]> entries) {
    PeerId peer = signer.peerId();
    return write(
        peer,
        () -> {
          Optional<Feed> before = rows.find(peer);
          if (before.isPresent() && (!before.get().isWhole() || before.get().fork().isPresent())) {
            throw new FolkmootException(
                BAD_FILE,
                "this home's ledger is behind what its key has signed: let it catch up from other"
                    + " peers first, or history would have two versions");
          }
          long size = before.map(Feed::size).orElse(0L);
          TileBuilder builder = builder(peer, size);
          entries.forEach(entry -> builder.add(MerkleTree.leafHash(entry)));
          Head head = Head.sign(signer, builder.size(), builder.root());
          var _ = store(before, size, entries, builder, head, List.of());
          return new Appended(size, head);
        });
  }

  /**
   * Keeps entries of another's feed that follow those that are here.
   *
   * @param head what they lead to, perhaps over more entries
   * @param growth what proves that they do
   * @throws FolkmootException BAD_FILE if they do not; then nothing is changed
   */
  synchronized Feed appendCopy(Head head, long from, List<byte[]> entries, List<Hash32> growth) {
    PeerId peer = head.peer();
    return write(
        peer,
        () -> {
          Optional<Feed> before = rows.find(peer);
          long size = before.map(Feed::size).orElse(0L);
          if (from != size) {
            // Not the sender's fault: another process was faster.
            throw new FolkmootException(BUSY, "these entries do not follow those that are here");
          }
          checkRoom(before.isEmpty(), head);
          TileBuilder builder = builder(peer, size);
          entries.forEach(entry -> builder.add(MerkleTree.leafHash(entry)));
          if (!MerkleTree.consistent(
              builder.size(), builder.root(), head.size(), head.root(), growth)) {
            throw new FolkmootException(
                BAD_FILE, "these entries are not those that the feed's member signed");
          }
          return store(before, size, entries, builder, head, growth);
        });
  }

  private void checkRoom(boolean another, Head head) throws SQLException {
    boolean counts = preferred.contains(head.peer());
    if (another && rows.count() >= (counts ? MAX_FEEDS : MAX_FEEDS - RESERVED_FEEDS)) {
      throw new FolkmootException(NO_ROOM, "this home keeps as many feeds as it can");
    }
    if (head.size() > MAX_COPY) {
      throw new FolkmootException(
          NO_ROOM, "the feed of %s is too long for a copy".formatted(head.peer()));
    }
    if (file.freeBytes() < (counts ? MIN_FREE : 2 * MIN_FREE)) {
      throw new FolkmootException(
          NO_ROOM, "the disk is nearly full: no more is copied of others' feeds; make room");
    }
  }

  /**
   * Keeps cosignatures of a head, whose signatures the caller has checked.
   *
   * @return the feed if anything is new; empty if not, or if the head is not one of what is here
   */
  public synchronized Optional<Feed> cosign(Head head, List<SignedNote.Line> more) {
    PeerId peer = head.peer();
    return write(
        peer,
        () -> {
          Optional<Feed> feed = rows.find(peer);
          if (feed.isEmpty()) {
            return Optional.empty();
          }
          if (feed.get().head().agreesWith(head)) {
            return cosigned.merge(feed.get(), more);
          }
          boolean ours =
              head.size() <= feed.get().size()
                  && head.size() < feed.get().head().size()
                  && TreeProofs.root(head.size(), hashes(peer, head.size())).equals(head.root());
          return ours ? cosigned.mergeOld(feed.get(), head, more) : Optional.empty();
        });
  }

  /** Proof that a head contradicts what is here; empty if it does not, or if that is not known. */
  synchronized Optional<ForkProof> contradiction(Head head) {
    Optional<Feed> feed = feed(head.peer());
    if (feed.isEmpty() || head.size() > feed.get().head().size()) {
      return Optional.empty();
    }
    Head larger = feed.get().head();
    boolean there = feed.get().isWhole();
    if (!there && head.size() < larger.size()) {
      return Optional.empty();
    }
    Hash32 beginning =
        there ? TreeProofs.root(head.size(), hashes(head.peer(), head.size())) : larger.root();
    return beginning.equals(head.root())
        ? Optional.empty()
        : Optional.of(
            new ForkProof(
                head,
                larger,
                beginning,
                there ? consistency(head.peer(), head.size(), larger.size()) : List.of()));
  }

  /** Keeps the proof that a feed has two histories; empty if the feed is not here. */
  synchronized Optional<Feed> keep(ForkProof fork) {
    return write(
        fork.peer(),
        () -> {
          if (rows.find(fork.peer()).filter(feed -> feed.fork().isEmpty()).isPresent()) {
            rows.put(fork);
          }
          return rows.find(fork.peer());
        });
  }

  /**
   * What comes of another history of a feed.
   *
   * @param taken the feed, if that history takes the place of the one that was here
   * @param ours a head that speaks for the one that is here, if that stays because of it
   */
  record Weighed(Optional<Feed> taken, Optional<Head> ours) {}

  /**
   * Chooses between two histories of a forked feed: that of which a head has more cosignatures by
   * those whose word counts here; of as many, that with the smaller root. Each of them cosigns one
   * history only, so whoever has heard the same chooses the same, and what many have seen is not
   * undone by what few see later.
   *
   * @param head of the other, which contradicts what is here
   * @param words cosignatures of it that hold
   */
  synchronized Weighed weigh(Head head, List<SignedNote.Line> words) {
    PeerId peer = head.peer();
    Head theirs = cosigned.with(head.bare(), words);
    return write(
        peer,
        () -> {
          Optional<Feed> feed = rows.find(peer);
          boolean open =
              feed.filter(ours -> ours.fork().isPresent() && !ours.head().agreesWith(head))
                  .isPresent();
          if (!open) {
            return new Weighed(Optional.empty(), Optional.empty());
          }
          long from = Math.min(head.size(), feed.get().head().size());
          Optional<Head> ours =
              cosigned.notes(peer, Long.MAX_VALUE, CosignedHeads.MOST + 1).stream()
                  .map(Head::of)
                  .filter(one -> one.size() >= from && cosigned.backing(one) > 0)
                  .max(this::byBacking);
          if (cosigned.backing(theirs) == 0
              || ours.filter(one -> byBacking(one, theirs) >= 0).isPresent()) {
            return new Weighed(Optional.empty(), ours);
          }
          rows.clear(peer);
          builders.remove(peer);
          cosigned.lookAgain(peer);
          long mark = Cosignatures.mark(theirs.cosignatures());
          Feed now = new Feed(peer, 0, theirs, List.of(), feed.get().fork(), mark);
          rows.put(now);
          return new Weighed(Optional.of(now), Optional.empty());
        });
  }

  private int byBacking(Head one, Head other) {
    int more = Integer.compare(cosigned.backing(one), cosigned.backing(other));
    return more != 0 ? more : other.root().compareTo(one.root());
  }

  /** Keeps fewer earlier heads of each feed: for tests. */
  synchronized void limitHeads(int most) {
    cosigned.limit(most);
  }

  /** The checkpoint of a log that this home's member cosigned last; empty if none. */
  synchronized Optional<SignedNote> witnessed(String origin) {
    return database.read(() ->
        database
            .query(
                "SELECT head FROM witnessed WHERE origin = ?",
                row -> SignedNote.parse(row.getString(1)),
                origin)
            .stream()
            .findFirst());
  }

  /** The latest second at which a witness's key has cosigned anything here; 0 if it never has. */
  synchronized long lastWitnessed(NoteKey key) {
    return database
        .read(() ->
            database.query("SELECT head FROM witnessed", row -> SignedNote.parse(row.getString(1))))
        .stream()
        .flatMap(note -> note.by(key).stream())
        .mapToLong(line -> Cosignature.seconds(line).orElse(0))
        .max()
        .orElse(0);
  }

  /** What {@link #witness} decides about the last checkpoint of a log. */
  interface Decision<T> {
    /** Gives the answer, and to {@code next} what is to be remembered, if anything is. */
    T decide(Optional<SignedNote> last, Consumer<SignedNote> next);
  }

  /** Looks at what was cosigned last and remembers another, in one step; durable on return. */
  synchronized <T> T witness(String origin, Decision<T> decision) {
    file.breakSeal();
    return database.transaction(() -> {
      List<SignedNote> next = new ArrayList<>();
      T answer = decision.decide(witnessed(origin), next::add);
      for (SignedNote note : next) {
        database.update(
            "INSERT OR REPLACE INTO witnessed (origin, head) VALUES (?, ?)", origin, note.note());
      }
      return answer;
    });
  }

  private <T> T write(PeerId peer, Database.Work<T> work) {
    file.breakSeal();
    try {
      return database.transaction(work);
    } catch (RuntimeException | Error failed) {
      // It has entries that were not kept.
      builders.remove(peer);
      throw failed;
    }
  }

  /** The right edge of a feed; another process may have moved it since. */
  private TileBuilder builder(PeerId peer, long size) throws SQLException {
    TileBuilder kept = builders.remove(peer);
    TileBuilder builder =
        kept != null && kept.size() == size
            ? kept
            : new TileBuilder(size, tile -> tile(peer, tile));
    if (builders.size() < MAX_BUILDERS) {
      builders.put(peer, builder);
    }
    return builder;
  }

  private Feed store(
      Optional<Feed> before,
      long first,
      List<byte[]> entries,
      TileBuilder builder,
      Head head,
      List<Hash32> growth)
      throws SQLException {
    Feed now = cosigned.replaced(before, builder.size(), head, growth);
    rows.putEntries(now.peer(), first, entries);
    rows.putTiles(now.peer(), builder.takeChanged());
    return now;
  }

  /** What proves how a feed's entries that are here grow to a head that covers more of them. */
  List<Hash32> consistency(PeerId peer, long from, long to) {
    return TreeProofs.consistency(from, to, hashes(peer, to));
  }

  /** Limits the file to so many pages: for tests of a full disk. */
  synchronized void limitPages(long pages) {
    boolean _ =
        database.read(() -> {
          database.run("PRAGMA max_page_count = " + pages);
          return true;
        });
  }

  /** Closes; if no other process has it open, the file is sealed. */
  @Override
  public synchronized void close() {
    database.close();
    file.close();
  }
}
