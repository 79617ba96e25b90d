package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.ARITHMETIC;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.Oracle;

/**
 * One operator at one position, from its inputs alone, by the {@link Oracle}: how a dispute ends.
 * Of the model only the tensor that the operator multiplies by is read, of an embedding one row.
 */
public final class LoneOperator {
  private final GgufFile file;
  private final ModelConfig config;
  private final TraceOrder order;
  private final LoneExperts experts;

  /**
   * Operators of a model.
   *
   * @param span whose inputs the first stage reads; it decides what they are
   */
  public LoneOperator(GgufFile file, ModelConfig config, Span span) {
    this.file = file;
    this.config = config;
    this.order = new TraceOrder(config, span);
    this.experts =
        new LoneExperts(config.experts(), config.parts().biased(), this::multiply, this::numbers);
  }

  /**
   * Computes a row.
   *
   * @param inputs for each of {@link TraceOrder#sources} its rows: one, or all up to the position
   * @return the row, as {@link TraceOrder} describes it
   * @throws FolkmootException ARITHMETIC if sem/1 has no result for these inputs: a number is not
   *     finite, or a token id is none of the model's; BAD_FILE if the model lacks the tensor
   * @throws IllegalArgumentException if there are not as many rows of such lengths as it takes
   */
  public byte[] compute(TracePoint point, int position, List<List<byte[]>> inputs) {
    requireShape(point, position, inputs);
    LayerTensors at = new LayerTensors(file, config, point.layer());
    return switch (point.operator()) {
      case EMBEDDING -> embedding(littleEndian(only(inputs, 0)).getInt());
      case ATTENTION_NORM -> norm(at.name("attn_norm.weight"), row(inputs, 0));
      case QUERY -> biased(at.hasBiases(), at.query(), row(inputs, 0));
      case KEY -> biased(at.hasBiases(), at.key(), row(inputs, 0));
      case VALUE -> biased(at.hasBiases(), at.value(), row(inputs, 0));
      case QUERY_NORM -> norms(at.name("attn_q_norm.weight"), at.queryNorm(), row(inputs, 0));
      case KEY_NORM -> norms(at.name("attn_k_norm.weight"), at.keyNorm(), row(inputs, 0));
      case ROTATED_QUERY, ROTATED_KEY ->
          config.parts().turns(point.layer())
              ? bytes(rotated(config.rope(point.layer()), row(inputs, 0), position))
              : only(inputs, 0);
      case STORED_KEY, STORED_VALUE -> stored(headOf(row(inputs, 0), point.kvHead()));
      case ATTENTION -> attention(point, inputs);
      case ATTENTION_OUTPUT ->
          biased(config.parts().biased(), at.attentionOutput(), joined(inputs));
      case ATTENTION_POST_NORM -> norm(at.name("post_attention_norm.weight"), row(inputs, 0));
      case ATTENTION_RESIDUAL, LAYER_OUTPUT ->
          bytes(Oracle.add(row(inputs, 0), scaled(row(inputs, 1), config.scales().residual())));
      case FEED_FORWARD_NORM -> norm(at.feedForwardNorm(), row(inputs, 0));
      case ROUTER -> bytes(experts.router(at, row(inputs, 0)));
      case GATE ->
          config.experts().any()
              ? bytes(experts.each(at, "gate", row(inputs, 0), row(inputs, 1)))
              : bytes(multiply(at.gate(), row(inputs, 0)));
      case UP ->
          config.experts().any()
              ? bytes(experts.each(at, "up", row(inputs, 0), row(inputs, 1)))
              : bytes(multiply(at.up(), row(inputs, 0)));
      case ACTIVATION, SHARED_ACTIVATION -> bytes(activated(row(inputs, 0), row(inputs, 1)));
      case DOWN ->
          config.experts().any()
              ? bytes(experts.down(at, row(inputs, 0), row(inputs, 1)))
              : bytes(multiply(at.down(), row(inputs, 0)));
      case SHARED_GATE -> bytes(multiply(at.sharedGate(), row(inputs, 0)));
      case SHARED_UP -> bytes(multiply(at.sharedUp(), row(inputs, 0)));
      case SHARED_DOWN -> bytes(multiply(at.sharedDown(), row(inputs, 0)));
      case MIXTURE ->
          bytes(
              experts.mixture(
                  row(inputs, 0),
                  row(inputs, 1),
                  config.experts().sharedFfn() > 0 ? row(inputs, 2) : new float[0]));
      case FEED_FORWARD_POST_NORM -> norm(at.name("post_ffw_norm.weight"), row(inputs, 0));
    };
  }

  private void requireShape(TracePoint point, int position, List<List<byte[]>> inputs) {
    List<TraceOrder.Source> sources = order.sources(point);
    boolean fits = inputs.size() == sources.size();
    for (int i = 0; fits && i < inputs.size(); i++) {
      TraceOrder.Source source = sources.get(i);
      fits =
          inputs.get(i).size() == (source.wholePast() ? position + 1 : 1)
              && inputs.get(i).stream().allMatch(row -> row.length == order.rowBytes(source));
    }
    if (!fits) {
      throw new IllegalArgumentException("these are not the inputs of: " + point);
    }
  }

  private byte[] embedding(int id) {
    if (id < 0 || id >= config.vocabulary()) {
      throw noResult("a token id is not in the vocabulary");
    }
    GgufTensor tensor = tensor("token_embd.weight", config.dim(), config.vocabulary());
    long rowBytes = tensor.type().rowBytes(config.dim());
    byte[] row = file.data(tensor).asSlice(id * rowBytes, rowBytes).toArray(ValueLayout.JAVA_BYTE);
    float[] embedding = Oracle.row(tensor.type(), row, 0, config.dim());
    return bytes(scaled(embedding, config.scales().embedding()));
  }

  private static float[] scaled(float[] x, float by) {
    return by == 1 ? x : Oracle.scale(x, by);
  }

  private byte[] norm(String name, float[] x) {
    return bytes(Oracle.rmsNorm(x, vector(name, x.length), config.normEpsilon()));
  }

  /** Norms so many numbers at a time: a head's, or those of all heads. */
  private byte[] norms(String name, int length, float[] heads) {
    float[] weight = vector(name, length);
    float[] normed = new float[heads.length];
    for (int at = 0; at < heads.length; at += length) {
      float[] some = Arrays.copyOfRange(heads, at, at + length);
      float[] one = Oracle.rmsNorm(some, weight, config.normEpsilon());
      System.arraycopy(one, 0, normed, at, length);
    }
    return bytes(normed);
  }

  /** Those of query, key and value come in threes or not at all, as the engine reads them. */
  private byte[] biased(boolean has, LayerTensors.Slice matrix, float[] x) {
    float[] y = multiply(matrix, x);
    if (!has) {
      return bytes(y);
    }
    float[] all = vector(LayerTensors.biasOf(matrix), Math.toIntExact(matrix.tensorRows()));
    int first = Math.toIntExact(matrix.firstRow());
    return bytes(Oracle.add(y, Arrays.copyOfRange(all, first, first + matrix.rows())));
  }

  private float[] activated(float[] gate, float[] up) {
    return switch (config.parts().activation()) {
      case SILU -> Oracle.siluTimes(gate, up);
      case GELU -> Oracle.geluTimes(gate, up);
      case CLAMPED_SILU -> Oracle.clampedSiluTimes(gate, up);
    };
  }

  private float[] rotated(Rope rope, float[] heads, int position) {
    String name = rope.factors();
    boolean has = file.tensor(name).isPresent() && rope.equals(config.rope());
    float[] factors = has ? vector(name, rope.dims() / 2) : new float[0];
    float[] table =
        Oracle.cosinesAndSines(
            position,
            rope.frequencies(factors),
            rope.scaling().stretch(),
            rope.scaling().magnitude());
    float[] turned = new float[heads.length];
    for (int head = 0; head < heads.length / config.headDim(); head++) {
      float[] one = Oracle.rotate(headOf(heads, head), table, rope.halves());
      System.arraycopy(one, 0, turned, head * config.headDim(), one.length);
    }
    return turned;
  }

  private float[] headOf(float[] heads, int head) {
    return Arrays.copyOfRange(heads, head * config.headDim(), (head + 1) * config.headDim());
  }

  private byte[] stored(float[] x) {
    KvLayout.Precision precision = config.precision();
    byte[] bytes = new byte[x.length * precision.bytes()];
    ByteBuffer row = littleEndian(bytes);
    for (float number : x) {
      switch (precision) {
        case F16 -> row.putShort(Float.floatToFloat16(number));
        case F32 -> row.putFloat(number);
      }
    }
    requireFinite(widened(bytes));
    return bytes;
  }

  private float[] widened(byte[] stored) {
    return switch (config.precision()) {
      case F16 -> {
        float[] x = new float[stored.length / 2];
        ByteBuffer halves = littleEndian(stored);
        for (int i = 0; i < x.length; i++) {
          x[i] = Float.float16ToFloat(halves.getShort());
        }
        yield x;
      }
      case F32 -> floats(stored);
    };
  }

  private byte[] attention(TracePoint point, List<List<byte[]>> inputs) {
    float[] queries = row(inputs, 0);
    float[][] keys = inputs.get(1).stream().map(this::widened).toArray(float[][]::new);
    float[][] values = inputs.get(2).stream().map(this::widened).toArray(float[][]::new);
    float[] sinks =
        config.parts().sinks()
            ? vector(new LayerTensors(file, config, point.layer()).sinks(), config.heads())
            : new float[0];
    float[] out = new float[config.group() * config.headDim()];
    for (int i = 0; i < config.group(); i++) {
      int head = point.kvHead() * config.group() + i;
      float[] read =
          Oracle.attention(
              headOf(queries, head),
              keys,
              values,
              config.precision(),
              config.scales().attention(),
              config.scales().attentionCap(),
              config.window().reach(point.layer()),
              sinks.length == 0 ? Float.NEGATIVE_INFINITY : sinks[head]);
      System.arraycopy(read, 0, out, i * config.headDim(), config.headDim());
    }
    return bytes(out);
  }

  /** Some rows of a tensor times a vector; no other row is read. */
  private float[] multiply(LayerTensors.Slice slice, float[] x) {
    GgufTensor tensor = tensor(slice.tensor(), x.length, slice.tensorRows());
    return Oracle.multiply(tensor.type(), bytesOf(tensor, slice), slice.rows(), x);
  }

  /** Some rows of a tensor as numbers, one after the other. */
  private float[] numbers(LayerTensors.Slice slice) {
    GgufTensor tensor = tensor(slice.tensor(), slice.columns(), slice.tensorRows());
    byte[] rows = bytesOf(tensor, slice);
    float[] all = new float[slice.rows() * slice.columns()];
    for (int row = 0; row < slice.rows(); row++) {
      int at = Math.toIntExact(row * tensor.type().rowBytes(slice.columns()));
      float[] one = Oracle.row(tensor.type(), rows, at, slice.columns());
      System.arraycopy(one, 0, all, row * slice.columns(), slice.columns());
    }
    return all;
  }

  private byte[] bytesOf(GgufTensor tensor, LayerTensors.Slice slice) {
    long rowBytes = tensor.type().rowBytes(slice.columns());
    return file.data(tensor)
        .asSlice(slice.firstRow() * rowBytes, slice.rows() * rowBytes)
        .toArray(ValueLayout.JAVA_BYTE);
  }

  private float[] vector(String name, int length) {
    GgufTensor tensor = tensor(name, length, 1);
    byte[] weights = file.data(tensor).toArray(ValueLayout.JAVA_BYTE);
    return Oracle.row(tensor.type(), weights, 0, length);
  }

  private GgufTensor tensor(String name, long columns, long rows) {
    return file.tensor(name)
        .filter(found -> found.columns() == columns && found.rows() == rows)
        .orElseThrow(() ->
            new FolkmootException(
                BAD_FILE,
                "the model has no tensor '%s' of %d × %d: the file is damaged or was made wrongly, pull it again"
                    .formatted(name, rows, columns)));
  }

  private static void requireFinite(float[] x) {
    for (float number : x) {
      if (!Float.isFinite(number)) {
        throw noResult("a key or value does not fit the KV cache's numbers");
      }
    }
  }

  private static FolkmootException noResult(String why) {
    return new FolkmootException(ARITHMETIC, why + ": nobody can have computed on from there");
  }

  private static byte[] only(List<List<byte[]>> inputs, int source) {
    return inputs.get(source).getFirst();
  }

  private static float[] row(List<List<byte[]>> inputs, int source) {
    return floats(only(inputs, source));
  }

  private static float[] joined(List<List<byte[]>> inputs) {
    ByteBuffer all = ByteBuffer.allocate(inputs.stream().mapToInt(r -> r.getFirst().length).sum());
    inputs.forEach(rows -> all.put(rows.getFirst()));
    return floats(all.array());
  }

  private static float[] floats(byte[] row) {
    float[] x = new float[row.length / Float.BYTES];
    littleEndian(row).asFloatBuffer().get(x);
    return x;
  }

  private static byte[] bytes(float[] x) {
    byte[] row = new byte[x.length * Float.BYTES];
    littleEndian(row).asFloatBuffer().put(x);
    return row;
  }

  private static ByteBuffer littleEndian(byte[] row) {
    return ByteBuffer.wrap(row).order(ByteOrder.LITTLE_ENDIAN);
  }
}
