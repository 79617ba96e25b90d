package org.folkmoot.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.store.ModelStore;
import org.folkmoot.store.PackedWeights;

/** Repacked weights as the home keeps them. */
final class KeptWeights {
  /** {@code -Dfolkmoot.weights=repacked} does without. */
  private static final String SWITCH = "folkmoot.weights";

  private KeptWeights() {}

  static WeightShelf of(Surroundings surroundings, String sha256) {
    return of(Models.store(surroundings), sha256);
  }

  /**
   * Those of one model.
   *
   * @param sha256 of its file
   */
  static WeightShelf of(ModelStore store, String sha256) {
    if (System.getProperty(SWITCH, "").equals("repacked")) {
      return WeightShelf.NONE;
    }
    PackedWeights packed = store.packed();
    return new WeightShelf() {
      @Override
      public Optional<Path> find(String layout) {
        return packed.find(sha256, layout);
      }

      @Override
      public Optional<Path> place(String layout, long bytes) {
        return packed.place(sha256, layout, bytes);
      }

      @Override
      public void discard(Path file) {
        packed.discard(file);
      }
    };
  }
}
