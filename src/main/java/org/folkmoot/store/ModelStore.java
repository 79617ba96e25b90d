package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.NearNames;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.ProgressListener.Stage;
import org.jspecify.annotations.Nullable;

/**
 * The models of this machine. A <em>reference</em> is what a person types for one:
 *
 * <ul>
 *   <li>a name: {@code smollm2:135m}, or {@code smollm2} for its usual tag
 *   <li>a file: {@code ./x.gguf}, used where it lies
 *   <li>a source: {@code https://…}, {@code hf:owner/repo/file.gguf}, {@code
 *       pip:package==version/file.gguf}
 *   <li>the beginning of a hash: {@code sha256:b179c952}
 * </ul>
 *
 * <p>Safe for many threads and many processes on one home. Every method may throw {@link
 * FolkmootException}: BAD_REQUEST for a reference that cannot be one.
 */
public final class ModelStore {
  private static final String HASH_PREFIX = "sha256:";

  /** With fewer digits a person means something else. */
  private static final int LEAST_DIGITS = 8;

  private final StoreFolders folders;
  private final StoreSettings settings;
  private final Index index;
  private final Blobs blobs;
  private final OwnFiles ownFiles;
  private @Nullable Catalogue catalogue;

  private ModelStore(Path home, StoreSettings settings, @Nullable Catalogue catalogue) {
    this.folders = new StoreFolders(home.toAbsolutePath());
    this.settings = settings;
    this.index = new Index(folders, settings.notes());
    this.blobs = new Blobs(folders, index);
    this.ownFiles = new OwnFiles(folders, settings.clock());
    this.catalogue = catalogue;
  }

  /** The store of a node's home. Nothing is read or made until it is needed. */
  public static ModelStore open(Path home) {
    return open(home, StoreSettings.usual(InstantSource.system(), _ -> {}));
  }

  /** The store of a node's home, with other surroundings. */
  public static ModelStore open(Path home, StoreSettings settings) {
    return new ModelStore(home, settings, null);
  }

  static ModelStore open(Path home, StoreSettings settings, Catalogue catalogue) {
    return new ModelStore(home, settings, catalogue);
  }

  /** What can be pulled by name. */
  public synchronized Catalogue catalogue() {
    // Read late: a model that is here already needs none.
    if (catalogue == null) {
      catalogue = Catalogue.ofProject();
    }
    return catalogue;
  }

  /**
   * The model of a reference if it is on this machine; nothing is fetched. A file is hashed at its
   * first use.
   *
   * @throws FolkmootException NOT_FOUND for a file that is not there
   */
  public Optional<StoredModel> resolve(String reference) {
    return resolve(reference, ProgressListener.NONE);
  }

  /** As {@link #resolve(String)}, telling how the hashing of a big file goes on. */
  public Optional<StoredModel> resolve(String reference, ProgressListener listener) {
    if (reference.startsWith(HASH_PREFIX)) {
      return byHash(reference);
    }
    Optional<Source> source = Source.parse(reference);
    if (source.isEmpty()) {
      return index.intact(wholeName(reference));
    }
    return source.get() instanceof Source.LocalFile(Path file)
        ? Optional.of(ownFiles.model(file, listener))
        : index.intact(source.get().label());
  }

  /**
   * The model of a reference, which must be here.
   *
   * @throws FolkmootException NOT_FOUND, with the near names
   */
  public StoredModel require(String reference) {
    return resolve(reference).orElseThrow(() -> absent(reference));
  }

  /** The model of a reference, pulled if it is not here. */
  public StoredModel resolveOrPull(String reference, ProgressListener listener) {
    Optional<StoredModel> here = resolve(reference, listener);
    return here.isPresent() ? here.get() : pull(reference, listener);
  }

  /** Brings a model here and keeps it; one that is here already is not fetched again. */
  public StoredModel pull(String reference, ProgressListener listener) {
    return pull(reference, null, listener);
  }

  /**
   * Brings a model here under a name of the caller's choice. Waits where another process pulls the
   * same model. On failure nothing is left but a download that can be continued.
   *
   * @param as what to call it; null for its own name
   * @throws FolkmootException NOT_FOUND for an unknown name (with the near ones), UNREACHABLE if no
   *     source could be read, WRONG_HASH if what came was not right, NO_ROOM if it does not fit
   */
  public StoredModel pull(String reference, @Nullable String as, ProgressListener listener) {
    if (reference.startsWith(HASH_PREFIX)) {
      return require(reference);
    }
    String chosen = as == null ? null : ModelName.parse(as, ModelName.DEFAULT_TAG).toString();
    Optional<Source> source = Source.parse(reference);
    Wanted wanted;
    if (source.isPresent()) {
      wanted =
          source.get() instanceof Source.LocalFile file
              ? ownFile(file, chosen, listener)
              : remote(source.get(), chosen);
    } else {
      Optional<Catalogue.Entry> entry = catalogue().find(reference);
      if (entry.isEmpty()) {
        return require(reference);
      }
      wanted = fromCatalogue(entry.get(), chosen);
    }
    return new Pull(folders, settings, index, pinned(wanted), listener).run();
  }

  /**
   * The hash of the file that a name stands for: the one that is here, else the catalogue's. Empty
   * for what is no name, or is not known.
   */
  public Optional<String> meaning(String name) {
    if (!ModelName.isName(name)) {
      return Optional.empty();
    }
    return index
        .manifest(wholeName(name))
        .map(StoredModel::sha256)
        .or(() -> catalogue().find(name).flatMap(entry -> Optional.ofNullable(entry.sha256())));
  }

  /** SHA-256 of a file of the person's own, remembered until it changes. */
  public String hashOf(Path file, ProgressListener listener) {
    return ownFiles.model(file, listener).sha256();
  }

  /** Weights that were repacked here. */
  public PackedWeights packed() {
    return new PackedWeights(folders, settings.disk(), settings.clock());
  }

  /** An empty file in the store's folder, to be filled and given to {@link #adopt}. */
  public Path newFile() {
    folders.create();
    try {
      return Files.createTempFile(folders.partials(), "made-", ".gguf");
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folders.home(), refused);
    }
  }

  /**
   * Keeps a file that was made on this machine; it is moved, not copied.
   *
   * @param made from {@link #newFile}
   * @param as what to call it; what had that name loses it
   * @param source what it was made of
   */
  public StoredModel adopt(Path made, String as, String source) {
    String name = ModelName.parse(as, ModelName.DEFAULT_TAG).toString();
    try {
      String hash = Sha256.ofFile(made, _ -> {});
      StoredModel model =
          new StoredModel(
              name,
              folders.blob(hash),
              hash,
              Files.size(made),
              StoredModel.UNKNOWN_LICENCE,
              source,
              settings.clock().instant(),
              HashOrigin.OWN_FILE);
      boolean _ = made.toFile().setReadOnly();
      try (FileLocks.Held _ = index.lock()) {
        Files.move(made, model.path(), StandardCopyOption.REPLACE_EXISTING);
        Optional<StoredModel> before = index.manifest(name);
        index.put(model);
        if (before.isPresent() && !before.get().sha256().equals(hash)) {
          index.deleteUnlessNamed(before.get().sha256());
        }
      }
      return model;
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folders.home(), refused);
    }
  }

  /** All models here, by name; then files whose entry in the index was lost, by their hash. */
  public List<StoredModel> list() {
    List<StoredModel> models = new ArrayList<>(index.all());
    models.addAll(blobs.unnamed());
    return models;
  }

  /**
   * Removes a name, its pin, what an unfinished download of it left, and its file if no other name
   * has it.
   *
   * @throws FolkmootException NOT_FOUND if there is nothing of that name, BUSY while it is pulled
   */
  public Removal remove(String reference) {
    Optional<Source> source =
        reference.startsWith(HASH_PREFIX) ? Optional.empty() : Source.parse(reference);
    if (source.isPresent() && source.get() instanceof Source.LocalFile(Path file)) {
      throw new FolkmootException(
          BAD_REQUEST, file + " is a file of yours, not of the store: delete it yourself");
    }
    try {
      if (reference.startsWith(HASH_PREFIX)) {
        StoredModel model = require(reference);
        return model.name().startsWith(HASH_PREFIX)
            ? new Removal(model.name(), blobs.delete(model.sha256()))
            : remove(model.name());
      }
      String name = source.isPresent() ? source.get().label() : wholeName(reference);
      long partial = removePartial(name, source);
      Optional<StoredModel> known = index.manifest(name);
      if (known.isEmpty() && partial == 0) {
        throw absent(reference);
      }
      long freed = known.isPresent() ? blobs.deleteName(known.get()) : 0;
      return new Removal(name, partial + freed);
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folders.home(), refused);
    }
  }

  /** Hashes a model's file anew and says whether it still is what it was. */
  public boolean verify(StoredModel model, ProgressListener listener) {
    try {
      return Sha256.ofFile(
              model.path(),
              done ->
                  listener.progressed(
                      new Progress(Stage.CHECKING, model.name(), done, model.size())))
          .equals(model.sha256());
    } catch (IOException unreadable) {
      throw OwnFiles.unreadable(model.path(), unreadable);
    }
  }

  private Wanted ownFile(
      Source.LocalFile file, @Nullable String chosen, ProgressListener listener) {
    StoredModel own = ownFiles.model(file.path(), listener);
    // A file that the catalogue knows by its hash is that model, whatever it is called.
    Optional<Catalogue.Entry> known =
        chosen == null ? catalogue().findByHash(own.sha256()) : catalogue().find(chosen);
    if (known.isPresent() && known.get().sha256() != null) {
      Wanted entry = fromCatalogue(known.get(), chosen);
      if (!own.sha256().equals(entry.sha256())) {
        throw new FolkmootException(
            WRONG_HASH,
            file.label()
                + " is not "
                + entry.name()
                + ": its sha256 is "
                + own.sha256()
                + " instead of "
                + entry.sha256()
                + "; give it another name with --as");
      }
      return new Wanted(
          entry.name(),
          entry.sha256(),
          entry.size(),
          entry.licence(),
          entry.hashOrigin(),
          List.of(file));
    }
    String fileName = String.valueOf(file.path().getFileName());
    String name = chosen == null ? ModelName.ofFile(fileName).toString() : chosen;
    return new Wanted(
        name, own.sha256(), own.size(), own.licence(), HashOrigin.OWN_FILE, List.of(file));
  }

  private static Wanted remote(Source source, @Nullable String chosen) {
    return new Wanted(
        chosen == null ? source.label() : chosen,
        null,
        Wanted.UNKNOWN_SIZE,
        StoredModel.UNKNOWN_LICENCE,
        HashOrigin.FIRST_PULL,
        List.of(source));
  }

  private static Wanted fromCatalogue(Catalogue.Entry entry, @Nullable String chosen) {
    boolean promised = entry.sha256() != null;
    return new Wanted(
        chosen == null ? entry.name() : chosen,
        entry.sha256(),
        promised ? entry.size() : Wanted.UNKNOWN_SIZE,
        entry.licence(),
        promised ? HashOrigin.CATALOGUE : HashOrigin.FIRST_PULL,
        entry.sources());
  }

  /** Holds what nobody promised a hash for to the one that its first pull saw. */
  private Wanted pinned(Wanted wanted) {
    return index
        .manifest(wanted.name())
        .filter(_ -> wanted.hashOrigin() == HashOrigin.FIRST_PULL)
        .filter(seen -> seen.hashOrigin() == HashOrigin.FIRST_PULL)
        .map(wanted::pinnedTo)
        .orElse(wanted);
  }

  /** The name with its tag: the given one, else {@code latest} if that is here, else the usual. */
  private String wholeName(String reference) {
    String latest = ModelName.parse(reference, ModelName.DEFAULT_TAG).toString();
    if (ModelName.hasTag(reference) || index.manifest(latest).isPresent()) {
      return latest;
    }
    return catalogue().find(reference).map(Catalogue.Entry::name).orElse(latest);
  }

  private Optional<StoredModel> byHash(String reference) {
    String digits = reference.substring(HASH_PREFIX.length());
    if (!digits.matches("[0-9a-f]{" + LEAST_DIGITS + ",64}")) {
      throw new FolkmootException(
          BAD_REQUEST, "after sha256: come at least " + LEAST_DIGITS + " hexadecimal digits");
    }
    List<StoredModel> found =
        list().stream().filter(model -> model.sha256().startsWith(digits)).toList();
    if (found.stream().map(StoredModel::sha256).distinct().count() > 1) {
      throw new FolkmootException(
          BAD_REQUEST, reference + " fits several models: give more digits");
    }
    return found.stream().findFirst();
  }

  private long removePartial(String name, Optional<Source> source) throws IOException {
    Optional<Wanted> wanted =
        source.isPresent()
            ? Optional.of(remote(source.get(), null))
            : catalogue().find(name).map(entry -> fromCatalogue(entry, null));
    if (wanted.isEmpty()) {
      return 0;
    }
    Wanted pull = pinned(wanted.get());
    Path file = PartialFile.path(folders, pull);
    if (!Files.exists(file)) {
      return 0;
    }
    Path lock = folders.locks().resolve(pull.key() + ".lock");
    try (FileLocks.Held _ = FileLocks.hold(lock, () -> busy(name))) {
      long size = Files.exists(file) ? Files.size(file) : 0;
      PartialFile.delete(file);
      return size;
    }
  }

  private static void busy(String name) {
    throw new FolkmootException(BUSY, name + " is being pulled just now: end that pull first");
  }

  private FolkmootException absent(String reference) {
    List<String> known = new ArrayList<>(catalogue().names());
    list().stream()
        .map(StoredModel::name)
        .filter(name -> !known.contains(name))
        .forEach(known::add);
    String hint = NearNames.hint(reference, known);
    boolean pullable = catalogue().find(reference).isPresent();
    String advice =
        pullable
            ? ": call 'folkmoot pull " + reference + "' first"
            : hint.isEmpty() ? ": 'folkmoot catalogue' lists what can be pulled" : hint;
    return new FolkmootException(
        NOT_FOUND, "there is no model '" + reference + "'" + (pullable ? " here" : "") + advice);
  }
}
