package org.folkmoot.engine.model;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.Oracle;

/**
 * A whole model in the words of {@code docs/arithmetic.md}: one token after the other, one operator
 * of the {@link Oracle} after the other. It shares with the engine how a file is read, and nothing
 * of how it computes.
 */
final class OracleModel {
  private final GgufFile file;
  private final ModelConfig config;
  private final Map<String, byte[]> bytes = new HashMap<>();
  private final List<List<float[]>> keys = new ArrayList<>();
  private final List<List<float[]>> values = new ArrayList<>();

  OracleModel(GgufFile file, ModelConfig config) {
    this.file = file;
    this.config = config;
    for (int i = 0; i < config.layers() * config.kvHeads(); i++) {
      keys.add(new ArrayList<>());
      values.add(new ArrayList<>());
    }
  }

  /**
   * What the next id of the sequence becomes: its embedding, the hidden state after each layer, and
   * the logits.
   */
  List<float[]> next(int id) {
    List<float[]> states = new ArrayList<>();
    states.add(embed(id));
    for (int layer = 0; layer < config.layers(); layer++) {
      states.add(layer(layer, states.getLast()));
    }
    states.add(head(states.getLast()));
    return states;
  }

  private float[] embed(int id) {
    GgufTensor tensor = tensor("token_embd.weight");
    int at = Math.toIntExact(id * tensor.type().rowBytes(config.dim()));
    return Oracle.row(tensor.type(), bytes(tensor), at, config.dim());
  }

  private float[] layer(int layer, float[] x) {
    String block = "blk." + layer + ".";
    float[] normed = Oracle.rmsNorm(x, vector(block + "attn_norm.weight"), config.normEpsilon());
    float[] attended = attend(layer, normed);
    float[] y = add(x, multiply(block + "attn_output.weight", attended));

    normed = Oracle.rmsNorm(y, vector(block + "ffn_norm.weight"), config.normEpsilon());
    float[] gate = multiply(block + "ffn_gate.weight", normed);
    float[] up = multiply(block + "ffn_up.weight", normed);
    return add(y, multiply(block + "ffn_down.weight", Oracle.siluTimes(gate, up)));
  }

  private float[] attend(int layer, float[] x) {
    String block = "blk." + layer + ".";
    float[][] queries = heads(biased(block + "attn_q", x), config.heads());
    float[][] newKeys = heads(biased(block + "attn_k", x), config.kvHeads());
    float[][] newValues = heads(biased(block + "attn_v", x), config.kvHeads());
    float[] table = cosinesAndSines(keys.get(layer * config.kvHeads()).size());
    boolean halves = config.ropePairing() == ModelConfig.RopePairing.HALVES;
    for (int head = 0; head < config.kvHeads(); head++) {
      int cache = layer * config.kvHeads() + head;
      keys.get(cache).add(Oracle.rotate(newKeys[head], table, halves));
      values.get(cache).add(newValues[head]);
    }
    float scale = (float) (1 / Math.sqrt(config.headDim()));
    float[] out = new float[config.heads() * config.headDim()];
    for (int head = 0; head < config.heads(); head++) {
      int cache = layer * config.kvHeads() + head / config.group();
      float[] read =
          Oracle.attention(
              Oracle.rotate(queries[head], table, halves),
              keys.get(cache).toArray(new float[0][]),
              values.get(cache).toArray(new float[0][]),
              config.precision(),
              scale);
      System.arraycopy(read, 0, out, head * config.headDim(), config.headDim());
    }
    return out;
  }

  private float[] cosinesAndSines(int position) {
    boolean has = file.tensor("rope_freqs.weight").isPresent();
    double stretch =
        switch (config.ropeScaling()) {
          case RopeScaling.None() -> 1;
          case RopeScaling.Linear(double factor) -> factor;
        };
    return Oracle.cosinesAndSines(
        position,
        config.ropeDims(),
        config.ropeBase(),
        has ? vector("rope_freqs.weight") : new float[0],
        stretch);
  }

  private float[] head(float[] x) {
    boolean tied = file.tensor("output.weight").isEmpty();
    float[] normed = Oracle.rmsNorm(x, vector("output_norm.weight"), config.normEpsilon());
    return multiply(tied ? "token_embd.weight" : "output.weight", normed);
  }

  private float[] biased(String name, float[] x) {
    float[] y = multiply(name + ".weight", x);
    return file.tensor(name + ".bias").isPresent() ? add(y, vector(name + ".bias")) : y;
  }

  private float[][] heads(float[] x, int count) {
    float[][] heads = new float[count][];
    int n = config.headDim();
    Arrays.setAll(heads, head -> Arrays.copyOfRange(x, head * n, (head + 1) * n));
    return heads;
  }

  private static float[] add(float[] a, float[] b) {
    float[] sum = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }

  private float[] multiply(String name, float[] x) {
    GgufTensor tensor = tensor(name);
    return Oracle.multiply(tensor.type(), bytes(tensor), Math.toIntExact(tensor.rows()), x);
  }

  private float[] vector(String name) {
    GgufTensor tensor = tensor(name);
    return Oracle.row(tensor.type(), bytes(tensor), 0, Math.toIntExact(tensor.columns()));
  }

  private GgufTensor tensor(String name) {
    return file.tensor(name).orElseThrow();
  }

  private byte[] bytes(GgufTensor tensor) {
    return bytes.computeIfAbsent(
        tensor.name(), _ -> file.data(tensor).toArray(ValueLayout.JAVA_BYTE));
  }
}
