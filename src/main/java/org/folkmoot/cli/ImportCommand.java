package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.convert.HuggingFaceImport;
import org.folkmoot.engine.convert.Recipe;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Converts a Hugging Face folder and keeps it as a model. */
@Command(
    name = "import",
    description = {
      "Convert a Hugging Face folder (config.json, tokenizer.json, *.safetensors) to a model here.",
      "The same folder gives the same bytes on every machine, so others can confirm the model by"
          + " its hash."
    })
final class ImportCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(paramLabel = "DIR", description = "The folder.")
  private Path folder;

  @Option(
      names = "--quantize",
      paramLabel = "TYPE",
      description = "Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q4_0, …; without it the floats stay as they are.")
  private @Nullable String type;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "What to call it here; without it, as the folder is called.")
  private @Nullable String name;

  @Mixin private JsonOption json;

  ImportCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    if (!HuggingFaceImport.isFolder(folder)) {
      throw new FolkmootException(
          BAD_REQUEST,
          folder
              + " is no folder with a config.json: name the folder of a Hugging Face model (a GGUF"
              + " file needs no import: 'folkmoot pull ./FILE.gguf')");
    }
    Recipe recipe = type == null ? null : Recipe.named(type);
    String wanted = name == null ? ImportedFolders.nameOf(folder, recipe) : name;
    StoredModel model = ImportedFolders.convert(surroundings, folder, recipe, wanted);
    Models.sayHere(surroundings, json, model, model.sha256());
    return ExitStatus.OK;
  }
}
