package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every operator's result that a watched pass shows is what that operator gives alone, by the
 * oracle, from the results before it; and watching changes nothing.
 */
class SpanTraceTest {
  private static final int LENGTH = 70;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void everyFormat(TensorType type) {
    everyOperatorAlone(TinyModel.of(type), KvLayout.Precision.F16);
  }

  @ParameterizedTest
  @EnumSource
  void everyWayOfRope(TinyModel.Scaling scaling) {
    everyOperatorAlone(
        TinyModel.of(TensorType.Q8_0).withRope(new TinyModel.Rope(5_000, scaling)),
        KvLayout.Precision.F32);
  }

  @Test
  void biasesAndAwkwardWidths() {
    everyOperatorAlone(
        TinyModel.of(TensorType.Q4_1)
            .withLayers(3)
            .withWidths(new TinyModel.Widths(96, 4, 1, 24, 32))
            .withParts(new TinyModel.Parts(false, true, false)),
        KvLayout.Precision.F16);
  }

  @ParameterizedTest
  @EnumSource
  void everyFamily(TinyFamily family) {
    everyOperatorAlone(family.write(folder, TensorType.Q8_0), KvLayout.Precision.F16);
  }

  private void everyOperatorAlone(TinyModel tiny, KvLayout.Precision precision) {
    everyOperatorAlone(TinyModels.write(folder, tiny), precision);
  }

  private void everyOperatorAlone(Path tiny, KvLayout.Precision precision) {
    try (Traced traced = new Traced(tiny, precision)) {
      Span whole = Span.whole(traced.config);
      int[] ids = ids(traced.config);
      Map<TracePoint, List<byte[]>> rows =
          traced.everyOperatorAlone(whole, new SpanInputs.Ids(ids));
      float[] states = traced.outputs(new Span(true, 0, whole.to(), false), ids);
      assertThat(joined(of(rows, TracePoint.of(whole.to() - 1, Operator.LAYER_OUTPUT))))
          .isEqualTo(bytes(states));

      // A span in the middle, given what the layer before gave, shows the same.
      float[] between = traced.outputs(new Span(true, 0, 1, false), ids);
      SpanInputs hidden = new SpanInputs.Hidden(between, traced.config.dim());
      Map<TracePoint, List<byte[]>> behind =
          traced.everyOperatorAlone(new Span(false, 1, whole.to(), true), hidden);
      behind.forEach((point, its) ->
          assertThat(joined(its)).as("%s", point).isEqualTo(joined(of(rows, point))));
    }
  }

  @Test
  void stopsAtTheStageAndPositionThatAreAskedFor() {
    TinyModel tiny = TinyModel.of(TensorType.Q8_0).withLayers(3);
    try (Traced traced = new Traced(TinyModels.write(folder, tiny), KvLayout.Precision.F16)) {
      SpanInputs inputs = new SpanInputs.Ids(ids(traced.config));
      SpanTrace trace = new SpanTrace(traced.model, Span.whole(traced.config), inputs);
      List<String> seen = new ArrayList<>();
      trace.run(
          1,
          2,
          point -> point.operator() == Operator.LAYER_OUTPUT,
          (point, position, _) -> seen.add(point + " at " + position));
      assertThat(seen).containsExactly("layer 0, layer output at 0", "layer 0, layer output at 1");
    }
  }

  @Test
  void inputsOfAnotherShapeAreRefused() {
    try (Traced traced =
        new Traced(
            TinyModels.write(folder, TinyModel.of(TensorType.Q8_0)), KvLayout.Precision.F16)) {
      LoneOperator alone = traced.alone(Span.whole(traced.config));
      TracePoint norm = TracePoint.of(0, Operator.ATTENTION_NORM);
      assertThatThrownBy(() -> alone.compute(norm, 0, List.of()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> alone.compute(norm, 0, List.of(List.of(new byte[8]))))
          .isInstanceOf(IllegalArgumentException.class);
      byte[] infinite = bytes(new float[] {Float.POSITIVE_INFINITY});
      byte[] state = Arrays.copyOf(infinite, traced.config.dim() * Float.BYTES);
      assertThatThrownBy(() -> alone.compute(norm, 0, List.of(List.of(state))))
          .isInstanceOf(FolkmootException.class)
          .extracting(fault -> ((FolkmootException) fault).code())
          .isEqualTo(FolkmootException.Code.ARITHMETIC);
      byte[] unknown = {-1, -1, 0, 0};
      TracePoint embedding = TracePoint.of(0, Operator.EMBEDDING);
      assertThatThrownBy(() -> alone.compute(embedding, 0, List.of(List.of(unknown))))
          .isInstanceOf(FolkmootException.class);
    }
  }

  private static List<byte[]> of(Map<TracePoint, List<byte[]>> rows, TracePoint point) {
    return rows.getOrDefault(point, List.of());
  }

  private static int[] ids(ModelConfig config) {
    return new SplittableRandom(7).ints(LENGTH, 0, config.vocabulary()).toArray();
  }

  private static byte[] bytes(float[] x) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(x);
    return bytes.array();
  }

  private static byte[] joined(List<byte[]> rows) {
    ByteBuffer all = ByteBuffer.allocate(rows.stream().mapToInt(row -> row.length).sum());
    rows.forEach(all::put);
    return all.array();
  }

  /** An open model. */
  private static final class Traced implements AutoCloseable {
    final GgufFile file;
    final ModelConfig config;
    final WorkerPool pool = new WorkerPool(2);
    final SpanModel model;

    Traced(Path path, KvLayout.Precision precision) {
      file = GgufFile.open(path);
      config = ModelConfig.of(file).withPrecision(precision);
      model = SpanModel.load(file, config, Span.whole(config), pool, _ -> {});
    }

    LoneOperator alone(Span span) {
      return new LoneOperator(file, config, span);
    }

    float[] outputs(Span part, int[] ids) {
      try (KvPool kv = model.newKvPool(1 << 24);
          KvCache cache = new KvCache(kv)) {
        return model
            .forward(part, List.of(Step.ofIds(cache, ids, Step.Wanted.ALL)), false)
            .outputs();
      }
    }

    Map<TracePoint, List<byte[]>> everyOperatorAlone(Span span, SpanInputs inputs) {
      SpanTrace trace = new SpanTrace(model, span, inputs);
      TraceOrder order = trace.order();
      Map<TracePoint, List<byte[]>> rows = new HashMap<>();
      trace.run(
          order.stages() - 1,
          inputs.length(),
          _ -> true,
          (point, position, row) -> {
            List<byte[]> its = rows.computeIfAbsent(point, _ -> new ArrayList<>());
            assertThat(position).isEqualTo(its.size());
            its.add(row);
          });
      LoneOperator alone = alone(span);
      for (int stage = 0; stage < order.stages(); stage++) {
        for (TracePoint point : order.stage(stage)) {
          for (int position : new int[] {0, 1, 15, 16, 63, 64, LENGTH - 1}) {
            assertThat(alone.compute(point, position, inputs(order, point, position, rows, inputs)))
                .as("%s at %s", point, position)
                .isEqualTo(of(rows, point).get(position));
          }
        }
      }
      return rows;
    }

    private static List<List<byte[]>> inputs(
        TraceOrder order,
        TracePoint point,
        int position,
        Map<TracePoint, List<byte[]>> rows,
        SpanInputs inputs) {
      return order.sources(point).stream()
          .map(source ->
              source.point().isEmpty()
                  ? List.of(inputs.row(position))
                  : of(rows, source.point().get())
                      .subList(source.wholePast() ? 0 : position, position + 1))
          .toList();
    }

    @Override
    public void close() {
      model.close();
      pool.close();
      file.close();
    }
  }
}
