package org.folkmoot.proof.trial;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.testing.GoldenFiles;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of tampering is caught, and no honest peer is suspected. */
class TrialTableTest {
  @TempDir private Path folder;

  @Test
  void aFewOfEachKind() {
    try (TrialModels models = TrialModels.tiny(folder)) {
      demand(models, 20, 60);
    }
  }

  /** The table of the promise; {@code bench/trials} runs it. */
  @Test
  @Soak
  void aThousandOfEachKind() {
    try (TrialModels models = TrialModels.tiny(folder)) {
      demand(
          models,
          Integer.getInteger("folkmoot.trials", 1000),
          Integer.getInteger("folkmoot.trials.honest", 10_000));
    }
  }

  @Test
  @Soak
  void aSampleOnSmolLm2() {
    try (TrialModels models = new TrialModels(GoldenFiles.smolLm2Model(), 2, List.of(10, 20))) {
      demand(models, 5, 20);
    }
  }

  private static void demand(TrialModels models, int trials, int honest) {
    TrialTable table = new TrialTable(models);
    List<TrialTable.Row> rows = new ArrayList<>();
    for (Tampering kind : Tampering.values()) {
      if (kind.isPossible(models)) {
        rows.add(table.row(kind, kind == Tampering.HONEST ? honest : trials));
      }
    }
    System.out.println(TrialTable.text(rows));
    for (TrialTable.Row row : rows) {
      int expected = row.kind() == Tampering.HONEST ? 0 : row.trials();
      assertThat(row.caught()).as("%s", row).isEqualTo(expected);
      assertThat(row.wronged()).as("%s", row).isZero();
    }
  }
}
