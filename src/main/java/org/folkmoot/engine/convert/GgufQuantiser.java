package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.Dequantiser;
import org.folkmoot.kernel.WorkerPool;

/** A GGUF file of floats to one of another number format; all else stays as it is. */
public final class GgufQuantiser {
  /** What the new file says of itself. */
  private static final Set<String> OWN =
      Set.of("general.file_type", "general.quantization_version", "general.alignment");

  private GgufQuantiser() {}

  /**
   * Writes the new file; what was there is replaced.
   *
   * @param progress told the share that is done, 0 to 1
   * @throws FolkmootException BAD_REQUEST if the file's weights are quantised already
   */
  public static void write(
      GgufFile file, Path to, Recipe recipe, WorkerPool pool, DoubleConsumer progress)
      throws IOException {
    GgufWriter writer = new GgufWriter();
    for (String key : file.metadata().keys()) {
      if (!OWN.contains(key) && !key.startsWith("split.")) {
        writer.raw(key, file.rawValue(key));
      }
    }
    List<WeightSource> tensors = new ArrayList<>();
    for (GgufTensor tensor : file.tensors().values()) {
      if (tensor.type().isQuantised()) {
        throw new FolkmootException(
            BAD_REQUEST,
            "'%s' is quantised already (%s), and a second rounding would add to the first: start from a file in F32, F16 or BF16"
                .formatted(tensor.name(), tensor.type()));
      }
      tensors.add(source(file, tensor));
    }
    new ConvertedFile(tensors, recipe, pool, progress).write(writer, model(file), to);
  }

  private static Recipe.Model model(GgufFile file) {
    GgufMetadata metadata = file.metadata();
    String architecture = metadata.string("general.architecture").orElse("");
    long heads = metadata.integer(architecture + ".attention.head_count").orElse(1);
    long kvHeads = metadata.integer(architecture + ".attention.head_count_kv").orElse(heads);
    return new Recipe.Model(
        architecture,
        (int) metadata.integer(architecture + ".block_count").orElse(0),
        (int) metadata.integer(architecture + ".expert_count").orElse(0),
        (int) (heads / Math.max(1, kvHeads)),
        file.tensor("output.weight").isEmpty());
  }

  private static WeightSource source(GgufFile file, GgufTensor tensor) {
    MemorySegment data = file.data(tensor);
    long rowBytes = tensor.type().rowBytes(tensor.columns());
    int columns = Math.toIntExact(tensor.columns());
    return new WeightSource(
        tensor.name(),
        tensor.type(),
        tensor.shape(),
        (first, count, to) -> {
          for (int row = 0; row < count; row++) {
            Dequantiser.row(
                data, (first + row) * rowBytes, tensor.type(), columns, to, row * columns);
          }
        });
  }
}
