package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.folkmoot.base.FolkmootException;

/** All tensors of a folder: in {@code model.safetensors}, or in the files that its index names. */
final class SafetensorsFolder implements AutoCloseable {
  private static final String ONE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /** The largest models come in some 200 files. */
  private static final int MAX_FILES = 4096;

  private final List<SafetensorsFile> files = new ArrayList<>();
  private final Map<String, SafetensorsFile.Tensor> tensors = new LinkedHashMap<>();

  private SafetensorsFolder() {}

  /** The weight files of a folder, without a look into them. */
  static List<Path> files(Path folder) {
    Path index = folder.resolve(INDEX);
    if (!Files.exists(index)) {
      Path one = folder.resolve(ONE);
      if (!Files.exists(one)) {
        throw new FolkmootException(
            NOT_FOUND,
            "the folder has neither "
                + ONE
                + " nor "
                + INDEX
                + ": it is not a whole Hugging Face model, download all of its files");
      }
      return List.of(one);
    }
    List<Path> files = new ArrayList<>();
    for (String name : names(Json.file(index))) {
      Path file = folder.resolve(name);
      if (!Files.exists(file)) {
        throw new FolkmootException(
            NOT_FOUND,
            "the folder has no "
                + Json.shown(name)
                + ", which its index names: the download is not complete");
      }
      files.add(file);
    }
    return files;
  }

  private static Set<String> names(JsonNode index) {
    Set<String> names = new TreeSet<>();
    for (JsonNode file : index.path("weight_map")) {
      String name = file.asText();
      if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\\.safetensors")) {
        throw new FolkmootException(
            BAD_FILE, INDEX + ": it names a file '" + Json.shown(name) + "', which cannot be one");
      }
      names.add(name);
    }
    if (names.isEmpty() || names.size() > MAX_FILES) {
      throw new FolkmootException(BAD_FILE, INDEX + ": it names " + names.size() + " files");
    }
    return names;
  }

  /**
   * Opens all files.
   *
   * @throws FolkmootException NOT_FOUND if one is missing, BAD_FILE if they contradict the index
   */
  static SafetensorsFolder open(Path folder) {
    SafetensorsFolder opened = new SafetensorsFolder();
    try {
      for (Path path : files(folder)) {
        SafetensorsFile file = SafetensorsFile.open(path);
        opened.files.add(file);
        file.tensors()
            .forEach((name, tensor) -> {
              if (opened.tensors.putIfAbsent(name, tensor) != null) {
                throw new FolkmootException(
                    BAD_FILE, "tensor '" + Json.shown(name) + "' is in two files of the folder");
              }
            });
      }
      opened.requireIndexed(folder);
      return opened;
    } catch (RuntimeException | Error failed) {
      opened.close();
      throw failed;
    }
  }

  private void requireIndexed(Path folder) {
    Path index = folder.resolve(INDEX);
    if (!Files.exists(index)) {
      return;
    }
    JsonNode map = Json.file(index).path("weight_map");
    map.fieldNames()
        .forEachRemaining(name -> {
          if (!tensors.containsKey(name)) {
            throw new FolkmootException(
                BAD_FILE,
                "the index names a tensor '"
                    + Json.shown(name)
                    + "', which no file has: the folder is a mixture, download it again");
          }
        });
  }

  /** All tensors by name. */
  Map<String, SafetensorsFile.Tensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }
}
