package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.ByteCount;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.convert.GgufQuantiser;
import org.folkmoot.engine.convert.Recipe;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.WorkerPool;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a smaller model file of one of floats. */
@Command(
    name = "quantize",
    description = {
      "Make a model file of a smaller number format.",
      "The same input gives the same bytes on every machine, so others can confirm a file by"
          + " its hash."
    })
final class QuantizeCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(index = "0", paramLabel = "IN.gguf", description = "A file in F32, F16 or BF16.")
  private Path in;

  @Parameters(index = "1", paramLabel = "OUT.gguf", description = "The file to write.")
  private Path out;

  @Option(
      names = "--type",
      required = true,
      paramLabel = "TYPE",
      description = "Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q4_0, …")
  private String type;

  @Option(names = "--threads", paramLabel = "N", description = "Threads that compute.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--force", description = "Replace OUT.gguf if it is there.")
  private boolean force;

  @Mixin private JsonOption json;

  QuantizeCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Recipe recipe = Recipe.named(type);
    if (threads < 1) {
      throw new FolkmootException(BAD_REQUEST, "--threads must be at least 1");
    }
    if (Files.exists(out) && !force) {
      throw new FolkmootException(
          BAD_REQUEST, out + " is there already: take another name, or --force to replace it");
    }
    String hash;
    long size;
    try {
      Path folder = out.toAbsolutePath().getParent();
      Path fresh = Files.createTempFile(folder, ".quantize-", ".gguf");
      try (GgufFile file = GgufFile.open(in);
          WorkerPool pool = new WorkerPool(threads);
          ConversionBar bar = new ConversionBar(surroundings, "quantizing ", Files.size(in))) {
        GgufQuantiser.write(file, fresh, recipe, pool, bar);
        hash = Models.hashOf(fresh);
        size = Files.size(fresh);
        Files.move(fresh, out, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "cannot write "
              + out
              + ": "
              + failed.getMessage()
              + "; choose another place, or free some space",
          failed);
    }
    report(hash, size);
    return ExitStatus.OK;
  }

  private void report(String hash, long size) {
    Console console = surroundings.console();
    if (json.isWished()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("file", out.toString());
      fields.put("sha256", hash);
      fields.put("size", size);
      JsonOutput.print(console, fields);
    } else {
      console
          .out()
          .println(
              console.outStyle().strong(out.toString())
                  + ": "
                  + ByteCount.text(size)
                  + ", sha256 "
                  + hash);
    }
  }
}
