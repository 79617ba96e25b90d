package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.testing.GoldenFiles;
import org.junit.jupiter.api.Test;

/** The bits of the model that the README runs, as {@code docs/arithmetic.md} publishes them. */
class SmolLm2GoldenTest {
  /** "Why is the sky blue?" in ChatML, up to where the answer begins; then 48 tokens. */
  private static final GreedyRun RUN =
      new GreedyRun(
          new int[] {1, 4093, 198, 4898, 314, 260, 6376, 4461, 47, 2, 198, 1, 520, 9531, 198}, 48);

  private static final String GOLDEN =
      "87187e1aed6c22b42cfef0b4481eaab3b34d1a43ece2252b118d1b911b91b52e";

  @Test
  void oneSpanAndFive() {
    GreedyRun.Way plain = GreedyRun.Way.PLAIN;
    Path model = GoldenFiles.smolLm2Model();
    try (GgufFile file = GgufFile.open(model)) {
      ModelConfig config = ModelConfig.of(file);
      for (GreedyRun.Way way :
          List.of(
              plain,
              plain.withThreads(2).withChunk(7).withOthers(3),
              plain.withThreads(2).withCuts(List.of(6, 12, 18, 24)))) {
        assertThat(RUN.hashes(file, config, way).lastEntry().getValue())
            .as("%s", way)
            .isEqualTo(GOLDEN);
      }
    }
  }

  @Test
  void byTheOracle() {
    try (GgufFile file = GgufFile.open(GoldenFiles.smolLm2Model())) {
      OracleModel oracle = new OracleModel(file, ModelConfig.of(file));
      assertThat(RUN.hashes(oracle).lastEntry().getValue()).isEqualTo(GOLDEN);
    }
  }
}
