package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library is unpacked once, whole, and again where somebody changed it. */
class SqliteLibraryTest {
  @TempDir private Path folder;

  @Test
  void itIsUnpackedOnce() throws IOException {
    Path file = SqliteLibrary.place(folder.resolve("new")).orElseThrow();
    byte[] bytes = Files.readAllBytes(file);
    assertThat(bytes).hasSizeGreaterThan(100_000);
    Files.setLastModifiedTime(file, FileTime.fromMillis(1000));
    assertThat(SqliteLibrary.place(folder.resolve("new"))).contains(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(FileTime.fromMillis(1000));
  }

  @Test
  void itIsUnpackedAgainWhereItIsAnother() throws IOException {
    Path file = SqliteLibrary.place(folder).orElseThrow();
    byte[] bytes = Files.readAllBytes(file);
    byte[] cut = new byte[bytes.length - 1];
    Files.write(file, cut);
    assertThat(SqliteLibrary.place(folder)).contains(file);
    assertThat(file).hasBinaryContent(bytes);
  }

  @Test
  void whereItCannotBeTheDriverGoesItsOwnWay() throws IOException {
    Path taken = Files.createFile(folder.resolve("taken"));
    assertThat(SqliteLibrary.place(taken)).isEmpty();
  }
}
