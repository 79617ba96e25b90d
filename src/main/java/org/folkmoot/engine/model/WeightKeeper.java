package org.folkmoot.engine.model;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.Matrix;
import org.folkmoot.kernel.TensorType;

/**
 * Writes repacked weights to a file for later processes, beside whoever computes with them. Where
 * that fails nothing is lost but time, so nothing is said.
 */
final class WeightKeeper implements AutoCloseable {
  /** What is written within half a second is worth that half second of an ending process. */
  private static final long WORTH_WAITING = 128L << 20;

  private final Thread thread;
  private final boolean worthWaiting;
  private volatile boolean stopped;

  private WeightKeeper(Path file, String layout, List<MemorySegment> pieces) {
    this.worthWaiting = PackedFile.bytes(pieces) <= WORTH_WAITING;
    this.thread =
        Thread.ofPlatform()
            .daemon()
            .name("folkmoot-keep-weights")
            .start(() -> write(file, layout, pieces));
  }

  /** Begins to write, if there is a place for it. */
  static Optional<WeightKeeper> start(
      WeightShelf shelf, String layout, List<MemorySegment> pieces) {
    return shelf
        .place(layout, PackedFile.bytes(pieces))
        .map(file -> new WeightKeeper(file, layout, pieces));
  }

  /**
   * Names all that shapes the bytes beside the model: what part of it, and how this machine lays
   * out each format.
   */
  static String layout(GgufFile file, Span span) {
    StringBuilder all = new StringBuilder(span.toString());
    for (TensorType type : TensorType.values()) {
      if (file.tensors().values().stream().anyMatch(tensor -> tensor.type() == type)) {
        all.append(", ").append(Matrix.layout(type));
      }
    }
    return all.toString();
  }

  private void write(Path file, String layout, List<MemorySegment> pieces) {
    try {
      boolean _ = PackedFile.write(file, layout, pieces, () -> stopped);
    } catch (IOException noRoom) {
      stopped = true;
    }
  }

  /** Ends the writing before the weights go; what is soon done is done first. */
  @Override
  public void close() {
    stopped = !worthWaiting;
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException hurry) {
        stopped = true;
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
