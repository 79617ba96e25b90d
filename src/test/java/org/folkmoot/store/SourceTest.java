package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.folkmoot.base.FolkmootException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person can type for a model. */
class SourceTest {
  private static Source parse(String text) {
    return Source.parse(text).orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf:me/repo/m.gguf",
        "hf:me/repo@abc123/sub/m.gguf",
        "pip:llm-x==0.1.2/llm_x/M.Q4_1.gguf",
        "https://x.test/a/m.gguf",
        "http://127.0.0.1:8080/m.gguf",
        "http://[::1]/m.gguf",
        "./m.gguf",
        "/models/m.gguf"
      })
  void labelsReadBackAsTheSameSource(String text) {
    assertThat(parse(text).label()).isEqualTo(text);
    assertThat(parse(parse(text).label())).isEqualTo(parse(text));
  }

  @Test
  void pathsAreToldFromNames() {
    assertThat(parse("m.gguf")).isEqualTo(new Source.LocalFile(Path.of("m.gguf")));
    assertThat(parse("../m")).isEqualTo(new Source.LocalFile(Path.of("../m")));
    assertThat(Source.parse("smollm2:135m")).isEmpty();
    assertThat(Source.parse("smollm2")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf:",
        "hf:me/m.gguf",
        "hf:me/repo/",
        "hf:../repo/m.gguf",
        "hf:me/repo/../../../m.gguf",
        "hf:me/repo@a@b/m.gguf",
        "hf:me/repo/m.gguf?x=1",
        "pip:x/m.gguf",
        "pip:x>=1/m.gguf",
        "pip:-r==1/m.gguf",
        "pip:x==1/../m.gguf",
        "pip:x==1;y/m.gguf",
        "https:///m.gguf",
        "https://x.test:port/m.gguf",
        "https://x.test/a b",
        "http://127.0.0.1.evil.test/m.gguf",
        "http://localhost.evil.test/m.gguf",
        "file:///etc/passwd"
      })
  void whatCannotBeASourceIsRefused(String text) {
    assertThatThrownBy(() -> Source.parse(text)).isInstanceOf(FolkmootException.class);
  }

  @Test
  void longTextsAreRefusedBeforeTheyAreLookedAt() {
    assertThatThrownBy(() -> Source.parse("hf:" + "a".repeat(5000)))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("longer than");
  }

  @Test
  void namesKeepToLettersThatEveryFileSystemTakes() {
    assertThat(ModelName.parse("SmolLM2:135M", "latest")).hasToString("smollm2:135m");
    assertThat(ModelName.parse("a", "latest")).hasToString("a:latest");
    assertThat(ModelName.ofFile("SmolLM2 135M (new).Q4_1.GGUF"))
        .hasToString("smollm2-135m-new-.q4_1:latest");
    assertThat(ModelName.ofFile("…")).hasToString("model:latest");
    for (String bad :
        new String[] {"", ":", "a:", ":b", "a:b:c", "a/b", "..", "a b", "hf:x", "pip", "é", "-a"}) {
      assertThatThrownBy(() -> ModelName.parse(bad, "latest"))
          .as(bad)
          .isInstanceOf(FolkmootException.class);
    }
  }
}
