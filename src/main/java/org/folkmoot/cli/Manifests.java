package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.ledger.provenance.ModelManifest;
import org.folkmoot.ledger.provenance.ModelManifest.Origin;
import org.folkmoot.store.StoredModel;

/**
 * A model's manifest: the one that the home keeps of it ({@code manifests/SHA256.json}), else what
 * its file says of itself.
 */
final class Manifests {
  /** Of each kind; files that say more are not heard out. */
  private static final int MAX_CLAIMS = 32;

  private static final int MAX_TEXT = 500;

  private Manifests() {}

  /** Where a home keeps the manifest of a model. */
  static Path file(Path home, String sha256) {
    return home.resolve("manifests").resolve(sha256 + ".json");
  }

  /** The manifest of a model. */
  static ModelManifest of(Path home, StoredModel model, GgufFile gguf) {
    Path kept = file(home, model.sha256());
    if (!Files.exists(kept)) {
      return claimed(model, gguf);
    }
    try {
      ModelManifest read = ModelManifest.parse(Files.readAllBytes(kept));
      if (read.files().stream().noneMatch(each -> each.sha256().equals(model.sha256()))) {
        throw new FolkmootException(
            WRONG_HASH, kept + " is the manifest of another model: remove it");
      }
      return read;
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static ModelManifest claimed(StoredModel model, GgufFile gguf) {
    GgufMetadata metadata = gguf.metadata();
    List<String> authors = new ArrayList<>();
    for (String key : List.of("general.author", "general.organization")) {
      String author = text(metadata, key);
      if (!author.isEmpty()) {
        authors.add(author);
      }
    }
    boolean adapter = metadata.string("general.type").orElse("").equals("adapter");
    String licence =
        model.licence().equals(StoredModel.UNKNOWN_LICENCE)
            ? text(metadata, "general.license")
            : model.licence();
    String name = model.name().substring(1 + model.name().lastIndexOf('/'));
    String file = String.valueOf(model.path().getFileName());
    return new ModelManifest(
        adapter ? ModelManifest.Kind.ADAPTER : ModelManifest.Kind.MODEL,
        name,
        List.of(
            new ModelManifest.ModelFile(
                // The store names files by their hashes, which says nothing to others.
                file.startsWith(model.sha256()) ? name.replace(':', '-') + ".gguf" : file,
                model.sha256(),
                model.size())),
        licence,
        authors,
        origins(metadata, "base_model"),
        origins(metadata, "dataset"),
        null,
        List.of(),
        List.of());
  }

  private static List<Origin> origins(GgufMetadata metadata, String what) {
    List<Origin> all = new ArrayList<>();
    long count = metadata.integer("general." + what + ".count").orElse(0);
    for (int i = 0; i < Math.min(count, MAX_CLAIMS); i++) {
      String key = "general." + what + "." + i;
      String name = text(metadata, key + ".name");
      if (!name.isEmpty()) {
        all.add(new Origin(name, "", text(metadata, key + ".repo_url"), ""));
      }
    }
    return all;
  }

  private static String text(GgufMetadata metadata, String key) {
    String text = PlainText.of(metadata.string(key).orElse(""));
    return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) : text;
  }

  /** What a person is told. */
  static void print(Console console, ModelManifest manifest) {
    Style style = console.outStyle();
    console.out().println(style.strong(PlainText.of(manifest.name())));
    line(console, "licence", manifest.licence().isEmpty() ? "not stated" : manifest.licence());
    line(console, "authors", joined(manifest.authors()));
    manifest
        .files()
        .forEach(file -> line(console, "file", "sha256:" + file.sha256() + "  " + file.name()));
    origins(console, "base", manifest.base());
    origins(console, "data", manifest.datasets());
    origins(console, "recipe", manifest.recipe() == null ? List.of() : List.of(manifest.recipe()));
    if (manifest.evaluations().isEmpty()) {
      line(console, "evaluations", "none recorded");
    }
    manifest
        .evaluations()
        .forEach(one ->
            line(
                console,
                "evaluation",
                "%s: %s %s".formatted(one.benchmark(), one.metric(), one.value())));
    if (manifest.adoptions().isEmpty()) {
      line(console, "adopted", "by no vote that is known here");
    }
    manifest
        .adoptions()
        .forEach(vote ->
            line(
                console,
                "adopted",
                "%s by %s, proposal %s".formatted(vote.date(), vote.moot(), vote.proposal())));
  }

  private static void origins(Console console, String label, List<Origin> origins) {
    if (origins.isEmpty()) {
      line(console, label, "not stated");
    }
    for (Origin origin : origins) {
      String url = String.valueOf(origin.url());
      String hash = String.valueOf(origin.sha256());
      line(
          console,
          label,
          origin.name()
              + (hash.isEmpty() ? "" : "  sha256:" + hash)
              + (url.isEmpty() ? "" : "  " + url));
    }
  }

  private static String joined(List<String> all) {
    return all.isEmpty() ? "not stated" : String.join(", ", all);
  }

  private static void line(Console console, String label, String text) {
    Style style = console.outStyle();
    console.out().println("  " + style.faint(String.format("%-14s", label)) + PlainText.of(text));
  }
}
