package org.folkmoot.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The names: one manifest for each, so that damage to one loses one, and two processes that write
 * different ones never meet. A damaged manifest is set aside, said, and counts as absent.
 */
final class Index {
  /** Ours are under 1 kB; a name can be a URL of 4 kB. */
  private static final long MAX_MANIFEST = 64 << 10;

  private static final String SUFFIX = ".json";

  private final StoreFolders folders;
  private final Consumer<String> notes;

  Index(StoreFolders folders, Consumer<String> notes) {
    this.folders = folders;
    this.notes = notes;
  }

  /** What is known of a name, whether or not its file is still there. */
  Optional<StoredModel> manifest(String name) {
    return read(file(name)).filter(model -> model.name().equals(name));
  }

  /** The model of a name whose file is there in its whole length. */
  Optional<StoredModel> intact(String name) {
    return manifest(name).filter(this::isIntact);
  }

  /** All models whose files are there, by name. */
  List<StoredModel> all() {
    return manifests().stream()
        .filter(this::isIntact)
        .sorted(Comparator.comparing(StoredModel::name))
        .toList();
  }

  List<StoredModel> manifests() {
    List<StoredModel> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folders.names(), "*" + SUFFIX)) {
      for (Path file : files) {
        read(file).ifPresent(found::add);
      }
    } catch (NoSuchFileException | NotDirectoryException nothingYet) {
      return found;
    } catch (IOException unreadable) {
      throw StoreFolders.cannotWrite(folders.names(), unreadable);
    }
    return found;
  }

  /** Held while names and files change together, so that no file goes that a name just took. */
  FileLocks.Held lock() throws IOException {
    return FileLocks.hold(folders.locks().resolve("index.lock"), () -> {});
  }

  /**
   * Deletes a file that no name points to any more, and what was made of it; call it under the
   * lock.
   */
  long deleteUnlessNamed(String sha256) throws IOException {
    if (manifests().stream().anyMatch(model -> model.sha256().equals(sha256))) {
      return 0;
    }
    Path blob = folders.blob(sha256);
    long size = Files.exists(blob) ? Files.size(blob) : 0;
    Files.deleteIfExists(blob);
    return size + PackedWeights.deleteOf(folders, sha256);
  }

  void put(StoredModel model) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", model.name());
    fields.put("sha256", model.sha256());
    fields.put("size", model.size());
    fields.put("licence", model.licence());
    fields.put("source", model.source());
    fields.put("pulledAt", model.pulledAt().toString());
    fields.put("hashFrom", model.hashOrigin().name());
    StoreFolders.writeAtomically(file(model.name()), FlatJson.write(fields));
  }

  void remove(String name) throws IOException {
    Files.deleteIfExists(file(name));
  }

  /** A whole name gives a readable file name; a URL has letters that no file name may have. */
  private Path file(String name) {
    boolean plain = Source.parse(name).isEmpty();
    String stem = plain ? name.replace(':', '@') : "from-" + Sha256.ofText(name).substring(0, 32);
    return folders.names().resolve(stem + SUFFIX);
  }

  private boolean isIntact(StoredModel model) {
    try {
      if (Files.size(model.path()) == model.size()) {
        return true;
      }
      notes.accept("the file of " + model.name() + " is damaged: pull it again");
    } catch (IOException missing) {
      notes.accept("the file of " + model.name() + " is gone: pull it again");
    }
    return false;
  }

  private Optional<StoredModel> read(Path file) {
    try {
      if (Files.size(file) > MAX_MANIFEST) {
        throw new IOException("too long");
      }
      return Optional.of(model(FlatJson.read(Files.readAllBytes(file))));
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    } catch (IOException | IllegalArgumentException | DateTimeException damaged) {
      setAside(file);
      return Optional.empty();
    }
  }

  private StoredModel model(Map<String, String> fields) throws IOException {
    String sha256 = field(fields, "sha256");
    return new StoredModel(
        field(fields, "name"),
        folders.blob(Sha256.isHash(sha256) ? sha256 : "damaged"),
        sha256,
        Long.parseLong(field(fields, "size")),
        field(fields, "licence"),
        field(fields, "source"),
        Instant.parse(field(fields, "pulledAt")),
        HashOrigin.valueOf(field(fields, "hashFrom")));
  }

  private static String field(Map<String, String> fields, String name) throws IOException {
    String value = fields.get(name);
    if (value == null) {
      throw new IOException("no " + name);
    }
    return value;
  }

  private void setAside(Path file) {
    Path aside = file.resolveSibling(file.getFileName() + ".damaged");
    try {
      Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
      notes.accept("a damaged entry of the model index was set aside: " + aside);
    } catch (IOException readOnly) {
      notes.accept("a damaged entry of the model index is passed over: " + file);
    }
  }
}
