package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.base.PrivateFile;
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
  private static final String LOCK = "ledger.lock";

  /** Feeds of a home: every member of a large community. */
  public static final int MAX_FEEDS = 4096;

  /** Builders that are kept between appends. */
  private static final int MAX_BUILDERS = 64;

  private final Path file;
  private final Signer sealer;
  private final Database database;
  private final FileChannel lockFile;
  private final Optional<FileLock> lock;
  private final Map<PeerId, TileBuilder> builders = new HashMap<>();
  private boolean sealBroken;

  private LedgerStore(
      Path file, Signer sealer, Database database, FileChannel lockFile, Optional<FileLock> lock) {
    this.file = file;
    this.sealer = sealer;
    this.database = database;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Opens the store in a folder, and makes it at first use.
   *
   * @param sealer seals the store when nobody has it open any more
   * @throws FolkmootException BAD_FILE if it is damaged; NO_ROOM if it cannot be written
   */
  public static LedgerStore open(Path folder, Signer sealer) {
    Path file = folder.resolve(FILE);
    try {
      PrivateFile.create(folder.resolve(LOCK));
      FileChannel lockFile =
          FileChannel.open(folder.resolve(LOCK), StandardOpenOption.READ, StandardOpenOption.WRITE);
      Optional<FileLock> lock = lock(lockFile, true);
      try {
        return new LedgerStore(file, sealer, Database.open(file), lockFile, lock);
      } catch (RuntimeException failed) {
        lockFile.close();
        throw failed;
      }
    } catch (IOException failed) {
      throw unwritable(folder, failed);
    }
  }

  private static Optional<FileLock> lock(FileChannel file, boolean shared) throws IOException {
    try {
      return Optional.ofNullable(file.tryLock(0, Long.MAX_VALUE, shared));
    } catch (OverlappingFileLockException thisProcessHasIt) {
      return Optional.empty();
    }
  }

  private static FolkmootException unwritable(Path folder, IOException failed) {
    return new FolkmootException(
        NO_ROOM,
        "cannot write %s (%s): see that there is room and that the folder is yours"
            .formatted(folder, failed.getMessage()),
        failed);
  }

  // ---- reading

  /** The feeds that are here, in the order in which they came. */
  public synchronized List<Feed> feeds() {
    return database.read(() -> database.query(SELECT + " ORDER BY id", LedgerStore::feed));
  }

  private static final String SELECT = "SELECT size, head, growth, fork FROM feed";

  /** What is here of a peer's feed; empty if nothing is. */
  public synchronized Optional<Feed> feed(PeerId peer) {
    return database.read(() -> find(peer));
  }

  private Optional<Feed> find(PeerId peer) throws SQLException {
    return database
        .query(SELECT + " WHERE peer = ?", LedgerStore::feed, peer.key().bytes())
        .stream()
        .findFirst();
  }

  private static Feed feed(ResultSet row) throws SQLException {
    Head head = Head.of(SignedNote.parse(row.getString(2)));
    byte[] fork = row.getBytes(4);
    return new Feed(
        head.peer(),
        row.getLong(1),
        head,
        hashes(row.getBytes(3)),
        fork == null ? Optional.empty() : Optional.of(ForkProof.parse(fork)));
  }

  /** Entries of a feed from a position on, at most so many; fewer where it ends. */
  public synchronized List<byte[]> entries(PeerId peer, long from, int most) {
    return database.read(() ->
        database.query(
            """
            SELECT bytes FROM entry WHERE feed = (SELECT id FROM feed WHERE peer = ?)
            AND position >= ? ORDER BY position LIMIT ?
            """,
            row -> row.getBytes(1),
            peer.key().bytes(),
            from,
            most));
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
        throw noTile(tile);
      }
      return EntryBundle.encode(entries);
    }
    return database.read(() -> readTile(peer, tile));
  }

  private byte[] readTile(PeerId peer, Tile tile) throws SQLException {
    byte[] hashes =
        database
            .query(
                """
                SELECT hashes FROM tile WHERE feed = (SELECT id FROM feed WHERE peer = ?)
                AND level = ? AND number = ?
                """,
                row -> row.getBytes(1),
                peer.key().bytes(),
                tile.level(),
                tile.number())
            .stream()
            .findFirst()
            .orElseThrow(() -> noTile(tile));
    if (hashes.length < tile.width() * Hash32.BYTES) {
      throw noTile(tile);
    }
    // A narrower tile of an earlier size is the beginning of the one that took its place.
    return Arrays.copyOf(hashes, tile.width() * Hash32.BYTES);
  }

  private static FolkmootException noTile(Tile tile) {
    return new FolkmootException(NOT_FOUND, "there is no " + tile.path() + " of this feed here");
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
          Optional<Feed> before = find(peer);
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
          store(peer, size, entries, builder, head, List.of());
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
          Optional<Feed> before = find(peer);
          long size = before.map(Feed::size).orElse(0L);
          if (from != size || before.flatMap(Feed::fork).isPresent()) {
            throw new FolkmootException(
                BAD_FILE, "these entries do not follow those that are here");
          }
          if (before.isEmpty() && feedCount() >= MAX_FEEDS) {
            throw new FolkmootException(NO_ROOM, "this home keeps as many feeds as it can");
          }
          TileBuilder builder = builder(peer, size);
          entries.forEach(entry -> builder.add(MerkleTree.leafHash(entry)));
          if (!MerkleTree.consistent(
              builder.size(), builder.root(), head.size(), head.root(), growth)) {
            throw new FolkmootException(
                BAD_FILE, "these entries are not those that the feed's member signed");
          }
          store(peer, size, entries, builder, head, growth);
          return new Feed(peer, builder.size(), head, growth, Optional.empty());
        });
  }

  /** Adds a cosignature to a head that is here; nothing if the head is another by now. */
  synchronized Optional<Feed> cosign(Head head, SignedNote.Line cosignature) {
    return write(
        head.peer(),
        () -> {
          Optional<Feed> feed = find(head.peer());
          if (feed.isEmpty() || !feed.get().head().agreesWith(head)) {
            return Optional.empty();
          }
          Feed now = feed.get();
          Head more = now.head().with(cosignature);
          database.update(
              "UPDATE feed SET head = ? WHERE peer = ?",
              more.note().note(),
              head.peer().key().bytes());
          return Optional.of(new Feed(now.peer(), now.size(), more, now.growth(), now.fork()));
        });
  }

  /** Keeps the proof that a feed has two histories. */
  synchronized void keep(ForkProof fork) {
    boolean _ =
        write(
            fork.peer(),
            () -> {
              database.update(
                  "UPDATE feed SET fork = ? WHERE peer = ?",
                  fork.toBytes(),
                  fork.peer().key().bytes());
              return true;
            });
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

  /** What {@link #witness} decides about the last checkpoint of a log. */
  interface Decision<T> {
    /** Gives the answer, and to {@code next} what is to be remembered, if anything is. */
    T decide(Optional<SignedNote> last, Consumer<SignedNote> next);
  }

  /** Looks at what was cosigned last and remembers another, in one step; durable on return. */
  synchronized <T> T witness(String origin, Decision<T> decision) {
    breakSeal();
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
    breakSeal();
    try {
      return database.transaction(work);
    } catch (RuntimeException | Error failed) {
      // It has entries that were not kept.
      builders.remove(peer);
      throw failed;
    }
  }

  private void breakSeal() {
    if (!sealBroken) {
      try {
        StoreSeal.remove(file);
        sealBroken = true;
      } catch (IOException failed) {
        throw unwritable(file, failed);
      }
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

  private long feedCount() throws SQLException {
    return database.query("SELECT count(*) FROM feed", row -> row.getLong(1)).getFirst();
  }

  private void store(
      PeerId peer,
      long first,
      List<byte[]> entries,
      TileBuilder builder,
      Head head,
      List<Hash32> growth)
      throws SQLException {
    database.update(
        """
        INSERT INTO feed (peer, size, head, growth) VALUES (?, ?, ?, ?)
        ON CONFLICT (peer) DO UPDATE SET
          size = excluded.size, head = excluded.head, growth = excluded.growth
        """,
        peer.key().bytes(),
        builder.size(),
        head.note().note(),
        bytes(growth));
    long feed =
        database
            .query("SELECT id FROM feed WHERE peer = ?", row -> row.getLong(1), peer.key().bytes())
            .getFirst();
    try (PreparedStatement insert =
        database.statement("INSERT INTO entry (feed, position, bytes) VALUES (?, ?, ?)")) {
      long position = first;
      for (byte[] entry : entries) {
        insert.setLong(1, feed);
        insert.setLong(2, position++);
        insert.setBytes(3, entry);
        int _ = insert.executeUpdate();
      }
    }
    try (PreparedStatement insert =
        database.statement(
            "INSERT OR REPLACE INTO tile (feed, level, number, hashes) VALUES (?, ?, ?, ?)")) {
      for (Map.Entry<Tile, byte[]> tile : builder.takeChanged().entrySet()) {
        insert.setLong(1, feed);
        insert.setInt(2, tile.getKey().level());
        insert.setLong(3, tile.getKey().number());
        insert.setBytes(4, tile.getValue());
        int _ = insert.executeUpdate();
      }
    }
  }

  private static byte[] bytes(List<Hash32> hashes) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    hashes.forEach(hash -> all.writeBytes(hash.bytes()));
    return all.toByteArray();
  }

  private static List<Hash32> hashes(byte[] all) {
    List<Hash32> hashes = new ArrayList<>();
    for (int at = 0; at + Hash32.BYTES <= all.length; at += Hash32.BYTES) {
      hashes.add(Hash32.of(Arrays.copyOfRange(all, at, at + Hash32.BYTES)));
    }
    return hashes;
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
    try {
      if (lock.isPresent()) {
        lock.get().release();
      }
      try (lockFile) {
        Optional<FileLock> alone = lock(lockFile, false);
        if (alone.isPresent() && !StoreSeal.isThere(file) && !hasWal()) {
          StoreSeal.write(file, sealer);
        }
      }
    } catch (IOException failed) {
      throw unwritable(file, failed);
    }
  }

  private boolean hasWal() {
    return Files.exists(file.resolveSibling(FILE + "-wal"));
  }
}
