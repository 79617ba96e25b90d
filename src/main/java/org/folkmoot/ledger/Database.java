package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.sqlite.SQLiteErrorCode;

/**
 * The file of the store: one connection to SQLite, whose faults become coded errors. Whatever a
 * {@link #transaction} has done when it returns outlives a loss of power. For one thread at a time.
 */
final class Database implements AutoCloseable {
  /** "FOLK": so that nothing else is taken for a ledger. */
  static final int APPLICATION = 0x464f4c4b;

  static final int VERSION = 2;

  /** How long to wait for another process of the same home that writes. */
  private static final int BUSY_MILLIS = 10_000;

  private static final String COSIGNED =
      """
      CREATE TABLE cosigned (
        feed INTEGER NOT NULL,
        size INTEGER NOT NULL,
        mark INTEGER NOT NULL,
        head TEXT NOT NULL,
        PRIMARY KEY (feed, size)) WITHOUT ROWID
      """;

  /** Tables, as {@code docs/ledger.md} explains them. */
  private static final List<String> SCHEMA =
      List.of(
          """
          CREATE TABLE feed (
            id INTEGER PRIMARY KEY,
            peer BLOB NOT NULL UNIQUE,
            size INTEGER NOT NULL,
            head TEXT NOT NULL,
            growth BLOB NOT NULL,
            fork BLOB,
            mark INTEGER NOT NULL DEFAULT 0)
          """,
          """
          CREATE TABLE entry (
            feed INTEGER NOT NULL,
            position INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (feed, position)) WITHOUT ROWID
          """,
          """
          CREATE TABLE tile (
            feed INTEGER NOT NULL,
            level INTEGER NOT NULL,
            number INTEGER NOT NULL,
            hashes BLOB NOT NULL,
            PRIMARY KEY (feed, level, number)) WITHOUT ROWID
          """,
          """
          CREATE TABLE witnessed (
            origin TEXT PRIMARY KEY,
            head TEXT NOT NULL) WITHOUT ROWID
          """,
          COSIGNED);

  /** Reads a row. */
  interface Row<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** Does something that belongs together. */
  interface Work<T> {
    T run() throws SQLException;
  }

  /** The folder of the driver's native library. */
  private static final String LIBRARY = "sqlite";

  private final Path file;
  private final Connection connection;

  private Database(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /**
   * Opens the file, and makes it at first use.
   *
   * @param beforeChange called before a file of an earlier version is changed
   * @throws FolkmootException BAD_FILE if it is no ledger or one of a later version
   */
  static Database open(Path file, Runnable beforeChange) {
    try {
      PrivateFile.create(file);
      SqliteLibrary.use(file.resolveSibling(LIBRARY));
      Database database =
          new Database(file, DriverManager.getConnection("jdbc:sqlite:" + file.toAbsolutePath()));
      try {
        database.prepare(beforeChange);
        return database;
      } catch (SQLException | RuntimeException failed) {
        database.connection.close();
        throw failed;
      }
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "cannot write %s: see that there is room and that the folder is yours".formatted(file),
          failed);
    } catch (SQLException failed) {
      throw coded(file, failed);
    }
  }

  private void prepare(Runnable beforeChange) throws SQLException {
    run("PRAGMA busy_timeout = " + BUSY_MILLIS);
    run("PRAGMA trusted_schema = OFF");
    run("PRAGMA cell_size_check = ON");
    long application = number("PRAGMA application_id");
    long version = number("PRAGMA user_version");
    boolean fresh = application == 0 && version == 0 && number("PRAGMA schema_version") == 0;
    if (!fresh && (application != APPLICATION || version < 1 || version > VERSION)) {
      throw new FolkmootException(
          BAD_FILE,
          "%s is no ledger of this version: update folkmoot, or move the file away"
              .formatted(file));
    }
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = FULL");
    if (fresh) {
      transaction(() -> {
        // Another process may have made it in the meantime.
        if (number("PRAGMA user_version") == 0) {
          for (String table : SCHEMA) {
            run(table);
          }
          run("PRAGMA application_id = " + APPLICATION);
          run("PRAGMA user_version = " + VERSION);
        }
        return true;
      });
    } else if (version == 1) {
      beforeChange.run();
      fromVersion1();
    }
  }

  /** Earlier heads were not kept, nor had anything but a test cosigned any. */
  private void fromVersion1() {
    boolean _ =
        transaction(() -> {
          if (number("PRAGMA user_version") == 1) {
            run("ALTER TABLE feed ADD COLUMN mark INTEGER NOT NULL DEFAULT 0");
            run(COSIGNED);
            run("PRAGMA user_version = " + VERSION);
          }
          return true;
        });
  }

  /** Runs all or nothing; durable when it returns. */
  <T> T transaction(Work<T> work) {
    try {
      run("BEGIN IMMEDIATE");
      try {
        T result = work.run();
        run("COMMIT");
        return result;
      } catch (SQLException | RuntimeException | Error failed) {
        rollBack();
        throw failed;
      }
    } catch (SQLException failed) {
      throw coded(file, failed);
    }
  }

  private void rollBack() {
    try {
      run("ROLLBACK");
    } catch (SQLException alreadyDone) {
      // On some faults SQLite has rolled back by itself.
    }
  }

  /** Reads, in a moment of its own. */
  <T> T read(Work<T> work) {
    try {
      return work.run();
    } catch (SQLException failed) {
      throw coded(file, failed);
    }
  }

  void run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      boolean _ = statement.execute(sql);
    }
  }

  private long number(String sql) throws SQLException {
    return query(sql, row -> row.getLong(1)).getFirst();
  }

  PreparedStatement statement(String sql) throws SQLException {
    return connection.prepareStatement(sql);
  }

  /** All rows. */
  <T> List<T> query(String sql, Row<T> row, Object... values) throws SQLException {
    try (PreparedStatement statement = statement(sql)) {
      set(statement, values);
      List<T> all = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          all.add(row.read(rows));
        }
      }
      return all;
    }
  }

  void update(String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = statement(sql)) {
      set(statement, values);
      int _ = statement.executeUpdate();
    }
  }

  private static void set(PreparedStatement statement, Object... values) throws SQLException {
    for (int i = 0; i < values.length; i++) {
      switch (values[i]) {
        case byte[] bytes -> statement.setBytes(i + 1, bytes);
        case Long number -> statement.setLong(i + 1, number);
        case Integer number -> statement.setInt(i + 1, number);
        case String text -> statement.setString(i + 1, text);
        case Object other -> throw new IllegalArgumentException(other.getClass().getName());
      }
    }
  }

  private static FolkmootException coded(Path file, SQLException failed) {
    int code = failed.getErrorCode() & 0xff;
    if (code == SQLiteErrorCode.SQLITE_FULL.code
        || code == SQLiteErrorCode.SQLITE_IOERR.code
        || code == SQLiteErrorCode.SQLITE_CANTOPEN.code
        || code == SQLiteErrorCode.SQLITE_READONLY.code) {
      return new FolkmootException(
          NO_ROOM,
          "the ledger cannot be written: see that the disk has room and that %s is yours"
              .formatted(file.getParent()),
          failed);
    }
    if (code == SQLiteErrorCode.SQLITE_BUSY.code || code == SQLiteErrorCode.SQLITE_LOCKED.code) {
      return new FolkmootException(
          BUSY, "another process writes to the ledger of this home: try again", failed);
    }
    return new FolkmootException(
        BAD_FILE,
        "the ledger in %s is damaged: 'folkmoot ledger fsck' says where; restore a copy"
            .formatted(file),
        failed);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException failed) {
      throw coded(file, failed);
    }
  }
}
