package org.folkmoot.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
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
  static StoredModel find(Surroundings surroundings, String reference) {
    try (PullProgress progress = new PullProgress(surroundings)) {
      return store(surroundings).resolveOrPull(reference, progress);
    }
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
