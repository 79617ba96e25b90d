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
    float[] row = Oracle.row(tensor.type(), bytes(tensor), at, config.dim());
    return scaled(row, config.scales().embedding());
  }

  private static float[] scaled(float[] x, float by) {
    return by == 1 ? x : Oracle.scale(x, by);
  }

  private float[] layer(int layer, float[] x) {
    String block = "blk." + layer + ".";
    boolean post = config.parts().postNorms();
    float[] attended = biased(block + "attn_output", attend(layer, read(x, block + "attn_norm")));
    float residual = config.scales().residual();
    float[] behind = post ? norm(attended, block + "post_attention_norm") : attended;
    float[] y = add(x, scaled(behind, residual));

    boolean odd = config.architecture().equals("gpt-oss");
    float[] normed = read(y, block + (odd ? "post_attention_norm" : "ffn_norm"));
    float[] fed = config.experts().any() ? mixture(block, normed) : plain(block, normed);
    return add(y, scaled(post ? norm(fed, block + "post_ffw_norm") : fed, residual));
  }

  private float[] read(float[] x, String name) {
    return config.parts().preNorms() ? norm(x, name) : x;
  }

  private float[] norm(float[] x, String name) {
    return Oracle.rmsNorm(x, vector(name + ".weight"), config.normEpsilon());
  }

  private float[] plain(String block, float[] x) {
    if (config.parts().fusedGateUp()) {
      float[] both = multiply(block + "ffn_up.weight", x);
      float[] gate = Arrays.copyOf(both, config.ffn());
      float[] up = Arrays.copyOfRange(both, config.ffn(), 2 * config.ffn());
      return multiply(block + "ffn_down.weight", activated(gate, up));
    }
    return network(block + "ffn_gate", block + "ffn_up", block + "ffn_down", x, 0, 1);
  }

  private float[] activated(float[] gate, float[] up) {
    return switch (config.parts().activation()) {
      case SILU -> Oracle.siluTimes(gate, up);
      case GELU -> Oracle.geluTimes(gate, up);
      case CLAMPED_SILU -> Oracle.clampedSiluTimes(gate, up);
    };
  }

  /** One of {@code of} networks whose matrices are stacked in tensors. */
  private float[] network(String gate, String up, String down, float[] x, int which, int of) {
    float[] inner = activated(part(gate, x, which, of), part(up, x, which, of));
    return part(down, inner, which, of);
  }

  private float[] part(String name, float[] x, int which, int of) {
    GgufTensor tensor = tensor(name + ".weight");
    byte[] all = bytes(tensor);
    int length = all.length / of;
    byte[] own = Arrays.copyOfRange(all, which * length, (which + 1) * length);
    float[] y = Oracle.multiply(tensor.type(), own, Math.toIntExact(tensor.rows() / of), x);
    return of > 1 && file.tensor(name + ".bias").isPresent()
        ? add(y, row(name + ".bias", which))
        : y;
  }

  private float[] mixture(String block, float[] x) {
    Experts experts = config.experts();
    float[] logits = new float[experts.count()];
    for (int e = 0; e < logits.length; e++) {
      logits[e] = Oracle.dot(row(block + "ffn_gate_inp.weight", e), x);
    }
    if (file.tensor(block + "ffn_gate_inp.bias").isPresent()) {
      logits = add(logits, vector(block + "ffn_gate_inp.bias"));
    }
    int[] chosen = Oracle.chosen(logits, experts.used());
    float[] weights = Oracle.weights(logits, chosen, experts.normalised());
    float[] sum = new float[config.dim()];
    for (int i = 0; i < chosen.length; i++) {
      sum = Oracle.addWeighted(sum, weights[i], expert(block, x, chosen[i]));
    }
    if (experts.sharedFfn() > 0) {
      float gate = Oracle.dot(row(block + "ffn_gate_inp_shexp.weight", 0), x);
      float[] shared =
          network(
              block + "ffn_gate_shexp", block + "ffn_up_shexp", block + "ffn_down_shexp", x, 0, 1);
      sum = Oracle.addWeighted(sum, Oracle.sharedWeight(gate), shared);
    }
    return sum;
  }

  private float[] expert(String block, float[] x, int e) {
    return file.tensor(block + "ffn_gate_exps.weight").isPresent()
        ? network(
            block + "ffn_gate_exps",
            block + "ffn_up_exps",
            block + "ffn_down_exps",
            x,
            e,
            config.experts().count())
        : network(block + "ffn_gate." + e, block + "ffn_up." + e, block + "ffn_down." + e, x, 0, 1);
  }

  private float[] row(String name, int row) {
    GgufTensor tensor = tensor(name);
    int columns = Math.toIntExact(tensor.columns());
    int at = Math.toIntExact(row * tensor.type().rowBytes(columns));
    return Oracle.row(tensor.type(), bytes(tensor), at, columns);
  }

  private float[] attend(int layer, float[] x) {
    String block = "blk." + layer + ".";
    int kv = config.kvHeads() * config.headDim();
    int q = config.heads() * config.headDim();
    float[][] queries;
    float[][] newKeys;
    float[][] newValues;
    if (config.parts().fusedAttention()) {
      float[] all = biased(block + "attn_qkv", x);
      queries = heads(all, config.heads());
      newKeys = heads(Arrays.copyOfRange(all, q, q + kv), config.kvHeads());
      newValues = heads(Arrays.copyOfRange(all, q + kv, q + 2 * kv), config.kvHeads());
    } else {
      queries =
          heads(wholeNorm(biased(block + "attn_q", x), block + "attn_q_norm"), config.heads());
      newKeys =
          heads(wholeNorm(biased(block + "attn_k", x), block + "attn_k_norm"), config.kvHeads());
      newValues = heads(biased(block + "attn_v", x), config.kvHeads());
    }
    if (config.parts().qkNorm() == ModelConfig.QkNorm.HEADS) {
      Arrays.setAll(queries, i -> norm(queries[i], block + "attn_q_norm"));
      Arrays.setAll(newKeys, i -> norm(newKeys[i], block + "attn_k_norm"));
    }
    Rope rope = config.rope(layer);
    float[] table = cosinesAndSines(rope, keys.get(layer * config.kvHeads()).size());
    for (int head = 0; head < config.kvHeads(); head++) {
      int cache = layer * config.kvHeads() + head;
      keys.get(cache).add(turned(layer, newKeys[head], table, rope));
      values.get(cache).add(newValues[head]);
    }
    float[] out = new float[config.heads() * config.headDim()];
    for (int head = 0; head < config.heads(); head++) {
      int cache = layer * config.kvHeads() + head / config.group();
      float[] read =
          Oracle.attention(
              turned(layer, queries[head], table, rope),
              keys.get(cache).toArray(new float[0][]),
              values.get(cache).toArray(new float[0][]),
              config.precision(),
              config.scales().attention(),
              config.scales().attentionCap(),
              config.window().reach(layer),
              config.parts().sinks()
                  ? vector(block + "attn_sinks.weight")[head]
                  : Float.NEGATIVE_INFINITY);
      System.arraycopy(read, 0, out, head * config.headDim(), config.headDim());
    }
    return out;
  }

  private float[] wholeNorm(float[] x, String name) {
    return config.parts().qkNorm() == ModelConfig.QkNorm.WHOLE ? norm(x, name) : x;
  }

  private float[] turned(int layer, float[] head, float[] table, Rope rope) {
    return config.parts().turns(layer) ? Oracle.rotate(head, table, rope.halves()) : head;
  }

  private float[] cosinesAndSines(Rope rope, int position) {
    boolean has = file.tensor(rope.factors()).isPresent() && rope.equals(config.rope());
    double[] frequencies = rope.frequencies(has ? vector(rope.factors()) : new float[0]);
    RopeScaling scaling = rope.scaling();
    return Oracle.cosinesAndSines(position, frequencies, scaling.stretch(), scaling.magnitude());
  }

  private float[] head(float[] x) {
    boolean tied = file.tensor("output.weight").isEmpty();
    float[] normed = norm(x, "output_norm");
    float[] logits =
        scaled(
            multiply(tied ? "token_embd.weight" : "output.weight", normed),
            config.scales().logits());
    float cap = config.scales().logitCap();
    return cap > 0 ? Oracle.cap(logits, cap) : logits;
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
