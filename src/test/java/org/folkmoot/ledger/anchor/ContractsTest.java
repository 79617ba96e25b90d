package org.folkmoot.ledger.anchor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checked-in contracts are what the sources say. */
class ContractsTest {
  @TempDir Path fresh;

  @Test
  void compilingAgainGivesTheSameBytes() throws Exception {
    Path modules = AnvilNode.tools().resolve("node_modules");
    Process compiler =
        new ProcessBuilder("node", "contracts/compile.mjs", fresh.toString(), modules.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(compiler.getInputStream().readAllBytes(), UTF_8);
    assertThat(compiler.waitFor()).as(said).isZero();
    for (String name :
        List.of(
            "CheckpointRegistry",
            "MootGovernor",
            "MootMembers",
            "MootRegister",
            "TimelockController")) {
      try (InputStream kept = Artifact.class.getResourceAsStream(name + ".json")) {
        assertThat(Files.readAllBytes(fresh.resolve(name + ".json")))
            .as("%s: run 'node contracts/compile.mjs'", name)
            .isEqualTo(kept.readAllBytes());
      }
    }
  }
}
