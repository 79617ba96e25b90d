package org.folkmoot.ledger.provenance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.cyclonedx.Version;
import org.cyclonedx.parsers.JsonParser;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.provenance.ModelManifest.Adoption;
import org.folkmoot.ledger.provenance.ModelManifest.Evaluation;
import org.folkmoot.ledger.provenance.ModelManifest.ModelFile;
import org.folkmoot.ledger.provenance.ModelManifest.Origin;
import org.junit.jupiter.api.Test;

/** Manifests come back as they were; the bill of materials is CycloneDX's. */
class ModelManifestTest {
  private static final String HASH = "ab".repeat(32);

  private static final ModelManifest FULL =
      new ModelManifest(
          ModelManifest.Kind.ADAPTER,
          "village:1",
          List.of(new ModelFile("b.gguf", HASH, 12), new ModelFile("a.gguf", HASH, 1L << 40)),
          "apache-2.0",
          List.of("the village"),
          List.of(new Origin("SmolLM2-135M-Instruct", HASH, "https://example.org/base", "MIT")),
          List.of(
              new Origin("minutes", HASH, "no url", "Custom licence"),
              new Origin("letters", "", "", "")),
          new Origin("recipe", HASH, "", ""),
          List.of(new Evaluation("bias/1", "accuracy", "0.625")),
          List.of(new Adoption("moot", "proposal 7", "2026-11-28")));

  @Test
  void comesBackAsItWas() {
    assertThat(ModelManifest.parse(FULL.toJson())).isEqualTo(FULL);
    assertThat(FULL.files().getFirst().name()).isEqualTo("a.gguf");
  }

  @Test
  void theBillIsCycloneDx() throws Exception {
    ModelManifest bare =
        new ModelManifest(
            ModelManifest.Kind.MODEL,
            "bare",
            List.of(new ModelFile("x", HASH, 0)),
            "",
            List.of(),
            List.of(),
            List.of(),
            null,
            List.of(),
            List.of());
    for (ModelManifest each : List.of(FULL, bare)) {
      byte[] bom = MlBom.of(each);
      assertThat(new JsonParser().validate(bom, Version.VERSION_16)).isEmpty();
      assertThat(MlBom.of(each)).as("the same bytes").isEqualTo(bom);
    }
    assertThat(new JsonParser().parse(MlBom.of(FULL)).getMetadata().getComponent().getName())
        .isEqualTo("village:1");
    byte[] wrong =
        new String(MlBom.of(bare), UTF_8).replace("\"file\"", "\"fiel\"").getBytes(UTF_8);
    assertThat(new JsonParser().validate(wrong, Version.VERSION_16))
        .as("the schema is looked at")
        .isNotEmpty();
  }

  @Test
  void hostileManifestsAreRefused() {
    for (String text :
        List.of(
            "",
            "null",
            "[]",
            "{}",
            "{\"kind\":\"MODEL\",\"name\":\"x\",\"licence\":\"\",\"files\":[]}",
            "{\"kind\":\"OTHER\"}",
            "{\"unknown\":1}",
            "[".repeat(100_000),
            new String(FULL.toJson(), UTF_8) + "{}",
            new String(FULL.toJson(), UTF_8).replace(HASH, HASH.toUpperCase(java.util.Locale.ROOT)),
            new String(FULL.toJson(), UTF_8).replace("b.gguf", "a.gguf"))) {
      assertThatThrownBy(() -> ModelManifest.parse(text.getBytes(UTF_8)))
          .as(text)
          .isInstanceOf(FolkmootException.class)
          .hasMessageNotContaining("\n");
    }
  }

  @Test
  void fuzzedManifestsDoNoHarm() {
    byte[] good = FULL.toJson();
    for (int seed = 0; seed < 3_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = good.clone();
      for (int turn = random.nextInt(4); turn >= 0; turn--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        ModelManifest.parse(bytes);
      } catch (FolkmootException refused) {
        assertThat(refused.getMessage()).as("seed %d", seed).doesNotContain("\n");
      }
    }
  }
}
