package org.folkmoot.engine.model;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;

/**
 * Writes model files of a given shape with random weights, for measuring speed: what a pass costs
 * depends on the shape and the format, not on what the weights know. The same seed gives the same
 * bytes.
 *
 * @param layers number of layers
 * @param dim length of a hidden state
 * @param heads query heads
 * @param kvHeads KV heads
 * @param ffn inner length of the feed-forward network
 * @param vocabulary number of tokens
 * @param context most positions
 */
public record RandomModel(
    int layers, int dim, int heads, int kvHeads, int ffn, int vocabulary, int context) {
  /** The shape of Llama 3.2 1B: 1.24 billion weights, the embedding is the head too. */
  public static final RandomModel LLAMA_1B = new RandomModel(16, 2048, 32, 8, 8192, 128_256, 8192);

  /** The shape of SmolLM2 135M. */
  public static final RandomModel SMOL_135M = new RandomModel(30, 576, 9, 3, 1536, 49_152, 8192);

  /** Small enough to train a class archive with, large enough to touch every kernel. */
  public static final RandomModel TINY = new RandomModel(2, 128, 4, 2, 256, 512, 512);

  private static final int ROWS_AT_ONCE = 256;

  /**
   * Writes a file.
   *
   * @param type format of the layers' matrices
   * @param embedding format of the token embedding, which is the head too
   */
  public void write(Path path, TensorType type, TensorType embedding, long seed)
      throws IOException {
    write(path, type, embedding, seed, this::sentencePieces);
  }

  /**
   * Writes a file with a tokenizer of one's own.
   *
   * @param tokenizer puts the tokenizer's metadata, and a chat template if there is to be one
   */
  public void write(
      Path path, TensorType type, TensorType embedding, long seed, Consumer<GgufWriter> tokenizer)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    GgufWriter writer = new GgufWriter();
    metadata(writer, type);
    tokenizer.accept(writer);
    long kv = (long) dim / heads * kvHeads;
    matrix(writer, random, "token_embd.weight", embedding, dim, vocabulary);
    ones(writer, "output_norm.weight");
    for (int i = 0; i < layers; i++) {
      String prefix = "blk." + i + ".";
      ones(writer, prefix + "attn_norm.weight");
      matrix(writer, random, prefix + "attn_q.weight", type, dim, dim);
      matrix(writer, random, prefix + "attn_k.weight", type, dim, kv);
      matrix(writer, random, prefix + "attn_v.weight", type, dim, kv);
      matrix(writer, random, prefix + "attn_output.weight", type, dim, dim);
      ones(writer, prefix + "ffn_norm.weight");
      matrix(writer, random, prefix + "ffn_gate.weight", type, dim, ffn);
      matrix(writer, random, prefix + "ffn_up.weight", type, dim, ffn);
      matrix(writer, random, prefix + "ffn_down.weight", type, ffn, dim);
    }
    writer.write(path);
  }

  private void metadata(GgufWriter writer, TensorType type) {
    writer
        .put("general.architecture", "llama")
        .put("general.name", "random weights, " + type)
        .put("llama.block_count", layers)
        .put("llama.context_length", context)
        .put("llama.embedding_length", dim)
        .put("llama.feed_forward_length", ffn)
        .put("llama.attention.head_count", heads)
        .put("llama.attention.head_count_kv", kvHeads)
        .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .put("llama.rope.dimension_count", dim / heads)
        .put("llama.rope.freq_base", 500_000f)
        .put("llama.vocab_size", vocabulary);
  }

  private void sentencePieces(GgufWriter writer) {
    writer.put("tokenizer.ggml.model", "llama");
    String[] tokens = new String[vocabulary];
    float[] scores = new float[vocabulary];
    int[] types = new int[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      boolean isByte = i >= 3 && i < 259;
      tokens[i] =
          switch (i) {
            case 0 -> "<unk>";
            case 1 -> "<s>";
            case 2 -> "</s>";
            default -> isByte ? "<0x%02X>".formatted(i - 3) : "▁w" + i;
          };
      scores[i] = -i;
      types[i] = i == 0 ? 2 : i < 3 ? 3 : isByte ? 6 : 1;
    }
    writer
        .put("tokenizer.ggml.tokens", tokens)
        .put("tokenizer.ggml.scores", scores)
        .put("tokenizer.ggml.token_type", types)
        .put("tokenizer.ggml.bos_token_id", 1)
        .put("tokenizer.ggml.eos_token_id", 2)
        .put("tokenizer.ggml.unknown_token_id", 0);
  }

  private void ones(GgufWriter writer, String name) {
    ByteBuffer ones = ByteBuffer.allocate(dim * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < dim; i++) {
      ones.putFloat(1);
    }
    writer.tensor(name, TensorType.F32, new long[] {dim}, out -> out.write(ones.array()));
  }

  private static void matrix(
      GgufWriter writer,
      SplittableRandom random,
      String name,
      TensorType type,
      long columns,
      long rows) {
    SplittableRandom own = random.split();
    writer.tensor(
        name, type, new long[] {columns, rows}, out -> rows(out, own, type, columns, rows));
  }

  private static void rows(
      OutputStream out, SplittableRandom random, TensorType type, long columns, long rows)
      throws IOException {
    for (long row = 0; row < rows; row += ROWS_AT_ONCE) {
      int count = (int) Math.min(ROWS_AT_ONCE, rows - row);
      byte[] bytes = new byte[Math.toIntExact(count * type.rowBytes(columns))];
      random.nextBytes(bytes);
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      for (int at = 0; at < bytes.length; at += type.blockBytes()) {
        scale(buffer, at, type, 1 / Math.sqrt((double) columns));
      }
      out.write(bytes);
    }
  }

  /**
   * Gives a block of random integers the standard deviation that keeps a network's signals level.
   */
  private static void scale(ByteBuffer block, int at, TensorType type, double deviation) {
    switch (type) {
      case Q8_0 -> block.putShort(at, half(deviation / 73.9));
      case Q4_0 -> block.putShort(at, half(deviation / 4.61));
      case Q5_0 -> block.putShort(at, half(deviation / 9.23));
      case Q4_1 -> {
        block.putShort(at, half(deviation / 4.61));
        block.putShort(at + 2, half(-7.5 * deviation / 4.61));
      }
      case Q5_1 -> {
        block.putShort(at, half(deviation / 9.23));
        block.putShort(at + 2, half(-15.5 * deviation / 9.23));
      }
      case IQ4_NL -> block.putShort(at, half(deviation / 67.2));
      case MXFP4 -> // a power of two near it
          block.put(
              at, (byte) (128 + Math.rint(StrictMath.log(deviation / 5.85) / StrictMath.log(2))));
      case IQ4_XS -> block.putShort(at, half(deviation / 1242));
      case Q2_K -> scales(block, at, type, deviation / 13.9, 1.5);
      case Q3_K -> block.putShort(at + type.scaleOffset(), half(deviation / 43.3));
      case Q4_K -> scales(block, at, type, deviation / 255, 7.5);
      case Q5_K -> scales(block, at, type, deviation / 521, 15.5);
      case Q6_K -> block.putShort(at + type.scaleOffset(), half(deviation / 1365));
      case F32 -> block.putFloat(at, (float) (block.getInt(at) * deviation * 0x1p-30));
      case F16 -> block.putShort(at, half(block.getShort(at) * deviation * 0x1p-14));
      case BF16 ->
          block.putShort(
              at,
              (short)
                  (Float.floatToRawIntBits((float) (block.getShort(at) * deviation * 0x1p-14))
                      >> 16));
    }
  }

  /** The integer scales and minimums are random, too, and on average the same. */
  private static void scales(ByteBuffer block, int at, TensorType type, double d, double mean) {
    block.putShort(at + type.scaleOffset(), half(d));
    block.putShort(at + type.scaleOffset() + 2, half(mean * d));
  }

  private static short half(double value) {
    return Float.floatToFloat16((float) value);
  }
}
