package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/**
 * Checks a store and trusts nothing in it, nor what wrote it: reads the tables with statements of
 * its own, computes every hash anew by another algorithm (a stack of subtrees), checks signatures
 * with the JDK's Ed25519 where the rest of the program has BouncyCastle's, and, if the store is
 * sealed, every bit of its file. Changes nothing.
 */
public final class Fsck {
  /** Faults that are told; where there are more, the first are enough. */
  private static final int MAX_FAULTS = 100;

  private static final Set<String> TABLES =
      Set.of("feed", "entry", "tile", "witnessed", "cosigned");

  /**
   * What was found.
   *
   * @param faults in words; none if the store is whole
   * @param sealed whether a seal covers every bit; else bytes that mean nothing were not checked
   */
  public record Report(long feeds, long entries, boolean sealed, List<String> faults) {
    /** Copies. */
    public Report {
      faults = List.copyOf(faults);
    }

    /** Whether nothing is wrong. */
    public boolean isWhole() {
      return faults.isEmpty();
    }
  }

  private final Path file;
  private final PeerId self;
  private final List<String> faults = new ArrayList<>();
  private long feeds;
  private long entries;

  private Fsck(Path file, PeerId self) {
    this.file = file;
    this.self = self;
  }

  /**
   * Checks the store in a folder.
   *
   * @param self whose seal it must be
   * @throws FolkmootException NOT_FOUND if there is none
   */
  public static Report check(Path folder, PeerId self) {
    Path file = folder.resolve("ledger.db");
    if (!Files.isRegularFile(file)) {
      throw new FolkmootException(
          NOT_FOUND, "there is no ledger in %s: nothing was ever written to it".formatted(folder));
    }
    return new Fsck(file, self).run();
  }

  private Report run() {
    boolean sealed = StoreSeal.isThere(file);
    try {
      if (sealed && !StoreSeal.holds(file, self)) {
        fault("the file is not the one that was sealed, or the seal is not this home's");
      }
    } catch (IOException unreadable) {
      fault("it cannot be read: " + unreadable.getMessage());
    }
    try (Connection connection = DriverManager.getConnection(url())) {
      structure(connection);
      List<Row> rows = rows(connection);
      for (Row row : rows) {
        feed(connection, row);
      }
      orphans(connection);
      witnessed(connection);
    } catch (SQLException | RuntimeException damaged) {
      fault("SQLite cannot read it: " + damaged.getMessage());
    }
    return new Report(feeds, entries, sealed, faults);
  }

  /** A file without a log of writes is opened so that nothing beside it is made or changed. */
  private String url() {
    boolean alone = !Files.exists(file.resolveSibling("ledger.db-wal"));
    return "jdbc:sqlite:file:%s?mode=ro%s"
        .formatted(file.toAbsolutePath().toUri().getRawPath(), alone ? "&immutable=1" : "");
  }

  private void fault(String what) {
    if (faults.size() < MAX_FAULTS) {
      faults.add(what);
    }
  }

  private void check(boolean holds, String what) {
    if (!holds) {
      fault(what);
    }
  }

  private record Row(
      long id, byte[] peer, long size, String head, byte[] growth, byte[] fork, long mark) {}

  private void structure(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("PRAGMA integrity_check(10)")) {
      while (rows.next()) {
        String line = rows.getString(1);
        check(line.equals("ok"), "SQLite: " + line.replace('\n', ' '));
      }
    }
    Set<String> tables = new TreeSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")) {
      while (rows.next()) {
        tables.add(rows.getString(1));
      }
    }
    check(tables.equals(TABLES), "the tables are " + tables + ", not " + TABLES);
  }

  private List<Row> rows(Connection connection) throws SQLException {
    List<Row> all = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT id, peer, size, head, growth, ifnull(fork, x''), mark FROM feed")) {
      while (rows.next()) {
        all.add(
            new Row(
                rows.getLong(1),
                rows.getBytes(2),
                rows.getLong(3),
                rows.getString(4),
                rows.getBytes(5),
                rows.getBytes(6),
                rows.getLong(7)));
      }
    }
    return all;
  }

  private void feed(Connection connection, Row row) throws SQLException {
    feeds++;
    if (row.peer.length != Hash32.BYTES) {
      fault("a feed's key has %d bytes".formatted(row.peer.length));
      return;
    }
    PeerId peer = new PeerId(Hash32.of(row.peer));
    String name = "the feed " + peer + ": ";
    String[] lines = row.head.split("\n", -1);
    if (lines.length < 6 || !lines[3].isEmpty()) {
      fault(name + "its head is no checkpoint");
      return;
    }
    check(lines[0].equals("folkmoot/feed/" + peer.text()), name + "its head is of another log");
    check(PlainNotes.signedBy(row.peer, row.head), name + "its head is not signed by its member");
    check(
        Base64.getDecoder().decode(lines[2]).length == Hash32.BYTES, name + "its head has no root");
    cosignatures(name, lines);
    Map<Long, byte[]> roots = earlierSizes(connection, row);
    PlainTree leaves = leaves(connection, row, name, roots);
    tiles(connection, row, name, leaves);
    byte[] root = leaves.root();
    if (String.valueOf(row.size).equals(lines[1])) {
      check(
          Base64.getEncoder().encodeToString(root).equals(lines[2]) && row.growth.length == 0,
          name + "its entries are not those that its member signed");
    } else {
      check(
          growsTo(row, root, lines[1], lines[2]),
          name + "its entries are not the beginning of those that its member signed");
    }
    if (row.fork.length > 0) {
      fork(row, name);
    }
    cosigned(connection, row, peer, name, roots);
  }

  /** Sizes of earlier heads, which the roots of so many entries will stand under. */
  private Map<Long, byte[]> earlierSizes(Connection connection, Row row) throws SQLException {
    Map<Long, byte[]> roots = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("SELECT size FROM cosigned WHERE feed = " + row.id)) {
      while (rows.next()) {
        roots.put(rows.getLong(1), new byte[0]);
      }
    }
    return roots;
  }

  /** Earlier heads: below the current one, signed, cosigned, and what the marks say. */
  private void cosigned(
      Connection connection, Row row, PeerId peer, String name, Map<Long, byte[]> roots)
      throws SQLException {
    long marks = PlainNotes.mark(row.head);
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT size, mark, head FROM cosigned WHERE feed = " + row.id)) {
      while (rows.next()) {
        String head = rows.getString(3);
        String[] lines = head.split("\n", -1);
        boolean form =
            lines.length >= 7
                && lines[3].isEmpty()
                && lines[0].equals("folkmoot/feed/" + peer.text())
                && lines[1].equals(rows.getString(1));
        check(
            form && PlainNotes.signedBy(row.peer, head) && rows.getLong(2) == PlainNotes.mark(head),
            name + "an earlier head is not what its member signed");
        if (form) {
          cosignatures(name, lines);
          byte[] root = roots.getOrDefault(rows.getLong(1), new byte[0]);
          // Beyond what is here of a copy there is nothing to compare with.
          check(
              root.length == 0
                  ? rows.getLong(1) == 0 || rows.getLong(1) > row.size
                  : Base64.getEncoder().encodeToString(root).equals(lines[2]),
              name + "an earlier head is not of these entries");
        }
        marks += rows.getLong(2);
      }
    }
    check(marks == row.mark, name + "cosignatures are missing, or there twice");
  }

  /** The rest of a copy is not here; that what is here belongs to it is proven beside it. */
  private static boolean growsTo(Row row, byte[] root, String size, String headRoot) {
    if (row.growth.length % Hash32.BYTES != 0 || !size.matches("[1-9][0-9]{0,17}")) {
      return false;
    }
    List<Hash32> proof = new ArrayList<>();
    for (int at = 0; at < row.growth.length; at += Hash32.BYTES) {
      proof.add(Hash32.of(Arrays.copyOfRange(row.growth, at, at + Hash32.BYTES)));
    }
    return org.folkmoot.base.MerkleTree.consistent(
        row.size,
        Hash32.of(root),
        Long.parseLong(size),
        Hash32.of(Base64.getDecoder().decode(headRoot)),
        proof);
  }

  private void fork(Row row, String name) {
    try {
      check(
          ForkProof.parse(row.fork).peer().key().equals(Hash32.of(row.peer)),
          name + "its fork proof is about another");
    } catch (FolkmootException noProof) {
      fault(name + "its fork proof proves nothing");
    }
  }

  /** Each line must be one that could be written, and whole where it names a peer's key. */
  private void cosignatures(String name, String[] lines) {
    String text = String.join("\n", Arrays.copyOf(lines, 3)) + "\n";
    for (int i = 4; i < lines.length - 1; i++) {
      String[] parts = lines[i].split(" ", -1);
      boolean known = parts.length == 3 && parts[1].startsWith("folkmoot/witness/");
      if (known) {
        check(
            PlainNotes.cosigned(parts[1], parts[2], text),
            name + "a witness's cosignature does not hold");
      }
    }
  }

  private PlainTree leaves(Connection connection, Row row, String name, Map<Long, byte[]> roots)
      throws SQLException {
    PlainTree leaves = new PlainTree();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT position, bytes FROM entry WHERE feed = %d ORDER BY position"
                    .formatted(row.id))) {
      while (rows.next()) {
        entries++;
        check(rows.getLong(1) == leaves.count(), name + "an entry is missing or there twice");
        leaves.add(rows.getBytes(2));
        roots.computeIfPresent(leaves.count(), (_, _) -> leaves.root());
      }
    }
    check(
        leaves.count() == row.size,
        name + "%d entries are there instead of %d".formatted(leaves.count(), row.size));
    return leaves;
  }

  private void tiles(Connection connection, Row row, String name, PlainTree leaves)
      throws SQLException {
    long found = 0;
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT level, number, hashes FROM tile WHERE feed = " + row.id)) {
      while (rows.next()) {
        int level = rows.getInt(1);
        long number = rows.getLong(2);
        boolean there =
            level >= 0
                && level < leaves.height()
                && number >= 0
                && number * 256 < leaves.width(level);
        found++;
        check(
            there && Arrays.equals(rows.getBytes(3), leaves.tile(level, number)),
            name + "the tile %d of level %d has wrong hashes".formatted(number, level));
      }
    }
    long wanted =
        IntStream.range(0, leaves.height())
            .mapToLong(level -> (leaves.width(level) + 255L) / 256)
            .sum();
    check(found == wanted, name + "%d tiles are there instead of %d".formatted(found, wanted));
  }

  private void orphans(Connection connection) throws SQLException {
    for (String table : List.of("entry", "tile", "cosigned")) {
      try (Statement statement = connection.createStatement();
          ResultSet rows =
              statement.executeQuery(
                  "SELECT count(*) FROM %s WHERE feed NOT IN (SELECT id FROM feed)"
                      .formatted(table))) {
        check(
            rows.next() && rows.getLong(1) == 0, "some rows of %s are of no feed".formatted(table));
      }
    }
  }

  /** What we cosigned last must carry our own cosignature. */
  private void witnessed(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT origin, head FROM witnessed")) {
      while (rows.next()) {
        String origin = rows.getString(1);
        String head = rows.getString(2);
        int blank = head.lastIndexOf("\n\n");
        boolean own = false;
        for (String line : blank < 0 ? new String[0] : head.substring(blank + 2).split("\n")) {
          String[] parts = line.split(" ", -1);
          own |=
              parts.length == 3
                  && parts[1].equals("folkmoot/witness/" + self.text())
                  && PlainNotes.cosigned(parts[1], parts[2], head.substring(0, blank + 1));
        }
        check(
            own && head.startsWith(origin + "\n"),
            "what was cosigned last of %s does not carry this home's cosignature"
                .formatted(origin));
      }
    }
  }
}
