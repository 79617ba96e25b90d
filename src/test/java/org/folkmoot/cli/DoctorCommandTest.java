package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
  @TempDir Path folder;
  private final TestConsole cli = new TestConsole();

  @BeforeEach
  void newHome() {
    cli.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    cli.environment.put("PATH", folder.toString());
  }

  @Test
  void aMachineThatComputesRightIsWell() {
    assertThat(cli.run("doctor")).as(cli.out()).isEqualTo(ExitStatus.OK);
    assertThat(cli.out())
        .contains("✓ arithmetic", "sem/1", "(not made yet)", "none yet", "– pip", "not found")
        .doesNotContain("✗");
  }

  @Test
  void aHomeThatIsAFileIsBroken() throws IOException {
    Files.writeString(folder.resolve("home"), "no folder");
    assertThat(cli.run("doctor")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.out()).contains("✗ home").contains("FOLKMOOT_HOME");
  }

  @Test
  void aModelWhoseFileHasChangedIsFoundWhenAskedFor() throws IOException {
    Path file = folder.resolve("tiny.gguf");
    Files.write(file, ModelCommandsTest.tinyFile(folder));
    assertThat(cli.run("pull", file.toString())).as(cli.err()).isEqualTo(ExitStatus.OK);
    assertThat(cli.run("doctor", "--models")).as(cli.out()).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).contains("✓ tiny:latest");
    try (Stream<Path> blobs = Files.walk(folder.resolve("home"))) {
      Path stored =
          blobs.filter(path -> path.toString().endsWith(".gguf")).findFirst().orElseThrow();
      byte[] bytes = Files.readAllBytes(stored);
      bytes[bytes.length - 1] ^= 1;
      Files.write(stored, bytes);
    }
    assertThat(cli.run("doctor", "--models")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.out()).contains("✗ tiny:latest").contains("pull it again");
  }

  @Test
  void theReportIsOneDocument() throws JsonProcessingException {
    assertThat(cli.run("doctor", "--json")).isEqualTo(ExitStatus.OK);
    JsonNode report = new ObjectMapper().readTree(cli.out());
    assertThat(report.get("well").asBoolean()).isTrue();
    assertThat(report.get("looks")).hasSizeGreaterThan(5);
  }
}
