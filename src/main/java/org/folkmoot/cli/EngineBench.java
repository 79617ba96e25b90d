package org.folkmoot.cli;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.Step;

/** Times a model's passes: prefill of a prompt, decode of an answer, decode of several at once. */
final class EngineBench {
  /** Tokens of a prefill pass, as the scheduler makes them. */
  private static final int CHUNK = 256;

  /** Tokens of an answer. */
  static final int DECODED = 64;

  private final SpanModel model;
  private final LongSupplier nanoTime;

  EngineBench(SpanModel model, LongSupplier nanoTime) {
    this.model = model;
    this.nanoTime = nanoTime;
  }

  /** Tokens per second of a prompt, from an empty cache to the logits of its last token. */
  double prefill(int tokens) {
    try (KvPool pool = pool(tokens, 1);
        KvCache cache = new KvCache(pool)) {
      long start = nanoTime.getAsLong();
      feed(cache, tokens);
      return tokens / seconds(start);
    }
  }

  /** Tokens per second of an answer after a prompt of eight tokens. */
  double decode() {
    return decode(8, 1);
  }

  /** The same after a longer prompt. */
  double decodeBehind(int positions) {
    return decode(positions, 1);
  }

  /** Tokens per second of several answers that share passes, all together. */
  double decodeTogether(int sequences) {
    return decode(8, sequences);
  }

  private double decode(int prompt, int sequences) {
    try (KvPool pool = pool(prompt + DECODED, sequences)) {
      KvCache[] caches = new KvCache[sequences];
      for (int i = 0; i < sequences; i++) {
        caches[i] = new KvCache(pool);
        feed(caches[i], prompt);
      }
      long start = nanoTime.getAsLong();
      for (int n = 0; n < DECODED; n++) {
        int id = id(n);
        model.forward(
            Arrays.stream(caches)
                .map(cache -> Step.ofIds(cache, new int[] {id}, Step.Wanted.LAST))
                .toList());
      }
      return (double) DECODED * sequences / seconds(start);
    }
  }

  private KvPool pool(int tokens, int sequences) {
    return model.newKvPool(
        model.config().kvLayout(model.span().layerCount()).pageBytes()
            * (tokens / 64 + 1L)
            * sequences);
  }

  private void feed(KvCache cache, int tokens) {
    for (int from = 0; from < tokens; from += CHUNK) {
      int count = Math.min(CHUNK, tokens - from);
      int[] ids = new int[count];
      for (int i = 0; i < count; i++) {
        ids[i] = id(from + i);
      }
      boolean last = from + count == tokens;
      model.forward(List.of(Step.ofIds(cache, ids, last ? Step.Wanted.LAST : Step.Wanted.NOTHING)));
    }
  }

  private int id(int n) {
    return (n * 37 + 11) % model.config().vocabulary();
  }

  private double seconds(long start) {
    return (nanoTime.getAsLong() - start) / 1e9;
  }
}
