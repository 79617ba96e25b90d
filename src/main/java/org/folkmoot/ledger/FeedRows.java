package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.ByteArrayOutputStream;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.ledger.tile.Tile;
import org.folkmoot.wire.PeerId;

/** The tables of feeds: statements, and nothing decided. */
final class FeedRows {
  private static final String SELECT = "SELECT size, head, growth, fork, mark FROM feed";

  /** Heads whose signatures need not be checked again: those of a busy home's feeds. */
  private static final int MAX_CHECKED = 256;

  private final Database database;
  private final Map<String, Head> checked = new Bounded<>(MAX_CHECKED);

  FeedRows(Database database) {
    this.database = database;
  }

  List<Feed> all() throws SQLException {
    return database.query(SELECT + " ORDER BY id", this::feed);
  }

  Optional<Feed> find(PeerId peer) throws SQLException {
    return database.query(SELECT + " WHERE peer = ?", this::feed, peer.key().bytes()).stream()
        .findFirst();
  }

  long count() throws SQLException {
    return database.query("SELECT count(*) FROM feed", row -> row.getLong(1)).getFirst();
  }

  private Feed feed(ResultSet row) throws SQLException {
    Head head = checked.computeIfAbsent(row.getString(2), note -> Head.of(SignedNote.parse(note)));
    byte[] fork = row.getBytes(4);
    return new Feed(
        head.peer(),
        row.getLong(1),
        head,
        hashes(row.getBytes(3)),
        fork == null ? Optional.empty() : Optional.of(ForkProof.parse(fork)),
        row.getLong(5));
  }

  List<byte[]> entries(PeerId peer, long from, int most) throws SQLException {
    return database.query(
        """
        SELECT bytes FROM entry WHERE feed = (SELECT id FROM feed WHERE peer = ?)
        AND position >= ? ORDER BY position LIMIT ?
        """,
        row -> row.getBytes(1),
        peer.key().bytes(),
        from,
        most);
  }

  byte[] tile(PeerId peer, Tile tile) throws SQLException {
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

  static FolkmootException noTile(Tile tile) {
    return new FolkmootException(NOT_FOUND, "there is no " + tile.path() + " of this feed here");
  }

  /** Writes all of a feed's row but its fork. */
  void put(Feed feed) throws SQLException {
    database.update(
        """
        INSERT INTO feed (peer, size, head, growth, mark) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (peer) DO UPDATE SET
          size = excluded.size, head = excluded.head, growth = excluded.growth,
          mark = excluded.mark
        """,
        feed.peer().key().bytes(),
        feed.size(),
        feed.head().note().note(),
        bytes(feed.growth()),
        feed.mark());
  }

  void put(ForkProof fork) throws SQLException {
    database.update(
        "UPDATE feed SET fork = ? WHERE peer = ?", fork.toBytes(), fork.peer().key().bytes());
  }

  private long id(PeerId peer) throws SQLException {
    return database
        .query("SELECT id FROM feed WHERE peer = ?", row -> row.getLong(1), peer.key().bytes())
        .getFirst();
  }

  void putEntries(PeerId peer, long first, List<byte[]> entries) throws SQLException {
    long feed = id(peer);
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
  }

  void putTiles(PeerId peer, Map<Tile, byte[]> tiles) throws SQLException {
    long feed = id(peer);
    try (PreparedStatement insert =
        database.statement(
            "INSERT OR REPLACE INTO tile (feed, level, number, hashes) VALUES (?, ?, ?, ?)")) {
      for (Map.Entry<Tile, byte[]> tile : tiles.entrySet()) {
        insert.setLong(1, feed);
        insert.setInt(2, tile.getKey().level());
        insert.setLong(3, tile.getKey().number());
        insert.setBytes(4, tile.getValue());
        int _ = insert.executeUpdate();
      }
    }
  }

  // ---- earlier heads that were cosigned

  /** An earlier head as it is kept. */
  record Old(long size, long mark, String note) {}

  private static final String OLD =
      "SELECT size, mark, head FROM cosigned WHERE feed = (SELECT id FROM feed WHERE peer = ?)";

  private static Old old(ResultSet row) throws SQLException {
    return new Old(row.getLong(1), row.getLong(2), row.getString(3));
  }

  Optional<Old> old(PeerId peer, long size) throws SQLException {
    return database.query(OLD + " AND size = ?", FeedRows::old, peer.key().bytes(), size).stream()
        .findFirst();
  }

  /** The sizes of all, and their marks. */
  Map<Long, Long> oldMarks(PeerId peer) throws SQLException {
    Map<Long, Long> marks = new HashMap<>();
    List<Long> _ =
        database.query(
            "SELECT size, mark FROM cosigned WHERE feed = (SELECT id FROM feed WHERE peer = ?)",
            row -> marks.put(row.getLong(1), row.getLong(2)),
            peer.key().bytes());
    return marks;
  }

  /** Those below a size, the largest first. */
  List<Old> oldBelow(PeerId peer, long size, int most) throws SQLException {
    return database.query(
        OLD + " AND size < ? ORDER BY size DESC LIMIT ?",
        FeedRows::old,
        peer.key().bytes(),
        size,
        most);
  }

  /** The sum of the marks of those below a size; SQLite's own sum would not wrap around. */
  long oldMarkBelow(PeerId peer, long size) throws SQLException {
    return database
        .query(
            """
            SELECT ifnull(sum(mark >> 32), 0), ifnull(sum(mark & 0xffffffff), 0) FROM cosigned
            WHERE feed = (SELECT id FROM feed WHERE peer = ?) AND size < ?
            """,
            row -> (row.getLong(1) << 32) + row.getLong(2),
            peer.key().bytes(),
            size)
        .getFirst();
  }

  void putOld(PeerId peer, Old old) throws SQLException {
    database.update(
        "INSERT OR REPLACE INTO cosigned (feed, size, mark, head) VALUES (?, ?, ?, ?)",
        id(peer),
        old.size,
        old.mark,
        old.note);
  }

  /** Those from a size on, the smallest first. */
  List<Old> oldFrom(PeerId peer, long size, int most) throws SQLException {
    return database.query(
        OLD + " AND size >= ? ORDER BY size LIMIT ?",
        FeedRows::old,
        peer.key().bytes(),
        size,
        most);
  }

  long countOld(PeerId peer) throws SQLException {
    return database
        .query("SELECT count(*) FROM cosigned WHERE feed = ?", row -> row.getLong(1), id(peer))
        .getFirst();
  }

  void dropOld(PeerId peer, long size) throws SQLException {
    database.update("DELETE FROM cosigned WHERE feed = ? AND size = ?", id(peer), size);
  }

  /**
   * Whether some of a feed's entries are of kinds that moots date (1 to 6, 14 and 15). An entry is
   * a map whose first key is 0 and whose first value is the kind, a byte each.
   */
  boolean concernsMoots(PeerId peer, long from, long to) throws SQLException {
    return !database
        .query(
            """
            SELECT 1 FROM entry WHERE feed = ? AND position >= ? AND position < ?
            AND substr(bytes, 2, 2) IN (x'0001', x'0002', x'0003', x'0004', x'0005', x'0006',
              x'000e', x'000f')
            LIMIT 1
            """,
            row -> row.getLong(1),
            id(peer),
            from,
            to)
        .isEmpty();
  }

  /** Forgets all of a feed but its row. */
  void clear(PeerId peer) throws SQLException {
    long feed = id(peer);
    for (String table : List.of("entry", "tile", "cosigned")) {
      database.update("DELETE FROM " + table + " WHERE feed = ?", feed);
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
}
