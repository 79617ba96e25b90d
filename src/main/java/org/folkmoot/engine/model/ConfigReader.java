package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.kernel.KvLayout;

/**
 * Reads a {@link ModelConfig} from a file's keys, which bear the names that llama.cpp gives them.
 * What a family needs and its files leave out is in {@link Family}.
 */
final class ConfigReader {
  private static final int MAX_LAYERS = 1024;
  private static final int MAX_DIM = 1 << 17;
  private static final int MAX_HEADS = 1 << 12;
  private static final int MAX_VOCABULARY = 1 << 22;
  private static final int MAX_CONTEXT = 1 << 24;

  /** Layers of Gemma 3's 1B; the larger ones were stretched to longer contexts. */
  private static final int SMALL_GEMMA3 = 26;

  /** Experts are chosen by sorting them for each token: a bound against absurd files. */
  private static final int MAX_EXPERTS = 1 << 12;

  private static final String GATING = "expert_gating_func";

  /** The softmax is of the chosen experts' logits: what {@code normalised} ones come to. */
  private static final int SOFTMAX_OF_CHOSEN = 3;

  private static final String LOGIT_SCALE = "logit_scale";
  private static final String RESIDUAL_SCALE = "residual_scale";
  private static final String EMBEDDING_SCALE = "embedding_scale";

  /** What Granite's files scale. */
  private static final Set<String> SCALES = Set.of(LOGIT_SCALE, RESIDUAL_SCALE, EMBEDDING_SCALE);

  /**
   * Keys that change what is computed in ways that are not handled, with the values that change
   * nothing. A file that has another would run, and answer nonsense.
   */
  private static final Map<String, double[]> NEUTRAL =
      Map.of(
          LOGIT_SCALE,
          new double[] {0, 1},
          RESIDUAL_SCALE,
          new double[] {0, 1},
          EMBEDDING_SCALE,
          new double[] {0, 1},
          "attention.clamp_kqv",
          new double[] {0},
          "attention.max_alibi_bias",
          new double[] {0},
          "attention.temperature_length",
          new double[] {0},
          "expert_weights_scale",
          new double[] {0, 1},
          GATING,
          new double[] {0, 1},
          "expert_group_count",
          new double[] {0, 1},
          "leading_dense_block_count",
          new double[] {0});

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final String architecture;
  private final Family family;

  private ConfigReader(GgufFile file, String architecture, Family family) {
    this.file = file;
    this.metadata = file.metadata();
    this.architecture = architecture;
    this.family = family;
  }

  static ModelConfig read(GgufFile file) {
    String architecture =
        file.metadata()
            .string("general.architecture")
            .orElseThrow(() -> bad("it does not say its architecture (general.architecture)"));
    Family family =
        Family.of(architecture)
            .orElseThrow(() ->
                unsupported(
                    "models of the architecture '%s' are not supported; supported are %s"
                        .formatted(shown(architecture), Family.list())));
    return new ConfigReader(file, architecture, family).read();
  }

  private ModelConfig read() {
    requireNeutral();
    int dim = required("embedding_length", 1, MAX_DIM);
    int heads = required("attention.head_count", 1, MAX_HEADS);
    int kvHeads = optional("attention.head_count_kv", 1, MAX_HEADS, heads);
    if (heads % kvHeads != 0) {
      throw bad("%d query heads cannot share %d KV heads".formatted(heads, kvHeads));
    }
    int headDim = optional("attention.key_length", 1, 4096, dim / heads);
    if (optional("attention.value_length", 1, 4096, headDim) != headDim) {
      throw unsupported("models whose keys and values differ in length are not supported");
    }
    int ropeDims = optional("rope.dimension_count", 2, headDim, headDim);
    if (ropeDims % 2 != 0 || headDim < 1) {
      throw bad("an odd number of rotated dimensions");
    }
    int layers = required("block_count", 1, MAX_LAYERS);
    int context = required("context_length", 1, MAX_CONTEXT);
    Rope rope = rope(ropeDims, context);
    Experts experts = experts();
    int ffn =
        experts.any() ? optionalFfn(experts) : required("feed_forward_length", 1, 8 * MAX_DIM);
    return new ModelConfig(
        architecture,
        layers,
        dim,
        heads,
        kvHeads,
        headDim,
        ffn,
        vocabulary(),
        context,
        (float) number("attention.layer_norm_rms_epsilon", 1e-5, 0, 1),
        rope,
        window(rope, context),
        new ModelConfig.Parts(
            !family.has(Family.Habit.NO_PRE_NORMS),
            family.has(Family.Habit.WHOLE_QK_NORM)
                ? ModelConfig.QkNorm.WHOLE
                : family.has(Family.Habit.QK_NORM)
                    ? ModelConfig.QkNorm.HEADS
                    : ModelConfig.QkNorm.NONE,
            family.has(Family.Habit.POST_NORMS),
            activation(),
            family.has(Family.Habit.FUSED_ATTENTION),
            family.has(Family.Habit.FUSED_GATE_UP),
            unturned(),
            family.has(Family.Habit.SINKS),
            family.has(Family.Habit.BIASES),
            family.has(Family.Habit.NORM_BY_OTHER_NAME)
                ? "post_attention_norm.weight"
                : "ffn_norm.weight"),
        scales(layers, dim, heads, headDim),
        experts,
        KvLayout.Precision.F16);
  }

  private ModelConfig.Activation activation() {
    return family.has(Family.Habit.CLAMPED_SILU)
        ? ModelConfig.Activation.CLAMPED_SILU
        : family.has(Family.Habit.GELU) ? ModelConfig.Activation.GELU : ModelConfig.Activation.SILU;
  }

  /** Every fourth layer of SmolLM3 turns nothing; none of a Granite that was trained so. */
  private int unturned() {
    boolean turns = metadata.bool(architecture + ".rope.scaling.finetuned").orElse(true);
    return family == Family.SMOLLM3 ? 4 : family == Family.GRANITE && !turns ? 1 : 0;
  }

  private void requireNeutral() {
    if (metadata.value(architecture + ".rope.dimension_sections").orElse("") instanceof long[] all
        && Arrays.stream(all).anyMatch(one -> one != 0)) {
      throw unsupported("models that tell positions in sections (pictures) are not supported");
    }
    NEUTRAL.forEach((key, neutral) -> {
      if (family == Family.GRANITE && SCALES.contains(key)) {
        return;
      }
      double value = metadata.number(architecture + "." + key).orElse(neutral[0]);
      if (family == Family.GPT_OSS && key.equals(GATING) && value == SOFTMAX_OF_CHOSEN) {
        return;
      }
      if (Arrays.stream(neutral).noneMatch(one -> one == value)) {
        throw unsupported(
            "models of the architecture '%s' with '%s' = %s are not supported"
                .formatted(architecture, key, value));
      }
    });
  }

  private int vocabulary() {
    int vocabulary =
        file.tensor("token_embd.weight")
            .map(tensor -> (int) Math.min(tensor.rows(), Integer.MAX_VALUE))
            .orElseThrow(() -> bad("the tensor 'token_embd.weight' is missing"));
    if (vocabulary > MAX_VOCABULARY) {
      throw bad("a vocabulary of " + vocabulary + " tokens");
    }
    return vocabulary;
  }

  private ModelConfig.Scales scales(int layers, int dim, int heads, int headDim) {
    double scored = layers == family.layersOfOddScale() ? (double) dim / heads : headDim;
    double scale = number("attention.scale", 0, 0, 1e6);
    boolean granite = family == Family.GRANITE;
    return new ModelConfig.Scales(
        family.has(Family.Habit.SCALED_EMBEDDING)
            ? (float) Math.sqrt(dim)
            : granite ? scale(EMBEDDING_SCALE) : 1,
        (float) (scale > 0 ? scale : 1 / Math.sqrt(scored)),
        (float) number("attn_logit_softcapping", 0, 0, 1e6),
        isOllamas() ? 0 : (float) number("final_logit_softcapping", 0, 0, 1e6),
        granite ? scale(RESIDUAL_SCALE) : 1,
        granite ? (float) (1.0 / scale(LOGIT_SCALE)) : 1);
  }

  /** A scale that a file may leave out, or give as 0. */
  private float scale(String key) {
    double scale = number(key, 0, 0, 1e6);
    return scale == 0 ? 1 : (float) scale;
  }

  private Window window(Rope rope, int context) {
    // The first files of Gemma 2 did not say it.
    int usual = family == Family.GEMMA2 ? 4096 : 0;
    int positions =
        family == Family.GPT_OSS
            ? required("attention.sliding_window", 1, Integer.MAX_VALUE)
            : optional("attention.sliding_window", 0, Integer.MAX_VALUE, usual);
    Rope local =
        family == Family.OLMO2
            ? new Rope(
                rope.pairing(),
                rope.dims(),
                number("rope.freq_base_swa", rope.base(), 1, 1e12),
                new RopeScaling.None())
            : family == Family.GEMMA3
                ? new Rope(
                    rope.pairing(),
                    rope.dims(),
                    number(
                        "rope.freq_base_swa",
                        number("rope.local.freq_base", 10_000, 1, 1e12),
                        1,
                        1e12),
                    new RopeScaling.None())
                : family == Family.GPT_OSS
                    ? new Rope(
                        rope.pairing(),
                        rope.dims(),
                        number("rope.freq_base_swa", rope.base(), 1, 1e12),
                        rope.scaling())
                    : rope;
    boolean seesAll = positions == 0 || positions >= context;
    // Where a window has its own angles its layers are told apart even if it hides nothing.
    if (seesAll && local.equals(rope)) {
      return new Window(0, 0, rope);
    }
    if (positions == 0 && family == Family.OLMO2) {
      return new Window(0, 0, rope);
    }
    if (positions == 0) {
      throw bad("the key '" + architecture + ".attention.sliding_window' is missing");
    }
    return new Window(positions, period(), local);
  }

  /** Some files say the period, some which layers have the window. */
  private int period() {
    String key = architecture + ".attention.sliding_window_pattern";
    if (!(metadata.value(key).orElse(0) instanceof boolean[] layers)) {
      return optional("attention.sliding_window_pattern", 0, MAX_LAYERS, family.windowPeriod());
    }
    int period = 0;
    while (period < layers.length && layers[period]) {
      period++;
    }
    period = period == layers.length ? 0 : period + 1;
    for (int layer = 0; layer < layers.length; layer++) {
      if (layers[layer] != (period == 0 || layer % period < period - 1)) {
        throw unsupported("models whose windowed layers follow no period are not supported");
      }
    }
    return period;
  }

  private Rope rope(int dims, int context) {
    return new Rope(
        family.has(Family.Habit.ADJACENT_PAIRS) ? Rope.Pairing.ADJACENT : Rope.Pairing.HALVES,
        dims,
        number("rope.freq_base", usualBase(), 1, 1e12),
        ropeScaling(context));
  }

  /** Of files that do not say it; Ollama's of Gemma 3 have a key of their own. */
  private double usualBase() {
    return family == Family.GEMMA3 ? number("rope.global.freq_base", 1e6, 1, 1e12) : 10_000;
  }

  /**
   * Whether Ollama's converter wrote it, of Gemma 3: it names bases in its own way, leaves out that
   * the larger sizes divide positions by 8, and gives a bound of logits that Gemma 3 does not have
   * (and Ollama does not apply).
   */
  private boolean isOllamas() {
    return family == Family.GEMMA3
        && metadata.value(architecture + ".rope.global.freq_base").isPresent();
  }

  /** Of files that do not say it; an older key is as good. */
  private double usualFactor() {
    boolean stretched = isOllamas() && required("block_count", 1, MAX_LAYERS) > SMALL_GEMMA3;
    return number("rope.scale_linear", stretched ? 8 : 1, 1, 1e6);
  }

  private RopeScaling ropeScaling(int context) {
    double factor = number("rope.scaling.factor", usualFactor(), 1, 1e6);
    String type =
        metadata
            .string(architecture + ".rope.scaling.type")
            .orElse(factor == 1 ? "none" : "linear");
    if (file.tensor("rope_factors_long.weight").isPresent() || type.equals("longrope")) {
      int original = optional("rope.scaling.original_context_length", 1, MAX_CONTEXT, context);
      return new RopeScaling.LongRope(
          context > original, number("rope.scaling.attn_factor", 1, 1e-3, 1e3));
    }
    return switch (type) {
      case "none" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(factor);
      case "yarn" ->
          new RopeScaling.Yarn(
              factor,
              required("rope.scaling.original_context_length", 1, MAX_CONTEXT),
              number("rope.scaling.yarn_beta_fast", 32, 1e-3, 1e6),
              number("rope.scaling.yarn_beta_slow", 1, 1e-3, 1e6),
              number("rope.scaling.attn_factor", 1, 1e-3, 1e3) * (1 + 0.1 * StrictMath.log(factor)),
              !family.has(Family.Habit.EXACT_YARN));
      default ->
          throw unsupported(
              "RoPE scaling of the type '%s' is not supported; supported are none, linear, yarn, longrope and per-frequency factors"
                  .formatted(shown(type)));
    };
  }

  private Experts experts() {
    int count = optional("expert_count", 0, MAX_EXPERTS, 0);
    if (count == 0) {
      return Experts.NONE;
    }
    if (!family.has(Family.Habit.EXPERTS)) {
      throw unsupported(
          "models of the architecture '%s' with experts are not supported".formatted(architecture));
    }
    int ffn = optional("feed_forward_length", 1, 8 * MAX_DIM, 1);
    boolean normalised =
        family == Family.GPT_OSS
            || metadata
                .bool(architecture + ".expert_weights_norm")
                .orElse(!family.has(Family.Habit.LOOSE_WEIGHTS));
    return new Experts(
        count,
        required("expert_used_count", 1, count),
        optional("expert_feed_forward_length", 1, 8 * MAX_DIM, ffn),
        normalised,
        optional(
            "expert_shared_feed_forward_length",
            0,
            8 * MAX_DIM,
            family == Family.QWEN2MOE ? ffn : 0));
  }

  /** The length of plain feed-forwards, of which a mixture has none. */
  private int optionalFfn(Experts experts) {
    return optional("feed_forward_length", 1, 8 * MAX_DIM, experts.ffn());
  }

  private int required(String key, int least, int most) {
    int value = optional(key, least, most, -1);
    if (value < 0) {
      throw bad("the key '" + architecture + "." + key + "' is missing");
    }
    return value;
  }

  private int optional(String key, int least, int most, int otherwise) {
    String full = architecture + "." + key;
    if (metadata.value(full).orElse("") instanceof long[] all && all.length > 0) {
      if (Arrays.stream(all).anyMatch(one -> one != all[0])) {
        throw unsupported(
            "models whose '%s' differs from layer to layer are not supported".formatted(full));
      }
      return check(key, all[0], least, most);
    }
    OptionalLong value = metadata.integer(full);
    return value.isEmpty() ? otherwise : check(key, value.getAsLong(), least, most);
  }

  private double number(String key, double otherwise, double least, double most) {
    double value = metadata.number(architecture + "." + key).orElse(otherwise);
    if (!(value == otherwise || (value >= least && value <= most))) {
      throw bad("'" + key + "' is " + value);
    }
    return value;
  }

  private static int check(String key, long value, int least, int most) {
    if (value < least || value > most) {
      throw bad("'%s' is %d, but must be between %d and %d".formatted(key, value, least, most));
    }
    return (int) value;
  }

  /** A foreign name made fit for a message. */
  private static String shown(String name) {
    String clean = name.replaceAll("\\p{Cntrl}", "?");
    return clean.length() <= 40 ? clean : clean.substring(0, 40) + "…";
  }

  private static FolkmootException unsupported(String message) {
    return new FolkmootException(UNSUPPORTED, message);
  }

  private static FolkmootException bad(String message) {
    return new FolkmootException(
        BAD_FILE, message + ": the model file is damaged or was made wrongly, pull it again");
  }
}
