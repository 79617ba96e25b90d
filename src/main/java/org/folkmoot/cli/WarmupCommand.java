package org.folkmoot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolderTree;
import org.folkmoot.engine.model.RandomModel;
import org.folkmoot.engine.tokenizer.PlainVocabulary;
import org.folkmoot.kernel.TensorType;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The training run of the launcher's archive (JEP 514, JEP 350): takes the ways through the code
 * whose classes a cold start should find ready. It prints nothing and keeps nothing.
 */
@Command(name = "warmup", hidden = true, description = "Train the launcher's class archive.")
final class WarmupCommand implements Callable<Integer> {
  /** How names of folders begin that are to be gone afterwards, before the process. */
  static final String FOLDER = "folkmoot-warmup-";

  private final Surroundings surroundings;

  WarmupCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws IOException {
    for (String name : Commands.NAMES) {
      Object command = Commands.create(name, surroundings);
      if (command != null) {
        new CommandLine(command).usage(new PrintWriter(Writer.nullWriter()));
      }
    }
    return answer();
  }

  /** Asks a small model that knows nothing, as a person would ask. */
  private int answer() throws IOException {
    Path folder = Files.createTempDirectory(FOLDER + ProcessHandle.current().pid() + "-");
    try {
      Path model = folder.resolve("random.gguf");
      RandomModel shape = RandomModel.TINY;
      shape.write(
          model,
          TensorType.Q4_1,
          TensorType.Q8_0,
          1,
          writer -> PlainVocabulary.put(writer, shape.vocabulary()));
      return Main.run(
          elsewhere(folder), "run", model.toString(), "Why is the sky blue?", "--max-tokens", "64");
    } finally {
      FolderTree.delete(folder);
    }
  }

  private Surroundings elsewhere(Path home) {
    PrintStream silence = new PrintStream(OutputStream.nullOutputStream());
    return new Surroundings(
        new Console(silence, silence, true, true, true, () -> 80),
        InputStream.nullInputStream(),
        Map.of("FOLKMOOT_HOME", home.toString()),
        surroundings.clock());
  }
}
