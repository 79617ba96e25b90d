package org.folkmoot.testing;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * What another engine answered, always taking the likeliest token.
 *
 * @param name for messages
 * @param model the file it used
 * @param prompt the prompt
 * @param promptIds the prompt's ids, begin-of-sequence included
 * @param generatedIds the answer's ids
 * @param text the answer
 * @param margins for each step how much likelier, in log-probability, the first choice was than the
 *     second; empty where the other engine did not say
 */
public record Golden(
    String name,
    Path model,
    String prompt,
    int[] promptIds,
    int[] generatedIds,
    String text,
    double[] margins) {

  /** Whether the model's weights are floats, so that engines must agree but for rounding. */
  public boolean isFloat() {
    return model.getFileName().toString().matches(".*-(f32|F32|F16|BF16)\\.gguf");
  }

  /** All ids but the last: what a model is fed to predict each generated id. */
  public int[] fed() {
    int[] ids = Arrays.copyOf(promptIds, promptIds.length + generatedIds.length - 1);
    System.arraycopy(generatedIds, 0, ids, promptIds.length, generatedIds.length - 1);
    return ids;
  }

  /** The margin of a step, where it is known. */
  public OptionalDouble margin(int step) {
    return margins.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(margins[step]);
  }

  @Override
  public String toString() {
    return name;
  }
}
