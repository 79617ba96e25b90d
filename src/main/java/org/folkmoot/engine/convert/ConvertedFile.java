package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.Quantiser;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;

/**
 * Writes tensors into a model file, each in the format that a recipe gives it. Threads share the
 * rows of a tensor; the bytes are the same for any number of them.
 */
final class ConvertedFile {
  /** Weights of which floats and blocks are in memory at a time: some megabytes. */
  private static final long WEIGHTS_AT_ONCE = 1 << 21;

  private final List<WeightSource> tensors;
  private final Recipe recipe;
  private final WorkerPool pool;
  private final DoubleConsumer progress;
  private final long total;
  private long done;

  ConvertedFile(
      List<WeightSource> tensors, Recipe recipe, WorkerPool pool, DoubleConsumer progress) {
    this.tensors = tensors;
    this.recipe = recipe;
    this.pool = pool;
    this.progress = progress;
    this.total = Math.max(1, tensors.stream().mapToLong(t -> t.columns() * t.count()).sum());
  }

  /**
   * Writes the file; what was there is replaced.
   *
   * @param writer has the metadata already
   * @param shape what of the model decides mixtures
   * @throws FolkmootException BAD_FILE with a tensor's name, if a weight is not finite or too large
   */
  void write(GgufWriter writer, Recipe.Model shape, Path path) throws IOException {
    writer.put("general.file_type", recipe.fileType()).put("general.quantization_version", 2);
    for (WeightSource tensor : tensors) {
      TensorType type = recipe.of(tensor, shape);
      long[] dimensions = tensor.shape().stream().mapToLong(Long::longValue).toArray();
      writer.tensor(tensor.name(), type, dimensions, out -> content(tensor, type, out));
    }
    writer.write(path);
  }

  private void content(WeightSource tensor, TensorType type, OutputStream out) throws IOException {
    int columns = Math.toIntExact(tensor.columns());
    int rowBytes = Math.toIntExact(type.rowBytes(columns));
    int atOnce = (int) Math.clamp(WEIGHTS_AT_ONCE / columns, 1, tensor.count());
    byte[] bytes = new byte[Math.multiplyExact(atOnce, rowBytes)];
    for (long first = 0; first < tensor.count(); first += atOnce) {
      int count = (int) Math.min(atOnce, tensor.count() - first);
      long from = first;
      try {
        pool.run(
            count,
            Math.max(1, count / (8 * pool.workers())),
            (row, end, _) -> {
              float[] floats = new float[Math.multiplyExact(end - row, columns)];
              tensor.rows().read(from + row, end - row, floats);
              Quantiser.row(type, floats, 0, floats.length, bytes, row * rowBytes);
            });
      } catch (FolkmootException bad) {
        throw new FolkmootException(
            bad.code(), "tensor '" + tensor.name() + "': " + bad.getMessage(), bad);
      }
      out.write(bytes, 0, count * rowBytes);
      done += (long) count * columns;
      progress.accept((double) done / total);
    }
  }

  static FolkmootException bad(String message) {
    return new FolkmootException(BAD_FILE, message);
  }
}
