package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.folkmoot.testing.TinyVocabulary;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Writes every family's small model, and what the engine makes of it, for {@code bench/families},
 * which shows both to llama.cpp.
 */
@Tag("soak")
@EnabledIfSystemProperty(named = "folkmoot.families", matches = ".+")
class FamilyFilesTest {
  private static final int LENGTH = 64;

  /** Behind so many positions a window of 20 hides the first. */
  private static final int IN_WINDOW = 20;

  @ParameterizedTest
  @EnumSource
  void writes(TinyFamily family) throws IOException {
    Path folder = Path.of(System.getProperty("folkmoot.families"));
    Path path = family.write(folder, TensorType.F32);
    try (GgufFile file = GgufFile.open(path);
        WorkerPool pool = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file).withPrecision(KvLayout.Precision.F16);
      int vocabulary = config.vocabulary();
      int[] ids = new SplittableRandom(3).ints(LENGTH, TinyVocabulary.LEAST, vocabulary).toArray();
      try (SpanModel model = SpanModel.load(file, config, Span.whole(config), pool, _ -> {});
          KvPool kv = model.newKvPool(1 << 26);
          KvCache cache = new KvCache(kv)) {
        float[] logits = model.forward(List.of(Step.ofIds(cache, ids, Step.Wanted.ALL)));
        double[][] rows = new double[LENGTH][];
        for (int t = 0; t < LENGTH; t++) {
          rows[t] = logProbabilities(logits, t * vocabulary, vocabulary);
          assertThat(rows[t]).doesNotContain(Double.NaN);
        }
        Files.writeString(
            folder.resolve(family + ".json"),
            new ObjectMapper().writeValueAsString(report(family, path, ids, rows)));
      }
    }
  }

  private static Map<String, Object> report(
      TinyFamily family, Path path, int[] ids, double[][] rows) {
    boolean windowLeftOut = family == TinyFamily.MISTRAL || family == TinyFamily.PHI3;
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("name", family.name());
    report.put("model", path.toString());
    report.put("ids", ids);
    report.put("logProbabilities", rows);
    report.put("compared", windowLeftOut ? IN_WINDOW : LENGTH);
    if (windowLeftOut) {
      report.put("note", "llama.cpp leaves its window out: only what is inside");
    } else if (family == TinyFamily.MIXTRAL_OLD) {
      report.put("note", "a tensor for each expert, as files were before 2024");
    }
    return report;
  }

  private static double[] logProbabilities(float[] logits, int at, int vocabulary) {
    double[] row = new double[vocabulary];
    for (int id = 0; id < vocabulary; id++) {
      row[id] = logits[at + id];
    }
    double most = Arrays.stream(row).max().orElseThrow();
    double sum = Arrays.stream(row).map(logit -> Math.exp(logit - most)).sum();
    return Arrays.stream(row).map(logit -> logit - most - Math.log(sum)).toArray();
  }
}
