package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.Dequantiser;
import org.folkmoot.kernel.Matrix;
import org.folkmoot.kernel.NativeMemory;
import org.folkmoot.kernel.WorkerPool;

/**
 * Brings the tensors of a span into the kernels' layout. Rows are read, not mapped, so that the
 * file does not occupy memory a second time.
 */
final class WeightLoader implements AutoCloseable {
  private final GgufFile file;
  private final ModelConfig config;
  private final Arena arena;
  private final WorkerPool pool;
  private final FileChannel channel;
  private final DoubleConsumer progress;
  private final long totalBytes;
  private long doneBytes;

  WeightLoader(
      GgufFile file,
      ModelConfig config,
      Span span,
      Arena arena,
      WorkerPool pool,
      DoubleConsumer progress) {
    this.file = file;
    this.config = config;
    this.arena = arena;
    this.pool = pool;
    this.progress = progress;
    this.totalBytes = Math.max(1, bytesOf(file, span));
    try {
      this.channel = FileChannel.open(file.path(), StandardOpenOption.READ);
    } catch (IOException failed) {
      throw unreadable(failed);
    }
  }

  /** Bytes of the file that a span's matrices take. */
  private static long bytesOf(GgufFile file, Span span) {
    return file.tensors().values().stream()
        .filter(tensor -> belongs(tensor.name(), span))
        .mapToLong(GgufTensor::bytes)
        .sum();
  }

  private static boolean belongs(String name, Span span) {
    if (name.startsWith("blk.")) {
      int end = name.indexOf('.', 4);
      for (int layer = span.from(); layer < span.to(); layer++) {
        if (end > 0 && name.substring(4, end).equals(Integer.toString(layer))) {
          return true;
        }
      }
      return false;
    }
    return span.heads() && (name.equals("output.weight") || name.equals("token_embd.weight"));
  }

  SpanWeights load(Span span) {
    List<SpanWeights.Layer> layers = new ArrayList<>();
    for (int i = span.from(); i < span.to(); i++) {
      layers.add(layer(i));
    }
    return new SpanWeights(
        span.embeds() ? embedding() : null,
        List.copyOf(layers),
        span.heads() ? head() : null,
        ropeFactors());
  }

  private SpanWeights.Embedding embedding() {
    GgufTensor tensor = tensor("token_embd.weight", config.dim(), config.vocabulary());
    return new SpanWeights.Embedding(file.data(tensor), tensor.type(), config.dim());
  }

  private SpanWeights.Layer layer(int index) {
    String prefix = "blk." + index + ".";
    int dim = config.dim();
    int q = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    return new SpanWeights.Layer(
        vector(prefix + "attn_norm.weight", dim),
        new MatrixGroup(
            matrix(prefix + "attn_q.weight", dim, q),
            matrix(prefix + "attn_k.weight", dim, kv),
            matrix(prefix + "attn_v.weight", dim, kv)),
        bias(prefix, q, kv),
        new MatrixGroup(matrix(prefix + "attn_output.weight", q, dim)),
        vector(prefix + "ffn_norm.weight", dim),
        new MatrixGroup(
            matrix(prefix + "ffn_gate.weight", dim, config.ffn()),
            matrix(prefix + "ffn_up.weight", dim, config.ffn())),
        new MatrixGroup(matrix(prefix + "ffn_down.weight", config.ffn(), dim)));
  }

  /** Biases of query, key and value one after the other, or empty. */
  private float[] bias(String prefix, int q, int kv) {
    if (file.tensor(prefix + "attn_q.bias").isEmpty()) {
      return new float[0];
    }
    float[] all = new float[q + 2 * kv];
    System.arraycopy(vector(prefix + "attn_q.bias", q), 0, all, 0, q);
    System.arraycopy(vector(prefix + "attn_k.bias", kv), 0, all, q, kv);
    System.arraycopy(vector(prefix + "attn_v.bias", kv), 0, all, q + kv, kv);
    return all;
  }

  private SpanWeights.Head head() {
    String projection =
        file.tensor("output.weight").isPresent() ? "output.weight" : "token_embd.weight";
    return new SpanWeights.Head(
        vector("output_norm.weight", config.dim()),
        new MatrixGroup(matrix(projection, config.dim(), config.vocabulary())));
  }

  private float[] ropeFactors() {
    if (file.tensor("rope_freqs.weight").isEmpty()) {
      return new float[0];
    }
    float[] factors = vector("rope_freqs.weight", config.ropeDims() / 2);
    for (float factor : factors) {
      if (!(factor > 0)) {
        throw bad("a factor in 'rope_freqs.weight' is not positive");
      }
    }
    return factors;
  }

  private float[] vector(String name, int length) {
    GgufTensor tensor = tensor(name, length, 1);
    float[] values = new float[length];
    Dequantiser.row(file.data(tensor), 0, tensor.type(), length, values, 0);
    return values;
  }

  private Matrix matrix(String name, int columns, int rows) {
    GgufTensor tensor = tensor(name, columns, rows);
    Matrix matrix =
        Matrix.in(
            tensor.type(),
            rows,
            columns,
            NativeMemory.allocate(arena, Matrix.bytes(tensor.type(), rows, columns)));
    int rowBytes = Math.toIntExact(tensor.type().rowBytes(columns));
    pool.run(
        matrix.tiles(),
        Math.max(1, matrix.tiles() / 64),
        (from, to, _) -> {
          byte[] buffer = new byte[rowBytes * matrix.tileRows()];
          for (int tile = from; tile < to; tile++) {
            int first = tile * matrix.tileRows();
            int count = Math.min(matrix.tileRows(), rows - first);
            read(buffer, count * rowBytes, tensor.offset() + (long) first * rowBytes);
            matrix.repack(buffer, tile);
          }
        });
    doneBytes += tensor.bytes();
    progress.accept((double) doneBytes / totalBytes);
    return matrix;
  }

  private void read(byte[] buffer, int length, long at) {
    try {
      ByteBuffer target = ByteBuffer.wrap(buffer, 0, length);
      while (target.hasRemaining()) {
        if (channel.read(target, at + target.position()) < 0) {
          throw bad("the file ended while it was read");
        }
      }
    } catch (IOException failed) {
      throw unreadable(failed);
    }
  }

  private GgufTensor tensor(String name, long columns, long rows) {
    GgufTensor tensor =
        file.tensor(name).orElseThrow(() -> bad("the tensor '" + name + "' is missing"));
    if (tensor.columns() != columns || tensor.rows() != rows) {
      throw bad(
          "the tensor '%s' is %d × %d, but must be %d × %d"
              .formatted(name, tensor.rows(), tensor.columns(), rows, columns));
    }
    return tensor;
  }

  private FolkmootException bad(String message) {
    return new FolkmootException(
        BAD_FILE,
        file.path().getFileName()
            + ": "
            + message
            + ": the model file is damaged or was made wrongly, pull it again");
  }

  private FolkmootException unreadable(IOException failed) {
    return new FolkmootException(
        BAD_FILE, file.path() + ": cannot be read: " + failed.getMessage(), failed);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException failed) {
      throw unreadable(failed);
    }
  }
}
