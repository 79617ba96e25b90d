package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face folder ({@code config.json}, {@code tokenizer.json}, {@code *.safetensors}) to a
 * GGUF file. The same folder gives the same bytes, wherever and with however many threads.
 */
public final class HuggingFaceImport {
  private static final List<String> SMALL_FILES =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "chat_template.jinja");

  /** The longest templates have some 20 KB. */
  private static final long MAX_TEMPLATE = 1 << 20;

  /** How the names are spelled of models whose special tokens swallow white space. */
  private static final Pattern PHI3 = Pattern.compile("(?i)phi[- ]?3");

  private final Path folder;
  private final HfConfig config;
  private final JsonNode root;

  private HuggingFaceImport(Path folder) {
    this.folder = folder;
    this.root = Json.file(folder.resolve("config.json"));
    this.config = HfConfig.of(root);
  }

  /** Whether a path is a folder that such a model could be in. */
  public static boolean isFolder(Path path) {
    return Files.isDirectory(path) && Files.exists(path.resolve("config.json"));
  }

  /**
   * All files of a folder that decide what its conversion is.
   *
   * @throws FolkmootException NOT_FOUND if weights are missing
   */
  public static List<Path> files(Path folder) {
    List<Path> files = new ArrayList<>();
    SMALL_FILES.stream().map(folder::resolve).filter(Files::exists).forEach(files::add);
    files.addAll(SafetensorsFolder.files(folder));
    return files;
  }

  /**
   * Converts a folder; what was at {@code to} is replaced.
   *
   * @param recipe the formats; null to keep the floats as they are
   * @param progress told the share that is done, 0 to 1
   * @throws FolkmootException NOT_FOUND if a file is missing, BAD_FILE if files are damaged or
   *     contradict each other, UNSUPPORTED for what is not handled
   */
  public static void write(
      Path folder, Path to, @Nullable Recipe recipe, WorkerPool pool, DoubleConsumer progress)
      throws IOException {
    HuggingFaceImport one = new HuggingFaceImport(folder);
    try (SafetensorsFolder weights = SafetensorsFolder.open(folder)) {
      List<WeightSource> sources = HfWeights.of(one.config, weights.tensors());
      Recipe chosen = recipe != null ? recipe : Recipe.named(HfWeights.mostCommon(sources).name());
      GgufWriter writer = new GgufWriter();
      one.metadata(writer);
      new ConvertedFile(sources, chosen, pool, progress).write(writer, one.config.mixed(), to);
    }
  }

  private void metadata(GgufWriter writer) throws IOException {
    JsonNode settings = optional("tokenizer_config.json");
    HfTokenizer tokenizer =
        new HfTokenizer(Json.file(folder.resolve("tokenizer.json")), settings, config.vocabulary());
    config.putInto(writer, name(tokenizer.swallows()));
    tokenizer.putInto(writer, root, optional("generation_config.json"));
    Optional<String> template = template(settings);
    template.ifPresent(text -> writer.put("tokenizer.chat_template", text));
  }

  /**
   * The model's name: as its makers say, else what it is. Not as the folder is called: the same
   * model must give the same bytes wherever it lies. Phi-3's must say so, and no other's may:
   * nothing else in a GGUF file tells that special tokens swallow the space behind them.
   */
  private String name(boolean swallows) {
    String full = root.path("_name_or_path").asText("");
    String last = full.substring(full.lastIndexOf('/') + 1);
    String name = last.isBlank() ? config.describedName() : last;
    if (swallows) {
      return PHI3.matcher(name).find() ? name : "Phi-3 " + name;
    }
    return PHI3.matcher(name).find() ? config.describedName() : name;
  }

  private JsonNode optional(String name) {
    Path file = folder.resolve(name);
    return Files.exists(file) ? Json.file(file) : JsonNodeFactory.instance.objectNode();
  }

  private Optional<String> template(JsonNode settings) throws IOException {
    Path file = folder.resolve("chat_template.jinja");
    if (Files.exists(file)) {
      if (Files.size(file) > MAX_TEMPLATE) {
        throw new FolkmootException(BAD_FILE, "chat_template.jinja: it is too long");
      }
      return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    }
    JsonNode template = settings.path("chat_template");
    if (template.isTextual()) {
      return Optional.of(template.asText());
    }
    List<JsonNode> named = new ArrayList<>();
    template.forEach(named::add);
    return Stream.concat(
            named.stream().filter(one -> one.path("name").asText().equals("default")),
            named.stream())
        .map(one -> one.path("template").asText(""))
        .filter(text -> !text.isEmpty())
        .findFirst();
  }
}
