package org.folkmoot.engine.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.WorkerPool;

/**
 * A program for a JVM of its own: fills a model's whole context, in passes of 256 tokens and then
 * of 100, and prints the most memory that was resident, what the cache and the file take of it, and
 * whether both ways gave the same logits.
 */
final class LongContext {
  /** What is generated at the end. */
  static final int ANSWER = 64;

  private LongContext() {}

  /** Prints {@code peak=BYTES cache=BYTES file=BYTES tokens=N same=BOOLEAN}. */
  public static void main(String[] arguments) throws IOException {
    Path path = Path.of(arguments[0]);
    int tokens = Integer.parseInt(arguments[1]);
    try (GgufFile file = GgufFile.open(path);
        WorkerPool workers = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file);
      int[] prompt =
          new SplittableRandom(8).ints(tokens - ANSWER, 0, config.vocabulary()).toArray();
      try (SpanModel model = SpanModel.load(file, config, Span.whole(config), workers, _ -> {})) {
        long cache = new KvPlan(config, model.span()).bytes(tokens);
        boolean same = true;
        float[] first = {};
        for (int chunk : new int[] {256, 100}) {
          try (KvPool pool = model.newKvPool(cache);
              KvCache sequence = new KvCache(pool)) {
            float[] last = run(model, sequence, prompt, chunk);
            same &= first.length == 0 || Arrays.equals(first, last);
            first = last;
          }
        }
        System.out.printf(
            "peak=%d cache=%d file=%d tokens=%d same=%b%n",
            peak(), cache, Files.size(path), tokens, same);
      }
    }
  }

  /** The logits behind the last token. */
  private static float[] run(SpanModel model, KvCache sequence, int[] prompt, int chunk) {
    float[] logits = {};
    for (int at = 0; at < prompt.length; at += chunk) {
      int[] part = Arrays.copyOfRange(prompt, at, Math.min(at + chunk, prompt.length));
      logits = model.forward(List.of(Step.ofIds(sequence, part, Step.Wanted.LAST)));
    }
    for (int i = 0; i < ANSWER; i++) {
      int best = 0;
      for (int id = 1; id < logits.length; id++) {
        best = logits[id] > logits[best] ? id : best;
      }
      logits = model.forward(List.of(Step.ofIds(sequence, new int[] {best}, Step.Wanted.LAST)));
    }
    return logits;
  }

  /** The most bytes that were resident so far, as Linux counts them. */
  private static long peak() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return -1;
  }
}
