package org.folkmoot.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.TreeMap;
import org.folkmoot.base.Hash32;

/**
 * Names how tokens are chosen: SHA-256 over all settings that decide a token, and nothing else. The
 * history is no setting, and log-probabilities change no token.
 */
public final class SamplingHash {
  private static final byte[] CONTEXT = "folkmoot sampling/1\0".getBytes(US_ASCII);

  private SamplingHash() {}

  /**
   * The hash of these settings: the context, then temperature, top-k, top-p, min-p, repetition
   * penalty, its window (4 bytes each), seed (8), the number of biases (4), and for each, by
   * ascending id, id and bias (4 each). Little-endian; floats by their bits.
   */
  public static Hash32 of(Message.Sampling settings) {
    WireWriter w = new WireWriter(64).raw(CONTEXT);
    w.f32(settings.temperature()).i32(settings.topK()).f32(settings.topP()).f32(settings.minP());
    w.f32(settings.repeatPenalty()).i32(settings.repeatWindow()).i64(settings.seed());
    w.i32(settings.logitBias().size());
    new TreeMap<>(settings.logitBias()).forEach((id, bias) -> w.i32(id).f32(bias));
    return Hash32.sha256(w.toBytes());
  }
}
