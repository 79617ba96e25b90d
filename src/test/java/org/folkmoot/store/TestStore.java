package org.folkmoot.store;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.StoreSettings.Patience;
import org.jspecify.annotations.Nullable;

/** A store in a temporary home, its surroundings, and what was heard of it. */
final class TestStore {
  static final Instant NOW = Instant.parse("2026-03-04T05:06:07Z");

  final Path home;
  final Heard heard = new Heard();
  Disk disk = Disk.REAL;
  List<List<String>> pip = List.of();
  URI hub = URI.create("http://127.0.0.1:9");
  Catalogue catalogue = new Catalogue(List.of());

  /** No pause between retries; a stalled server is given up quickly. */
  Patience patience =
      new Patience(
          Duration.ofSeconds(20), Duration.ofSeconds(20), Duration.ZERO, Duration.ofSeconds(20));

  /** For servers that let others wait on purpose. */
  static final Patience LONG =
      new Patience(
          Duration.ofMinutes(5), Duration.ofMinutes(5), Duration.ZERO, Duration.ofMinutes(5));

  TestStore(Path home) {
    this.home = home;
  }

  ModelStore open() {
    return ModelStore.open(
        home, new StoreSettings(() -> NOW, disk, pip, hub, patience, heard.notes::add), catalogue);
  }

  /** A catalogue of one model with these sources. */
  TestStore knowing(String name, byte @Nullable [] bytes, String... sources) {
    List<Catalogue.Entry> entries = new ArrayList<>(catalogue.entries());
    entries.add(
        new Catalogue.Entry(
            name,
            "Test",
            "1K",
            "F32",
            "MIT",
            bytes == null ? 1000 : bytes.length,
            bytes == null ? null : sha256(bytes),
            Arrays.stream(sources).map(text -> Source.parse(text).orElseThrow()).toList()));
    catalogue = new Catalogue(entries);
    return this;
  }

  /** All files below the home, but for locks, as paths relative to {@code models}. */
  List<String> files() throws IOException {
    Path models = home.resolve("models");
    if (!Files.exists(models)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(models)) {
      return all.filter(Files::isRegularFile)
          .map(file -> models.relativize(file).toString())
          .filter(name -> !name.startsWith("locks/"))
          .sorted()
          .toList();
    }
  }

  Path partial(byte[] bytes) {
    return home.resolve("models/partial/" + sha256(bytes) + ".partial");
  }

  /** Bytes that look like a model file at first sight. */
  static byte[] model(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    byte[] magic = {'G', 'G', 'U', 'F'};
    System.arraycopy(magic, 0, bytes, 0, Math.min(4, length));
    return bytes;
  }

  static String sha256(byte[] bytes) {
    MessageDigest digest = Sha256.digest();
    digest.update(bytes);
    return Sha256.hex(digest);
  }

  /** Remembers all progress and notes. */
  static final class Heard implements ProgressListener {
    final List<Progress> progress = new ArrayList<>();
    final List<String> notes = new ArrayList<>();

    @Override
    public void progressed(Progress moment) {
      progress.add(moment);
    }

    @Override
    public void note(String line) {
      notes.add(line);
    }

    boolean heard(Stage stage) {
      return progress.stream().anyMatch(moment -> moment.stage() == stage);
    }
  }
}
