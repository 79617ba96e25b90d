package org.folkmoot.proof;

import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.wire.ModelId;

/**
 * A model file that this machine has.
 *
 * @param id SHA-256 of the file: it is the caller's promise that it was checked
 * @param file open as long as this is used
 * @param config read from it
 */
public record ModelAtHand(ModelId id, GgufFile file, ModelConfig config) {
  /** An open file whose hash was checked. */
  public static ModelAtHand of(ModelId id, GgufFile file) {
    return new ModelAtHand(id, file, ModelConfig.of(file));
  }
}
