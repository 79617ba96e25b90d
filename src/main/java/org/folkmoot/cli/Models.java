package org.folkmoot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.folkmoot.base.ByteCount;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.store.ModelStore;
import org.folkmoot.store.StoreSettings;
import org.folkmoot.store.StoredModel;

/** The store as commands use it: with this process's home, clock and console. */
final class Models {
  private Models() {}

  /** The store of this home. */
  static ModelStore store(Surroundings surroundings) {
    return ModelStore.open(
        surroundings.home(),
        StoreSettings.usual(surroundings.clock(), surroundings.console()::note));
  }

  /** The model that a person named, pulled first if it is not here, with progress shown. */
  static StoredModel find(Surroundings surroundings, String named) {
    String reference =
        SplitModels.resolve(surroundings, ImportedFolders.resolve(surroundings, named));
    try (PullProgress progress = new PullProgress(surroundings)) {
      return store(surroundings).resolveOrPull(reference, progress);
    }
  }

  /**
   * Opens the model that a person named: the one on this machine; else, in a home that has joined a
   * swarm, the swarm's; else the one that can be pulled.
   *
   * @param throughSwarm whether the swarm is to be asked in any case
   */
  static LanguageModel open(
      Surroundings surroundings,
      String reference,
      ModelOpener.Settings settings,
      boolean throughSwarm) {
    return open(surroundings, reference, settings, throughSwarm, SwarmWish.NONE);
  }

  /**
   * The same over chosen peers.
   *
   * @param wish how peers are asked, where they are
   */
  static LanguageModel open(
      Surroundings surroundings,
      String named,
      ModelOpener.Settings settings,
      boolean throughSwarm,
      SwarmWish wish) {
    String reference = ImportedFolders.resolve(surroundings, named);
    boolean asked = throughSwarm || wish.ends().isPresent();
    boolean swarm =
        asked
            || (Swarms.folder(surroundings).joined().isPresent()
                && store(surroundings).resolve(reference).isEmpty());
    if (swarm) {
      try {
        return Swarms.model(
            surroundings, reference, settings, wish, new SwarmGeneration.Watcher() {});
      } catch (FolkmootException notThere) {
        if (asked || notThere.code() != FolkmootException.Code.NOT_FOUND) {
          throw notThere;
        }
        surroundings.console().note("the swarm does not serve it: pulling it to this machine");
      }
    }
    try {
      return ModelOpener.openShowing(surroundings, find(surroundings, reference), settings);
    } catch (FolkmootException noMemory) {
      boolean others = Swarms.folder(surroundings).joined().isPresent();
      if (noMemory.code() != FolkmootException.Code.NO_ROOM || !others) {
        throw noMemory;
      }
      surroundings.console().note("this machine has no room for it: asking the swarm");
      return Swarms.model(
          surroundings, reference, settings, wish, new SwarmGeneration.Watcher() {});
    }
  }

  /** SHA-256 of a file. */
  static String hashOf(Path file) throws IOException {
    MessageDigest digest = Hash32.newSha256();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Says that a model is here now.
   *
   * @param hash its SHA-256, or as much of it as a person should see
   */
  static void sayHere(Surroundings surroundings, JsonOption json, StoredModel model, String hash) {
    Console console = surroundings.console();
    if (json.isWished()) {
      JsonOutput.print(console, json(model));
      return;
    }
    console
        .out()
        .printf(
            "%s is here: %s, sha256 %s%n",
            console.outStyle().strong(model.name()), ByteCount.text(model.size()), hash);
  }

  /** A stored model as {@code --json} reports it. */
  static Map<String, Object> json(StoredModel model) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", model.name());
    fields.put("sha256", model.sha256());
    fields.put("size", model.size());
    fields.put("licence", model.licence());
    fields.put("source", model.source());
    fields.put("pulledAt", model.pulledAt().toString());
    fields.put("hashFrom", model.hashOrigin().name().toLowerCase(Locale.ROOT));
    fields.put("file", model.path().toString());
    return fields;
  }

  /** A reference on one line and of at most so many characters: of a path only its end. */
  static String shortName(String reference, int most) {
    String end = reference.substring(reference.lastIndexOf('/') + 1);
    return PlainText.line(end.isEmpty() ? reference : end, most);
  }

  /** As much of a hash as people compare. */
  static String shortHash(String sha256) {
    return sha256.substring(0, 12);
  }
}
