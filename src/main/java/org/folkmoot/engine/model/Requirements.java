package org.folkmoot.engine.model;

import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.SelfTest;
import org.folkmoot.kernel.SelfTest.Operator;
import org.folkmoot.kernel.TensorType;

/** What of sem/1 a model is computed with. */
public final class Requirements {
  private Requirements() {}

  /** What the self-test must have seen right before a model answers. */
  public static SelfTest.Needs of(GgufFile file, ModelConfig config) {
    Set<TensorType> types =
        file.tensors().values().stream()
            .filter(tensor -> tensor.rows() > 1)
            .map(GgufTensor::type)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(TensorType.class)));
    Set<Operator> operators =
        EnumSet.of(
            Operator.RMS_NORM,
            Operator.ROTATE,
            switch (config.parts().activation()) {
              case SILU -> Operator.SILU_TIMES;
              case GELU -> Operator.GELU_TIMES;
              case CLAMPED_SILU -> Operator.CLAMPED_SILU_TIMES;
            },
            switch (config.precision()) {
              case F16 -> Operator.ATTENTION_F16;
              case F32 -> Operator.ATTENTION_F32;
            });
    boolean bounded = config.scales().attentionCap() > 0 || config.scales().logitCap() > 0;
    if (bounded) {
      operators.add(Operator.CAP);
    }
    if (bounded || config.window().positions() > 0) {
      operators.add(Operator.ATTENTION_WINDOW);
    }
    if (config.parts().sinks()) {
      operators.add(Operator.ATTENTION_SINK);
    }
    return new SelfTest.Needs(types, operators);
  }
}
