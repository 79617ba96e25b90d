import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import java.io.File;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/** Quantises a folder to Jlama's Q4, and measures it: {@code FOLDER QUANTISED ROUNDS THREADS}. */
public final class JlamaBench {
  private static final int PROMPT = 128;
  private static final int ANSWER = 48;

  private JlamaBench() {}

  public static void main(String[] args) throws Exception {
    Path quantised = Path.of(args[1]);
    SafeTensorSupport.quantizeModel(
        Path.of(args[0]), DType.Q4, new String[] {"norm"}, new String[0], Optional.of(quantised));
    AbstractModel model =
        ModelSupport.loadModel(
            quantised.toFile(),
            null,
            DType.F32,
            DType.I8,
            Optional.empty(),
            Optional.of(Integer.parseInt(args[3])));
    for (int round = 0; round < Integer.parseInt(args[2]); round++) {
      // The made-up vocabulary has a token for each byte: so many characters are so many tokens.
      var said =
          model.generate(
              UUID.randomUUID(),
              PromptContext.of("a".repeat(PROMPT - 1)),
              0f,
              PROMPT + ANSWER,
              (text, seconds) -> {});
      System.out.printf(
          "prompt of %d: %.1f tokens/s, decode of %d: %.1f tokens/s%n",
          said.promptTokens,
          said.promptTokens * 1000.0 / said.promptTimeMs,
          said.generatedTokens,
          said.generatedTokens * 1000.0 / said.generateTimeMs);
    }
    System.exit(0);
  }
}
