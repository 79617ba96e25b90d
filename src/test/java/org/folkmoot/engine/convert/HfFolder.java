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
import java.util.Arrays;
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

  /** A tensor as safetensors has it: the row length last. */
  record Weights(List<Long> shape, float[] values) {}

  final Map<String, Weights> tensors = new LinkedHashMap<>();
  final ObjectNode config = MAPPER.createObjectNode();
  final ObjectNode tokenizer = MAPPER.createObjectNode();
  final ObjectNode settings = MAPPER.createObjectNode();

  /** The folder of a Llama model of floats. */
  public static HfFolder of(Path gguf) {
    return of(gguf, "llama");
  }

  /**
   * The folder of a model of floats of some family, which writes its file as transformers 4 does.
   *
   * @param modelType transformers' name of the family
   */
  static HfFolder of(Path gguf, String modelType) {
    try (GgufFile file = GgufFile.open(gguf)) {
      HfFolder folder = new HfFolder();
      HfFamilyConfig.of(file, modelType).putInto(folder.config);
      folder.readTokenizer(file.metadata());
      HfNames names = new HfNames(modelType);
      for (GgufTensor tensor : file.tensors().values()) {
        if (!tensor.name().startsWith("rope_")) {
          folder.readTensor(file, tensor, names);
        }
      }
      return folder;
    }
  }

  /** The same as transformers 5 writes it: all about positions in one place. */
  HfFolder newer() {
    HfFamilyConfig.toNewer(config);
    return this;
  }

  /** The same as the text part of a model that sees. */
  HfFolder within(String outerType) {
    ObjectNode text = config.deepCopy();
    config.removeAll();
    config.put("model_type", outerType).set("text_config", text);
    Map<String, Weights> inner = new LinkedHashMap<>(tensors);
    tensors.clear();
    inner.forEach((name, weights) -> tensors.put("language_model." + name, weights));
    tensors.put("vision_tower.patch.weight", new Weights(List.of(2L, 2L), new float[4]));
    tensors.put("multi_modal_projector.norm.weight", new Weights(List.of(2L), new float[2]));
    return this;
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

  private void readTensor(GgufFile file, GgufTensor tensor, HfNames names) {
    double[] exact = Dequantiser.all(file, tensor);
    float[] values = new float[exact.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) exact[i] - (float) names.added(tensor.name());
    }
    if (names.turnsHalves() && tensor.name().matches("blk\\.[0-9]+\\.attn_[qk]\\..*")) {
      int columns = tensor.shape().size() == 1 ? 1 : Math.toIntExact(tensor.columns());
      values = apart(values, columns, config.path("head_dim").asInt());
    }
    List<String> parts = names.of(tensor.name());
    boolean stacked = parts.size() > 1;
    List<Long> shape = stacked ? tensor.shape().subList(0, 2) : tensor.shape();
    int length = values.length / parts.size();
    for (int i = 0; i < parts.size(); i++) {
      float[] part = Arrays.copyOfRange(values, i * length, (i + 1) * length);
      tensors.put(parts.get(i), new Weights(shape.reversed(), part));
    }
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
