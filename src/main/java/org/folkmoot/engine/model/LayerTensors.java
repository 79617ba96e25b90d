package org.folkmoot.engine.model;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.engine.gguf.GgufFile;

/**
 * Where a layer's weights are in a file: which rows of which tensor. Some families keep several
 * matrices in one tensor, one below the other, and the experts of a layer are one, too.
 */
final class LayerTensors {
  /**
   * Some rows of a tensor, or all.
   *
   * @param tensor its name
   * @param tensorRows how many rows the tensor must have
   * @param firstRow the first that is meant
   * @param rows how many
   * @param columns their length
   */
  record Slice(String tensor, long tensorRows, long firstRow, int rows, int columns) {
    static Slice whole(String tensor, int rows, int columns) {
      return new Slice(tensor, rows, 0, rows, columns);
    }
  }

  private final GgufFile file;
  private final ModelConfig config;
  private final String prefix;
  private final int queries;
  private final int keys;

  LayerTensors(GgufFile file, ModelConfig config, int layer) {
    this.file = file;
    this.config = config;
    this.prefix = "blk." + layer + ".";
    this.queries = config.heads() * config.headDim();
    this.keys = config.kvHeads() * config.headDim();
  }

  /** The name of one of the layer's tensors. */
  String name(String tensor) {
    return prefix + tensor;
  }

  /** Whether query, key and value have biases. */
  boolean hasBiases() {
    return file.tensor(name(config.parts().fusedAttention() ? "attn_qkv.bias" : "attn_q.bias"))
        .isPresent();
  }

  /** How many numbers of queries are normed together, or of keys. */
  int queryNorm() {
    return normed(queries);
  }

  int keyNorm() {
    return normed(keys);
  }

  private int normed(int all) {
    return switch (config.parts().qkNorm()) {
      case NONE -> 0;
      case HEADS -> config.headDim();
      case WHOLE -> all;
    };
  }

  Slice query() {
    return attention("attn_q", 0, queries);
  }

  Slice key() {
    return attention("attn_k", queries, keys);
  }

  Slice value() {
    return attention("attn_v", queries + keys, keys);
  }

  private Slice attention(String own, int firstRow, int rows) {
    return config.parts().fusedAttention()
        ? new Slice(name("attn_qkv.weight"), queries + 2L * keys, firstRow, rows, config.dim())
        : Slice.whole(name(own + ".weight"), rows, config.dim());
  }

  /** The tensor with the bias of a matrix, one number for each of its rows. */
  static String biasOf(Slice matrix) {
    return matrix.tensor().replace(".weight", ".bias");
  }

  Slice attentionOutput() {
    return Slice.whole(name("attn_output.weight"), config.dim(), queries);
  }

  /** The name of the tensor that norms what the feed-forward reads. */
  String feedForwardNorm() {
    return name(config.parts().feedForwardNorm());
  }

  /** The name of the tensor with a score for each query head. */
  String sinks() {
    return name("attn_sinks.weight");
  }

  Slice gate() {
    return fused(0, "ffn_gate.weight");
  }

  Slice up() {
    return fused(config.ffn(), "ffn_up.weight");
  }

  private Slice fused(int firstRow, String own) {
    int ffn = config.ffn();
    return config.parts().fusedGateUp()
        ? new Slice(name("ffn_up.weight"), 2L * ffn, firstRow, ffn, config.dim())
        : Slice.whole(name(own), ffn, config.dim());
  }

  Slice down() {
    return Slice.whole(name("ffn_down.weight"), config.dim(), config.ffn());
  }

  /** The router, a row for each expert; behind them the gate of the shared one, if there is one. */
  List<Slice> router() {
    List<Slice> rows = new ArrayList<>();
    rows.add(Slice.whole(name("ffn_gate_inp.weight"), config.experts().count(), config.dim()));
    if (config.experts().sharedFfn() > 0) {
      rows.add(Slice.whole(name("ffn_gate_inp_shexp.weight"), 1, config.dim()));
    }
    return rows;
  }

  Slice expertGate(int expert) {
    return expert("ffn_gate", expert, config.experts().ffn(), config.dim());
  }

  Slice expertUp(int expert) {
    return expert("ffn_up", expert, config.experts().ffn(), config.dim());
  }

  Slice expertDown(int expert) {
    return expert("ffn_down", expert, config.dim(), config.experts().ffn());
  }

  /** Old files of Mixtral have a tensor for each expert, newer ones stack them. */
  private Slice expert(String own, int expert, int rows, int columns) {
    String alone = name(own + "." + expert + ".weight");
    if (file.tensor(alone).isPresent()) {
      return Slice.whole(alone, rows, columns);
    }
    long all = (long) rows * config.experts().count();
    return new Slice(name(own + "_exps.weight"), all, (long) rows * expert, rows, columns);
  }

  /**
   * The bias of one of an expert's matrices: a row of the tensor that has those of all.
   *
   * @param matrix {@code gate}, {@code up} or {@code down}
   */
  Slice expertBias(String matrix, int expert, int length) {
    String tensor = name("ffn_" + matrix + "_exps.bias");
    return new Slice(tensor, config.experts().count(), expert, 1, length);
  }

  Slice sharedGate() {
    return Slice.whole(name("ffn_gate_shexp.weight"), config.experts().sharedFfn(), config.dim());
  }

  Slice sharedUp() {
    return Slice.whole(name("ffn_up_shexp.weight"), config.experts().sharedFfn(), config.dim());
  }

  Slice sharedDown() {
    return Slice.whole(name("ffn_down_shexp.weight"), config.dim(), config.experts().sharedFfn());
  }
}
