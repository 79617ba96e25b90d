package org.folkmoot.engine.model;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the weights of one model, repacked for the kernels, are kept from one process to the next.
 * All of it is a matter of time and memory: where there is nothing, or no room, weights are
 * repacked from the model's file.
 */
public interface WeightShelf {
  /** Keeps nothing. */
  WeightShelf NONE =
      new WeightShelf() {
        @Override
        public Optional<Path> find(String layout) {
          return Optional.empty();
        }

        @Override
        public Optional<Path> place(String layout, long bytes) {
          return Optional.empty();
        }

        @Override
        public void discard(Path file) {}
      };

  /**
   * The file with weights in this layout, if there is one.
   *
   * @param layout names all that shapes the bytes beside the model
   */
  Optional<Path> find(String layout);

  /**
   * Where to keep weights in this layout; nothing if they should not be kept.
   *
   * @param bytes what they will take
   */
  Optional<Path> place(String layout, long bytes);

  /** Removes a file that is damaged. */
  void discard(Path file);

  /** The same without anything added. */
  default WeightShelf asItIs() {
    WeightShelf all = this;
    return new WeightShelf() {
      @Override
      public Optional<Path> find(String layout) {
        return all.find(layout);
      }

      @Override
      public Optional<Path> place(String layout, long bytes) {
        return Optional.empty();
      }

      @Override
      public void discard(Path file) {
        all.discard(file);
      }
    };
  }
}
