package org.folkmoot.cli;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufStrings;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.TensorType;

/**
 * What a model file says of itself. Its strings are foreign: show them through {@link PlainText}.
 *
 * @param architecture the family, {@code llama}
 * @param parameters how many weights
 * @param quantisation the number formats by their share of the bytes, the biggest first
 * @param contextLength how many tokens it was made for; 0 if it doesn't say
 * @param layers how many; 0 if it doesn't say
 * @param embeddingLength the width of the hidden state; 0 if it doesn't say
 * @param vocabulary how many tokens it knows; 0 if it has none
 * @param licence what the file names; empty if nothing
 * @param template the chat template; empty if there is none
 */
record ModelSummary(
    String architecture,
    long parameters,
    String quantisation,
    long contextLength,
    long layers,
    long embeddingLength,
    long vocabulary,
    String licence,
    String template) {
  /** Reads a file's metadata and the shapes of its tensors; no weights. */
  static ModelSummary of(GgufFile file) {
    GgufMetadata metadata = file.metadata();
    String architecture = metadata.string("general.architecture").orElse("unknown");
    long parameters = 0;
    Map<TensorType, Long> bytes = new EnumMap<>(TensorType.class);
    for (GgufTensor tensor : file.tensors().values()) {
      parameters += tensor.elements();
      bytes.merge(tensor.type(), tensor.bytes(), Long::sum);
    }
    return new ModelSummary(
        architecture,
        parameters,
        quantisation(bytes),
        metadata.integer(architecture + ".context_length").orElse(0),
        metadata.integer(architecture + ".block_count").orElse(0),
        metadata.integer(architecture + ".embedding_length").orElse(0),
        metadata.packedStrings("tokenizer.ggml.tokens").map(GgufStrings::size).orElse(0),
        metadata.string("general.license").orElse(""),
        metadata.string("tokenizer.chat_template").orElse(""));
  }

  private static String quantisation(Map<TensorType, Long> bytes) {
    long all = bytes.values().stream().mapToLong(Long::longValue).sum();
    return bytes.entrySet().stream()
        .sorted(Map.Entry.<TensorType, Long>comparingByValue().reversed())
        .map(e -> e.getKey() + (bytes.size() == 1 ? "" : share(e.getValue(), all)))
        .collect(Collectors.joining(", "));
  }

  private static String share(long part, long all) {
    long percent = Math.round(100.0 * part / all);
    return percent == 0 ? " (<1%)" : " (" + percent + "%)";
  }
}
