package org.folkmoot.simulation;

import java.util.Arrays;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;

/**
 * A model of hashes instead of weights. As in a transformer each layer's output at a position
 * depends on that layer's inputs at all positions before, so one that is wrong, missing, doubled or
 * out of order changes everything behind it; and it costs next to nothing.
 *
 * @param seed its "weights"
 * @param layers how many
 * @param vocabulary number of token ids
 * @param habit of 4 tokens how many follow from the one before alone, which makes answers repeat
 *     themselves and drafts come true
 */
record FakeModel(long seed, int layers, int vocabulary, int habit) {
  /** Numbers of a hidden state: the token's id, which all layers pass on, and 72 bits of hash. */
  static final int DIM = 4;

  /** What the network calls it. */
  ModelId id() {
    byte[] bytes = new byte[Hash32.BYTES];
    Arrays.fill(bytes, (byte) Simulation.mix(seed));
    return new ModelId(Hash32.of(bytes));
  }

  /** The right answer: what one machine with all layers says. */
  int[] answer(int[] prompt, SamplerSettings settings, int maxTokens) {
    Sampler sampler = new Sampler(settings);
    Sequence sequence = new Sequence(LayerRange.whole(layers));
    int[] ids = Arrays.copyOf(prompt, prompt.length + maxTokens);
    float[] state = sequence.compute(prompt.length, prompt, new float[0]);
    for (int length = prompt.length; length < ids.length; length++) {
      float[] logits = logits(state, state.length / DIM - 1);
      ids[length] = sampler.next(logits, 0, vocabulary, ids, length);
      state = sequence.compute(1, new int[] {ids[length]}, new float[0]);
    }
    return Arrays.copyOfRange(ids, prompt.length, ids.length);
  }

  /** The logits behind one of some hidden states. */
  float[] logits(float[] hidden, int token) {
    long hash = hash(seed ^ layers, hidden, token);
    float[] logits = new float[vocabulary];
    for (int id = 0; id < vocabulary; id++) {
      logits[id] = 8 * fraction(Simulation.mix(hash + id));
    }
    if ((hash & 3) < habit) {
      logits[(int) (7 * hidden[token * DIM] + 3) % vocabulary] += 8;
    }
    return logits;
  }

  private static long hash(long from, float[] hidden, int token) {
    long hash = from;
    for (int d = 0; d < DIM; d++) {
      hash = Simulation.mix(hash ^ Float.floatToRawIntBits(hidden[token * DIM + d]));
    }
    return hash;
  }

  private static float fraction(long hash) {
    return (hash >>> 40) * 0x1p-24f;
  }

  /** One session's way through some layers: for each layer and position a hash of all inputs. */
  final class Sequence {
    private final LayerRange range;
    private final long[][] memory;
    private int length;

    Sequence(LayerRange range) {
      this.range = range;
      memory = new long[range.layers()][16];
    }

    int length() {
      return length;
    }

    void truncate(int positions) {
      if (positions < 0 || positions > length) {
        throw new IllegalStateException("cannot cut " + length + " positions to " + positions);
      }
      length = positions;
    }

    /** The next tokens: by ids if the range embeds, else by hidden states. */
    float[] compute(int tokens, int[] ids, float[] hidden) {
      if (range.embeds() ? ids.length != tokens : hidden.length != tokens * DIM) {
        throw new IllegalStateException("inputs that are not " + tokens + " tokens");
      }
      float[] states = range.embeds() ? embed(ids) : hidden.clone();
      for (int layer = 0; layer < memory.length; layer++) {
        if (memory[layer].length < length + tokens) {
          memory[layer] = Arrays.copyOf(memory[layer], 2 * (length + tokens));
        }
        for (int token = 0; token < tokens; token++) {
          apply(layer, length + token, states, token);
        }
      }
      length += tokens;
      return states;
    }

    private float[] embed(int[] ids) {
      float[] states = new float[ids.length * DIM];
      for (int i = 0; i < ids.length; i++) {
        if (ids[i] < 0 || ids[i] >= vocabulary) {
          throw new IllegalStateException("there is no token " + ids[i]);
        }
        states[i * DIM] = ids[i];
      }
      return states;
    }

    private void apply(int layer, int position, float[] states, int token) {
      long before = position == 0 ? seed ^ (range.from() + layer) : memory[layer][position - 1];
      long hash = hash(before, states, token);
      memory[layer][position] = hash;
      for (int d = 1; d < DIM; d++) {
        states[token * DIM + d] = fraction(Simulation.mix(hash + d));
      }
    }
  }
}
