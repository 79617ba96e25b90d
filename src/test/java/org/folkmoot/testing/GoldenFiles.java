package org.folkmoot.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;

/** The goldens of {@code shared/models/golden}, each with its model's file. */
public final class GoldenFiles {
  private static final String SMOLLM2 = "smollm2-135m-instruct-Q4_1.greedy64.json";

  private GoldenFiles() {}

  /**
   * The goldens of the small models whose file is at hand, by name. The calling test is skipped
   * where the shared folder is absent; a golden without its model is left out, and said.
   */
  public static List<Golden> small() {
    Path folder = SharedModels.folder("golden");
    List<Golden> goldens = new ArrayList<>();
    for (Path json : list(folder, ".greedy40.json")) {
      JsonNode node = read(json);
      String file = node.required("model").asText();
      Optional<Path> model = find(folder.resolveSibling(""), file);
      if (model.isPresent()) {
        goldens.add(golden(json.getFileName().toString(), model.get(), node));
      } else {
        System.err.println("LEFT OUT: " + json.getFileName() + ": there is no " + file);
      }
    }
    return goldens;
  }

  /**
   * The file SmolLM2-135M-Instruct.Q4_1.gguf, which environment variable {@code FOLKMOOT_SMOLLM2}
   * names; where it names none, the calling test is skipped and says so.
   */
  public static Path smolLm2Model() {
    String named = System.getenv("FOLKMOOT_SMOLLM2");
    if (named == null) {
      String message =
          "SKIPPED: set FOLKMOOT_SMOLLM2 to the file SmolLM2-135M-Instruct.Q4_1.gguf to compare"
              + " with its goldens";
      System.err.println(message);
      Assumptions.abort(message);
    }
    return Path.of(named);
  }

  /** The goldens of SmolLM2-135M-Instruct Q4_1 for {@link #smolLm2Model}. */
  public static List<Golden> smolLm2() {
    return smolLm2(smolLm2Model());
  }

  /** The goldens of SmolLM2-135M-Instruct Q4_1 for the file given. */
  public static List<Golden> smolLm2(Path model) {
    JsonNode all = read(SharedModels.folder("golden").resolve(SMOLLM2));
    List<Golden> goldens = new ArrayList<>();
    for (JsonNode node : all) {
      goldens.add(golden("smollm2 " + goldens.size(), model, node));
    }
    return goldens;
  }

  private static Golden golden(String name, Path model, JsonNode node) {
    return new Golden(
        name,
        model,
        node.required("prompt").asText(),
        integers(node.required("prompt_ids")),
        integers(node.required("generated_ids")),
        node.required("text").asText(),
        numbers(node.path("margin")));
  }

  private static int[] integers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static double[] numbers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  private static JsonNode read(Path json) {
    try {
      return new ObjectMapper().readTree(json.toFile());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static Optional<Path> find(Path folder, String name) {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.filter(path -> path.endsWith(name)).findFirst();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static List<Path> list(Path folder, String suffix) {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.filter(path -> path.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
