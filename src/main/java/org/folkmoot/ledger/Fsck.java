package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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

  /** An X.509 key of Ed25519 up to its 32 bytes. */
  private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

  private static final Set<String> TABLES = Set.of("feed", "entry", "tile", "witnessed");

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
  private final MessageDigest sha256;
  private final List<String> faults = new ArrayList<>();
  private long feeds;
  private long entries;

  private Fsck(Path file, PeerId self) {
    this.file = file;
    this.self = self;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
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

  private record Row(long id, byte[] peer, long size, String head, byte[] growth, byte[] fork) {}

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
                "SELECT id, peer, size, head, growth, ifnull(fork, x'') FROM feed")) {
      while (rows.next()) {
        all.add(
            new Row(
                rows.getLong(1),
                rows.getBytes(2),
                rows.getLong(3),
                rows.getString(4),
                rows.getBytes(5),
                rows.getBytes(6)));
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
    check(signedBy(row.peer, row.head), name + "its head is not signed by its member");
    check(
        Base64.getDecoder().decode(lines[2]).length == Hash32.BYTES, name + "its head has no root");
    cosignatures(name, lines);
    Leaves leaves = leaves(connection, row, name);
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
        check(cosigned(parts[1], parts[2], text), name + "a witness's cosignature does not hold");
      }
    }
  }

  private static boolean cosigned(String name, String base64, String text) {
    try {
      byte[] all = Base64.getDecoder().decode(base64);
      PeerId witness = PeerId.parse(name.substring("folkmoot/witness/".length()));
      if (all.length != 4 + 8 + 64 || !Base64.getEncoder().encodeToString(all).equals(base64)) {
        return false;
      }
      long seconds = ByteBuffer.wrap(all).getLong(4);
      byte[] key = witness.key().bytes();
      return ByteBuffer.wrap(all).getInt() == keyId(name, 4, key)
          && verify(
              key,
              "cosignature/v1\ntime " + seconds + "\n" + text,
              Arrays.copyOfRange(all, 12, all.length));
    } catch (RuntimeException nothing) {
      return false;
    }
  }

  private static boolean signedBy(byte[] key, String note) {
    int blank = note.lastIndexOf("\n\n");
    String text = note.substring(0, blank + 1);
    String origin = text.substring(0, text.indexOf('\n'));
    for (String line : note.substring(blank + 2).split("\n")) {
      String[] parts = line.split(" ", -1);
      if (parts.length == 3 && parts[0].equals("—") && parts[1].equals(origin)) {
        byte[] all = Base64.getDecoder().decode(parts[2]);
        if (all.length == 4 + 64
            && ByteBuffer.wrap(all).getInt() == keyId(origin, 1, key)
            && Base64.getEncoder().encodeToString(all).equals(parts[2])
            && verify(key, text, Arrays.copyOfRange(all, 4, all.length))) {
          return true;
        }
      }
    }
    return false;
  }

  private static int keyId(String name, int kind, byte[] key) {
    byte[] utf8 = (name + "\n").getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(utf8, utf8.length + 1 + key.length);
    all[utf8.length] = (byte) kind;
    System.arraycopy(key, 0, all, utf8.length + 1, key.length);
    return ByteBuffer.wrap(Hash32.sha256(all).bytes()).getInt();
  }

  private static boolean verify(byte[] key, String message, byte[] signature) {
    byte[] encoded = Arrays.copyOf(ED25519_PREFIX, ED25519_PREFIX.length + key.length);
    System.arraycopy(key, 0, encoded, ED25519_PREFIX.length, key.length);
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(
          KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
      verifier.update(message.getBytes(StandardCharsets.UTF_8));
      return verifier.verify(signature);
    } catch (GeneralSecurityException noKeyOrSignature) {
      return false;
    }
  }

  /** The hashes of entries, level by level as tiles have them. */
  private final class Leaves {
    private final List<byte[]> levels = new ArrayList<>();
    private final List<Integer> counts = new ArrayList<>();
    private final List<byte[]> stack = new ArrayList<>();
    private long count;

    private void add(byte[] entry) {
      byte[] hash = hash(0, entry, new byte[0]);
      put(0, hash);
      stack.add(hash);
      count++;
      // Two subtrees of one size become one of twice the size.
      for (long rest = count; (rest & 1) == 0; rest >>= 1) {
        byte[] right = stack.removeLast();
        byte[] left = stack.removeLast();
        stack.add(hash(1, left, right));
      }
      int level = 1;
      for (long each = 256; count % each == 0; each *= 256) {
        // 256 of the level below have just become one subtree, at the end of the stack or in it.
        put(level, subtree(level));
        level++;
        if (each > Long.MAX_VALUE / 256) {
          break;
        }
      }
    }

    /** The root of the last full tile of the level below. */
    private byte[] subtree(int level) {
      byte[] below = levels.get(level - 1);
      int last = counts.get(level - 1);
      List<byte[]> hashes = new ArrayList<>();
      for (int i = last - 256; i < last; i++) {
        hashes.add(Arrays.copyOfRange(below, i * Hash32.BYTES, (i + 1) * Hash32.BYTES));
      }
      while (hashes.size() > 1) {
        List<byte[]> half = new ArrayList<>();
        for (int i = 0; i < hashes.size(); i += 2) {
          half.add(hash(1, hashes.get(i), hashes.get(i + 1)));
        }
        hashes = half;
      }
      return hashes.getFirst();
    }

    private void put(int level, byte[] hash) {
      if (levels.size() == level) {
        levels.add(new byte[Hash32.BYTES * 256]);
        counts.add(0);
      }
      int at = counts.get(level);
      byte[] hashes = levels.get(level);
      if (hashes.length == at * Hash32.BYTES) {
        hashes = Arrays.copyOf(hashes, hashes.length * 2);
        levels.set(level, hashes);
      }
      System.arraycopy(hash, 0, hashes, at * Hash32.BYTES, Hash32.BYTES);
      counts.set(level, at + 1);
    }

    private byte[] root() {
      if (stack.isEmpty()) {
        return Hash32.sha256(new byte[0]).bytes();
      }
      byte[] root = stack.getLast();
      for (int i = stack.size() - 2; i >= 0; i--) {
        root = hash(1, stack.get(i), root);
      }
      return root;
    }

    private byte[] tile(int level, long number) {
      int from = Math.toIntExact(number * 256 * Hash32.BYTES);
      int to = Math.min(from + 256 * Hash32.BYTES, counts.get(level) * Hash32.BYTES);
      return Arrays.copyOfRange(levels.get(level), from, Math.max(from, to));
    }
  }

  private byte[] hash(int prefix, byte[] left, byte[] right) {
    sha256.update((byte) prefix);
    sha256.update(left);
    return sha256.digest(right);
  }

  private Leaves leaves(Connection connection, Row row, String name) throws SQLException {
    Leaves leaves = new Leaves();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT position, bytes FROM entry WHERE feed = %d ORDER BY position"
                    .formatted(row.id))) {
      while (rows.next()) {
        entries++;
        check(rows.getLong(1) == leaves.count, name + "an entry is missing or there twice");
        leaves.add(rows.getBytes(2));
      }
    }
    check(
        leaves.count == row.size,
        name + "%d entries are there instead of %d".formatted(leaves.count, row.size));
    return leaves;
  }

  private void tiles(Connection connection, Row row, String name, Leaves leaves)
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
                && level < leaves.levels.size()
                && number >= 0
                && number * 256 < leaves.counts.get(level);
        found++;
        check(
            there && Arrays.equals(rows.getBytes(3), leaves.tile(level, number)),
            name + "the tile %d of level %d has wrong hashes".formatted(number, level));
      }
    }
    long wanted = leaves.counts.stream().mapToLong(count -> (count + 255) / 256).sum();
    check(found == wanted, name + "%d tiles are there instead of %d".formatted(found, wanted));
  }

  private void orphans(Connection connection) throws SQLException {
    for (String table : List.of("entry", "tile")) {
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
                  && cosigned(parts[1], parts[2], head.substring(0, blank + 1));
        }
        check(
            own && head.startsWith(origin + "\n"),
            "what was cosigned last of %s does not carry this home's cosignature"
                .formatted(origin));
      }
    }
  }
}
