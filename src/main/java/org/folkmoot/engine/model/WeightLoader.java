package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufReader;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.Attention;
import org.folkmoot.kernel.Dequantiser;
import org.folkmoot.kernel.Matrix;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * Brings the tensors of a span into the kernels' layout. Rows are read, not mapped, so that the
 * file does not occupy memory a second time.
 */
final class WeightLoader implements AutoCloseable {
  /** All tensors of factors that there may be; a model uses one of them at most. */
  private static final List<String> ROPE_FACTORS =
      List.of("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight");

  /** Ends of the names of tensors that old files have and nobody reads. */
  private static final List<String> UNUSED =
      List.of("rot_embd", "rope.freqs", "rotary_emb.inv_freq");

  /** The parts for pictures, which files of models that see may hold too: text needs none. */
  private static final List<String> PICTURES = List.of("v.", "mm.");

  private final GgufFile file;
  private final ModelConfig config;
  private final WeightMemory memory;
  private final WorkerPool pool;
  private final GgufReader channel;
  private final DoubleConsumer progress;
  private final long totalBytes;
  private final Set<String> used = new HashSet<>();
  private long doneBytes;
  private int compared;

  WeightLoader(
      GgufFile file,
      ModelConfig config,
      Span span,
      WeightMemory memory,
      WorkerPool pool,
      DoubleConsumer progress) {
    this.file = file;
    this.config = config;
    this.memory = memory;
    this.pool = pool;
    this.progress = progress;
    this.totalBytes = Math.max(1, bytesOf(file, span));
    this.channel = file.reader();
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
    SpanWeights weights =
        new SpanWeights(
            span.embeds() ? embedding() : null,
            List.copyOf(layers),
            span.heads() ? head() : null,
            ropeFactors());
    requireAllUsed(span);
    return weights;
  }

  /** A tensor that nobody asked for changes what the model should compute. */
  private void requireAllUsed(Span span) {
    for (String name : file.tensors().keySet()) {
      boolean ours = name.startsWith("blk.") ? belongs(name, span) : span.heads();
      boolean other =
          UNUSED.stream().anyMatch(name::endsWith) || PICTURES.stream().anyMatch(name::startsWith);
      if (ours && !used.contains(name) && !other) {
        throw new FolkmootException(
            UNSUPPORTED,
            "%s: it has a tensor '%s', which the architecture '%s' has no use for here: this variant of it is not supported"
                .formatted(file.path().getFileName(), name, config.architecture()));
      }
    }
  }

  private SpanWeights.Embedding embedding() {
    GgufTensor tensor = tensor("token_embd.weight", config.dim(), config.vocabulary());
    return new SpanWeights.Embedding(file.data(tensor), tensor.type(), config.dim());
  }

  private SpanWeights.Layer layer(int index) {
    LayerTensors at = new LayerTensors(file, config, index);
    int dim = config.dim();
    ModelConfig.Parts parts = config.parts();
    return new SpanWeights.Layer(
        parts.preNorms() ? vector(at.name("attn_norm.weight"), dim) : new float[0],
        group(at.query(), at.key(), at.value()),
        bias(at),
        at.queryNorm() > 0 ? vector(at.name("attn_q_norm.weight"), at.queryNorm()) : new float[0],
        at.keyNorm() > 0 ? vector(at.name("attn_k_norm.weight"), at.keyNorm()) : new float[0],
        parts.sinks() ? vector(at.sinks(), config.heads()) : Attention.NO_SINKS,
        group(at.attentionOutput()),
        parts.biased() ? vector(LayerTensors.biasOf(at.attentionOutput()), dim) : new float[0],
        parts.postNorms() ? vector(at.name("post_attention_norm.weight"), dim) : new float[0],
        parts.preNorms() ? vector(at.feedForwardNorm(), dim) : new float[0],
        config.experts().any() ? mixture(at) : plain(at.gate(), at.up(), at.down()),
        parts.postNorms() ? vector(at.name("post_ffw_norm.weight"), dim) : new float[0]);
  }

  private MatrixGroup group(LayerTensors.Slice... slices) {
    return new MatrixGroup(Arrays.stream(slices).map(this::matrix).toArray(Matrix[]::new));
  }

  private SpanWeights.Plain plain(
      LayerTensors.Slice gate, LayerTensors.Slice up, LayerTensors.Slice down) {
    return new SpanWeights.Plain(group(gate, up), new float[0], group(down), new float[0]);
  }

  private SpanWeights.Mixture mixture(LayerTensors at) {
    List<SpanWeights.Plain> experts = new ArrayList<>();
    for (int e = 0; e < config.experts().count(); e++) {
      experts.add(
          new SpanWeights.Plain(
              group(at.expertGate(e), at.expertUp(e)),
              expertBias(at, List.of("gate", "up"), e, config.experts().ffn()),
              group(at.expertDown(e)),
              expertBias(at, List.of("down"), e, config.dim())));
    }
    float[] routerBias =
        config.parts().biased()
            ? vector(at.name("ffn_gate_inp.bias"), config.experts().count())
            : new float[0];
    MatrixGroup router =
        new MatrixGroup(at.router().stream().map(this::floats).toArray(Matrix[]::new));
    SpanWeights.@Nullable Plain shared =
        config.experts().sharedFfn() > 0
            ? plain(at.sharedGate(), at.sharedUp(), at.sharedDown())
            : null;
    return new SpanWeights.Mixture(router, routerBias, experts, config.experts().used(), shared);
  }

  /** Biases of some of an expert's matrices one after the other, or empty. */
  private float[] expertBias(LayerTensors at, List<String> matrices, int expert, int length) {
    if (!config.parts().biased()) {
      return new float[0];
    }
    float[] all = new float[matrices.size() * length];
    for (int i = 0; i < matrices.size(); i++) {
      LayerTensors.Slice bias = at.expertBias(matrices.get(i), expert, length);
      GgufTensor tensor = tensor(bias.tensor(), length, bias.tensorRows());
      long start = bias.firstRow() * tensor.type().rowBytes(length);
      Dequantiser.row(file.data(tensor), start, tensor.type(), length, all, i * length);
    }
    return all;
  }

  /** Biases of query, key and value one after the other, or empty. */
  private float[] bias(LayerTensors at) {
    if (!at.hasBiases()) {
      return new float[0];
    }
    int q = at.query().rows();
    int kv = at.key().rows();
    if (config.parts().fusedAttention()) {
      return vector(LayerTensors.biasOf(at.query()), q + 2 * kv);
    }
    float[] all = new float[q + 2 * kv];
    System.arraycopy(vector(LayerTensors.biasOf(at.query()), q), 0, all, 0, q);
    System.arraycopy(vector(LayerTensors.biasOf(at.key()), kv), 0, all, q, kv);
    System.arraycopy(vector(LayerTensors.biasOf(at.value()), kv), 0, all, q + kv, kv);
    return all;
  }

  private SpanWeights.Head head() {
    String projection =
        file.tensor("output.weight").isPresent() ? "output.weight" : "token_embd.weight";
    used.add("token_embd.weight");
    return new SpanWeights.Head(
        vector("output_norm.weight", config.dim()),
        group(LayerTensors.Slice.whole(projection, config.vocabulary(), config.dim())));
  }

  private float[] ropeFactors() {
    used.addAll(ROPE_FACTORS);
    String name = config.rope().factors();
    if (file.tensor(name).isEmpty()) {
      if (config.rope().scaling() instanceof RopeScaling.LongRope) {
        throw bad("the tensor '" + name + "' is missing");
      }
      return new float[0];
    }
    float[] factors = vector(name, config.rope().dims() / 2);
    for (float factor : factors) {
      if (!(factor > 0)) {
        throw bad("a factor in '" + name + "' is not positive");
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

  /** A matrix in the kernels' layout of its own format. */
  private Matrix matrix(LayerTensors.Slice slice) {
    GgufTensor tensor = tensor(slice.tensor(), slice.columns(), slice.tensorRows());
    int rows = slice.rows();
    int columns = slice.columns();
    long bytes = Matrix.bytes(tensor.type(), rows, columns);
    MemorySegment at = memory.next(bytes);
    Matrix matrix = Matrix.in(tensor.type(), rows, columns, at);
    Rows from = new Rows(tensor, slice.firstRow(), rows);
    if (memory.isFilled()) {
      compare(from, matrix, at);
    } else {
      pool.run(
          matrix.tiles(),
          Math.max(1, matrix.tiles() / 64),
          (first, end, _) -> {
            byte[] buffer = from.buffer(matrix);
            for (int tile = first; tile < end; tile++) {
              read(buffer, from, matrix, tile);
              matrix.repack(buffer, tile);
            }
          });
    }
    doneBytes += from.rows * from.rowBytes();
    progress.accept((double) doneBytes / totalBytes);
    return matrix;
  }

  /** Some rows of a tensor. */
  private record Rows(GgufTensor tensor, long first, long rows) {
    long rowBytes() {
      return tensor.type().rowBytes(tensor.columns());
    }

    byte[] buffer(Matrix matrix) {
      return new byte[Math.toIntExact(rowBytes() * matrix.tileRows())];
    }
  }

  /** Reads the rows of a tile, to the buffer's start. */
  private void read(byte[] buffer, Rows from, Matrix matrix, int tile) {
    long first = (long) tile * matrix.tileRows();
    long count = Math.min(matrix.tileRows(), from.rows - first);
    long at = from.tensor.offset() + (from.first + first) * from.rowBytes();
    read(buffer, Math.toIntExact(count * from.rowBytes()), at);
  }

  /**
   * Repacks one tile and holds what was kept to it: that is how a file shows which another version
   * of this program has laid out, or of another model.
   */
  private void compare(Rows from, Matrix matrix, MemorySegment kept) {
    int tile = compared++ % matrix.tiles();
    byte[] buffer = from.buffer(matrix);
    read(buffer, from, matrix, tile);
    long bytes = kept.byteSize() / matrix.tiles();
    try (Arena arena = Arena.ofConfined()) {
      int rows =
          Math.toIntExact(Math.min(matrix.tileRows(), from.rows - (long) tile * matrix.tileRows()));
      MemorySegment alone = arena.allocate(bytes, 64);
      Matrix.in(from.tensor.type(), rows, matrix.columns(), alone).repack(buffer, 0);
      if (alone.mismatch(kept.asSlice(tile * bytes, bytes)) >= 0) {
        throw new WeightMemory.UnfitWeights();
      }
    }
  }

  /** A small matrix whose weights are numbers, whatever its format: rule 10's router. */
  private Matrix floats(LayerTensors.Slice slice) {
    GgufTensor tensor = tensor(slice.tensor(), slice.columns(), slice.tensorRows());
    int columns = slice.columns();
    long rowBytes = tensor.type().rowBytes(columns);
    Matrix matrix =
        Matrix.in(
            TensorType.F32,
            slice.rows(),
            columns,
            memory.next(Matrix.bytes(TensorType.F32, slice.rows(), columns)));
    if (memory.isFilled()) {
      return matrix;
    }
    for (int tile = 0; tile < matrix.tiles(); tile++) {
      ByteBuffer rows =
          ByteBuffer.allocate(matrix.tileRows() * columns * Float.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN);
      float[] row = new float[columns];
      int end = Math.min(slice.rows(), (tile + 1) * matrix.tileRows());
      for (int r = tile * matrix.tileRows(); r < end; r++) {
        Dequantiser.row(file.data(tensor), r * rowBytes, tensor.type(), columns, row, 0);
        for (float weight : row) {
          rows.putFloat(weight);
        }
      }
      matrix.repack(rows.array(), tile);
    }
    doneBytes += tensor.bytes();
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
    used.add(name);
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
