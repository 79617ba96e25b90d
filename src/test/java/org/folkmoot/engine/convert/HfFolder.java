package org.folkmoot.engine.convert;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.testing.Dequantiser;

/**
 * Writes a model file of ours as the Hugging Face folder that it could have come from: what an
 * import must undo, from the descriptions of both sides.
 */
public final class HfFolder {
  static final ObjectMapper MAPPER = new ObjectMapper();

  private static final Map<String, String> LAYER_NAMES =
      Map.ofEntries(
          Map.entry("attn_norm.weight", "input_layernorm.weight"),
          Map.entry("attn_q.weight", "self_attn.q_proj.weight"),
          Map.entry("attn_k.weight", "self_attn.k_proj.weight"),
          Map.entry("attn_v.weight", "self_attn.v_proj.weight"),
          Map.entry("attn_q.bias", "self_attn.q_proj.bias"),
          Map.entry("attn_k.bias", "self_attn.k_proj.bias"),
          Map.entry("attn_v.bias", "self_attn.v_proj.bias"),
          Map.entry("attn_output.weight", "self_attn.o_proj.weight"),
          Map.entry("ffn_norm.weight", "post_attention_layernorm.weight"),
          Map.entry("ffn_gate.weight", "mlp.gate_proj.weight"),
          Map.entry("ffn_up.weight", "mlp.up_proj.weight"),
          Map.entry("ffn_down.weight", "mlp.down_proj.weight"));

  /** A tensor as safetensors has it: the row length last. */
  record Weights(List<Long> shape, float[] values) {}

  final Map<String, Weights> tensors = new LinkedHashMap<>();
  final ObjectNode config = MAPPER.createObjectNode();
  final ObjectNode tokenizer = MAPPER.createObjectNode();
  final ObjectNode settings = MAPPER.createObjectNode();

  /** The folder of a Llama model of floats. */
  public static HfFolder of(Path gguf) {
    try (GgufFile file = GgufFile.open(gguf)) {
      HfFolder folder = new HfFolder();
      folder.readConfig(file.metadata());
      folder.readTokenizer(file.metadata());
      for (GgufTensor tensor : file.tensors().values()) {
        if (!tensor.name().equals("rope_freqs.weight")) {
          folder.readTensor(file, tensor);
        }
      }
      return folder;
    }
  }

  private void readConfig(GgufMetadata metadata) {
    config
        .put("model_type", "llama")
        .put("_name_or_path", "somebody/tiny")
        .put("hidden_act", "silu")
        .put("hidden_size", metadata.integer("llama.embedding_length").orElseThrow())
        .put("intermediate_size", metadata.integer("llama.feed_forward_length").orElseThrow())
        .put("num_hidden_layers", metadata.integer("llama.block_count").orElseThrow())
        .put("num_attention_heads", metadata.integer("llama.attention.head_count").orElseThrow())
        .put("num_key_value_heads", metadata.integer("llama.attention.head_count_kv").orElseThrow())
        .put("head_dim", metadata.integer("llama.attention.key_length").orElseThrow())
        .put("max_position_embeddings", metadata.integer("llama.context_length").orElseThrow())
        .put("vocab_size", metadata.strings("tokenizer.ggml.tokens").orElseThrow().length)
        .put("rope_theta", metadata.number("llama.rope.freq_base").orElseThrow())
        .put("rms_norm_eps", 1e-5)
        .put("tie_word_embeddings", true)
        .put("bos_token_id", 1)
        .put("eos_token_id", 2);
  }

  /** SentencePiece's pieces with merges: all ways to put one together, the best piece first. */
  private void readTokenizer(GgufMetadata metadata) {
    String[] tokens = metadata.strings("tokenizer.ggml.tokens").orElseThrow();
    float[] scores = metadata.floats("tokenizer.ggml.scores").orElseThrow();
    int[] types = metadata.integers("tokenizer.ggml.token_type").orElseThrow();
    ObjectNode model = tokenizer.putObject("model");
    model.put("type", "BPE").put("byte_fallback", true).put("unk_token", tokens[0]);
    ObjectNode vocab = model.putObject("vocab");
    ArrayNode added = tokenizer.putArray("added_tokens");
    Map<String, Integer> ids = new TreeMap<>();
    for (int id = 0; id < tokens.length; id++) {
      vocab.put(tokens[id], id);
      if (types[id] == 1) {
        ids.put(tokens[id], id);
      } else if (types[id] < 5) {
        added.addObject().put("id", id).put("content", tokens[id]).put("special", types[id] != 4);
      }
    }
    ArrayNode merges = model.putArray("merges");
    ids.entrySet().stream()
        .sorted((a, b) -> Float.compare(scores[b.getValue()], scores[a.getValue()]))
        .forEach(piece -> {
          String text = piece.getKey();
          for (int cut = 1; cut < text.length(); cut++) {
            if (ids.containsKey(text.substring(0, cut)) && ids.containsKey(text.substring(cut))) {
              merges.addArray().add(text.substring(0, cut)).add(text.substring(cut));
            }
          }
        });
    tokenizer.putObject("normalizer").put("type", "Prepend").put("prepend", "▁");
    ObjectNode post = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
    post.putArray("single").addObject().putObject("SpecialToken").put("id", "<s>");
    settings.put("bos_token", "<s>").put("eos_token", "</s>").put("unk_token", "<unk>");
    metadata
        .string("tokenizer.chat_template")
        .ifPresent(template -> settings.put("chat_template", template));
  }

  private void readTensor(GgufFile file, GgufTensor tensor) {
    double[] exact = Dequantiser.all(file, tensor);
    float[] values = new float[exact.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) exact[i];
    }
    String[] parts = tensor.name().split("\\.", 3);
    boolean layer = parts[0].equals("blk");
    String name =
        layer
            ? "model.layers." + parts[1] + "." + LAYER_NAMES.get(parts[2])
            : switch (tensor.name()) {
              case "token_embd.weight" -> "model.embed_tokens.weight";
              case "output_norm.weight" -> "model.norm.weight";
              default -> "lm_head.weight";
            };
    if (layer && parts[2].matches("attn_[qk]\\..*")) {
      int headDim = config.path("head_dim").asInt();
      int columns = tensor.shape().size() == 1 ? 1 : Math.toIntExact(tensor.columns());
      values = apart(values, columns, headDim);
    }
    tensors.put(name, new Weights(tensor.shape().reversed(), values));
  }

  /** Within each head, first the even rows, then the odd ones. */
  private static float[] apart(float[] rows, int columns, int headDim) {
    float[] apart = new float[rows.length];
    for (int row = 0; row < rows.length / columns; row++) {
      int head = row / headDim * headDim;
      int to = head + row % headDim / 2 + row % 2 * headDim / 2;
      System.arraycopy(rows, row * columns, apart, to * columns, columns);
    }
    return apart;
  }

  /** Writes all in one file. */
  Path write(Path folder) {
    return write(folder, 1);
  }

  /** Writes the tensors spread over some files, with an index if these are several. */
  public Path write(Path folder, int files) {
    try {
      Files.createDirectories(folder);
      Files.write(folder.resolve("config.json"), MAPPER.writeValueAsBytes(config));
      Files.write(folder.resolve("tokenizer.json"), MAPPER.writeValueAsBytes(tokenizer));
      Files.write(folder.resolve("tokenizer_config.json"), MAPPER.writeValueAsBytes(settings));
      ObjectNode index = MAPPER.createObjectNode();
      ObjectNode map = index.putObject("weight_map");
      for (int i = 0; i < files; i++) {
        String name =
            files == 1
                ? "model.safetensors"
                : "model-%05d-of-%05d.safetensors".formatted(i + 1, files);
        Map<String, Weights> part = new LinkedHashMap<>();
        int number = 0;
        for (Map.Entry<String, Weights> tensor : tensors.entrySet()) {
          if (number++ % files == i) {
            part.put(tensor.getKey(), tensor.getValue());
            map.put(tensor.getKey(), name);
          }
        }
        Files.write(folder.resolve(name), safetensors(part));
      }
      if (files > 1) {
        Files.write(
            folder.resolve("model.safetensors.index.json"), MAPPER.writeValueAsBytes(index));
      }
      return folder;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** The bytes of a file of F32 tensors. */
  static byte[] safetensors(Map<String, Weights> tensors) throws IOException {
    ObjectNode header = MAPPER.createObjectNode();
    header.putObject("__metadata__").put("format", "pt");
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (Map.Entry<String, Weights> tensor : tensors.entrySet()) {
      ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "F32");
      ArrayNode shape = entry.putArray("shape");
      tensor.getValue().shape().forEach(shape::add);
      float[] values = tensor.getValue().values();
      ArrayNode offsets = entry.putArray("data_offsets").add(data.size());
      ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values);
      data.write(bytes.array());
      offsets.add(data.size());
    }
    return file(MAPPER.writeValueAsBytes(header), data.toByteArray());
  }

  /** A file of a header and what follows it. */
  static byte[] file(byte[] header, byte[] data) {
    return ByteBuffer.allocate(8 + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .put(data)
        .array();
  }
}
