package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code show --provenance}: what the file claims, what the ledger adds, what others can read. */
class ProvenanceCommandTest {
  @TempDir Path folder;
  private final TestConsole cli = new TestConsole();
  private Path home;
  private Path file;

  @BeforeEach
  void newHome() throws Exception {
    home = folder.resolve("home");
    cli.environment.put("FOLKMOOT_HOME", home.toString());
    file = folder.resolve("tiny.gguf");
    new GgufWriter()
        .put("general.architecture", "llama")
        .put("general.license", "mit")
        .put("general.base_model.count", 0L)
        .tensor(
            "token_embd.weight",
            TensorType.F32,
            new long[] {32, 3},
            out -> out.write(new byte[32 * 3 * 4]))
        .write(file);
  }

  private JsonNode json(String... arguments) throws Exception {
    assertThat(cli.run(arguments)).as(cli.err()).isEqualTo(ExitStatus.OK);
    return new ObjectMapper().readTree(cli.out());
  }

  @Test
  void theLedgerAddsWhatItKnows() throws Exception {
    JsonNode before = json("show", file.toString(), "--provenance", "--json");
    assertThat(before.get("kind").asText()).isEqualTo("MODEL");
    assertThat(before.at("/files/0/name").asText()).isEqualTo("tiny.gguf");
    Hash32 model = Hash32.ofHex(before.at("/files/0/sha256").asText());
    Hash32 base = Hash32.sha256(new byte[] {1});
    Hash32 data = Hash32.sha256(new byte[] {2});
    Identity self = Identity.atHome(home, new SecureRandom());
    try (LedgerStore store = LedgerStore.open(home.resolve("ledger"), self)) {
      OwnFeed feed = new OwnFeed(store, self);
      var _ =
          feed.append(
              List.of(
                  new Entry.Model(1, base, "the base", 5, "MIT", "", Optional.empty()),
                  new Entry.Dataset(1, data, "letters", 9, "CC0-1.0", ""),
                  new Entry.Adapter(
                      1, model, "tiny", 5, "MIT", base, List.of(data), Optional.of(data)),
                  new Entry.Evaluation(
                      1, model, "bias/1", data, data, List.of(new Entry.Score("even", 625_000)))));
    }
    JsonNode after = json("show", file.toString(), "--provenance", "--json");
    assertThat(after.at("/base/0/name").asText()).isEqualTo("the base");
    assertThat(after.at("/datasets/0/name").asText()).isEqualTo("letters");
    assertThat(after.at("/recipe/sha256").asText()).isEqualTo(data.hex());
    assertThat(after.at("/evaluations/0/value").asText()).isEqualTo("0.625");
    assertThat(cli.run("show", file.toString(), "--provenance")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).contains("bias/1").contains("letters").contains("by no vote");
  }

  @Test
  void othersCanReadAndCheck() throws Exception {
    Path signature = folder.resolve("m.sig");
    Path key = folder.resolve("key");
    Path bom = folder.resolve("bom.json");
    String model = file.toString();
    assertThat(cli.run("show", model, "--export-signature", signature.toString()))
        .isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(
            cli.run(
                "show", model,
                "--export-bom", bom.toString(),
                "--export-signature", signature.toString(),
                "--signing-key", key.toString()))
        .as(cli.err())
        .isEqualTo(ExitStatus.OK);
    assertThat(bom).content().contains("CycloneDX");
    String[] check = {
      "show", model, "--check-signature", signature.toString(), "--public-key", key + ".pub"
    };
    assertThat(cli.run(check)).as(cli.err()).isEqualTo(ExitStatus.OK);
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length + 1));
    assertThat(cli.run(check)).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("other files");
  }

  @Test
  void aManifestOfTheHomeGoesBeforeWhatTheFileSays() throws Exception {
    String hash =
        json("show", file.toString(), "--provenance", "--json").at("/files/0/sha256").asText();
    Path kept = Manifests.file(home, hash);
    Files.createDirectories(kept.getParent());
    Files.writeString(
        kept,
        "{\"kind\":\"MODEL\",\"name\":\"mine\",\"licence\":\"MIT\",\"files\":"
            + "[{\"name\":\"x\",\"sha256\":\"%s\",\"bytes\":1}]}".formatted(hash));
    assertThat(json("show", file.toString(), "--provenance", "--json").get("name").asText())
        .isEqualTo("mine");
    Files.writeString(kept, Files.readString(kept).replace(hash, "ab".repeat(32)));
    assertThat(cli.run("show", file.toString(), "--provenance")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("another model");
  }
}
