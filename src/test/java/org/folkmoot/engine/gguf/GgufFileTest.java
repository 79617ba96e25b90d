package org.folkmoot.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.SharedModels;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files on disk: written and read back, missing, of another kind, and real ones. */
class GgufFileTest {
  @TempDir Path folder;

  @Test
  void readsBackWhatTheWriterWrote() throws IOException {
    Path path = folder.resolve("all.gguf");
    GgufWriter writer =
        new GgufWriter()
            .put("an.int", Integer.MAX_VALUE)
            .put("a.long", 1L << 40)
            .put("a.float", 1e-6f)
            .put("a.truth", true)
            .put("a.text", "zwölf\n🌊")
            .put("texts", new String[] {"", "▁a"})
            .put("ints", new int[] {Integer.MIN_VALUE, 0, Integer.MAX_VALUE})
            .put("floats", new float[] {-0f, Float.MIN_VALUE, 3});
    for (TensorType type : TensorType.values()) {
      byte[] data = content(type);
      writer.tensor(type.name(), type, new long[] {256, 3}, out -> out.write(data));
    }
    writer.write(path);

    try (GgufFile file = GgufFile.open(path)) {
      GgufMetadata metadata = file.metadata();
      assertThat(metadata.keys())
          .containsExactly(
              "an.int", "a.long", "a.float", "a.truth", "a.text", "texts", "ints", "floats");
      assertThat(metadata.integer("an.int")).hasValue(Integer.MAX_VALUE);
      assertThat(metadata.integer("a.long")).hasValue(1L << 40);
      assertThat(metadata.number("a.float")).hasValue(1e-6f);
      assertThat(metadata.bool("a.truth")).contains(true);
      assertThat(metadata.string("a.text")).contains("zwölf\n🌊");
      assertThat(metadata.strings("texts").orElseThrow()).containsExactly("", "▁a");
      assertThat(metadata.integers("ints").orElseThrow())
          .containsExactly(Integer.MIN_VALUE, 0, Integer.MAX_VALUE);
      assertThat(metadata.floats("floats").orElseThrow()).containsExactly(-0f, Float.MIN_VALUE, 3);
      for (TensorType type : TensorType.values()) {
        GgufTensor tensor = file.tensor(type.name()).orElseThrow();
        assertThat(tensor.type()).isEqualTo(type);
        assertThat(tensor.shape()).isEqualTo(List.of(256L, 3L));
        assertThat(tensor.offset() % 32).isZero();
        assertThat(file.data(tensor).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(content(type));
      }
      assertThat(file.tensor("absent")).isEmpty();
    }
    assertThat(Files.size(path) % 32).isZero();
  }

  private static byte[] content(TensorType type) {
    byte[] data = new byte[(int) type.rowBytes(256) * 3];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) (i * 31 + type.ggmlId());
    }
    return data;
  }

  @Test
  void theSameCallsGiveTheSameBytes() throws IOException {
    for (String name : List.of("a", "b")) {
      new GgufWriter().put("k", "v").put("n", 3).write(folder.resolve(name));
    }
    assertThat(folder.resolve("a")).hasSameBinaryContentAs(folder.resolve("b"));
  }

  @Test
  void theWriterRefusesWhatItCannotKeep() {
    GgufWriter writer = new GgufWriter();
    writer.tensor("t", TensorType.F32, new long[] {1}, out -> out.write(new byte[5]));
    assertThatIllegalArgumentException().isThrownBy(() -> writer.put("k", new Object()));
    assertThatIllegalArgumentException().isThrownBy(() -> writer.put("k", -1));
    assertThatIllegalArgumentException().isThrownBy(() -> writer.put("general.alignment", 64));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.tensor("t", TensorType.F32, new long[] {1}, _ -> {}));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.tensor("u", TensorType.Q8_0, new long[] {33}, _ -> {}));
    assertThatIllegalStateException()
        .isThrownBy(() -> writer.write(folder.resolve("short.gguf")))
        .withMessageContaining("4 bytes, but 5 were written");
  }

  @Test
  void bytesAreGoneOnceClosed() throws IOException {
    Path path = Files.write(folder.resolve("v.gguf"), RawGguf.valid());
    GgufFile file = GgufFile.open(path);
    var data = file.data(file.tensor("output_norm.weight").orElseThrow());
    file.close();
    file.close();
    assertThatIllegalStateException().isThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void namesTheFileInEveryFault() throws IOException {
    assertThat(fault(folder.resolve("absent.gguf")))
        .hasMessageContaining("absent.gguf: there is no such file")
        .extracting(FolkmootException::code)
        .isEqualTo(Code.NOT_FOUND);
    assertThat(fault(folder)).hasMessageContaining("it is a folder");
    assertThat(fault(Files.createFile(folder.resolve("empty.gguf"))))
        .hasMessageStartingWith("empty.gguf: this is not a GGUF file");
    GgufParserTest.assertOneLine(fault(Files.createFile(folder.resolve("a\nb\u202e.gguf"))));
    GgufParserTest.assertOneLine(fault(folder.resolve("absent\n.gguf")));
  }

  @Test
  @Timeout(60)
  void doesNotWaitForAPipe() {
    Path device = Path.of("/dev/zero");
    Assumptions.assumeTrue(Files.exists(device), "SKIPPED: no device files here");
    assertThat(fault(device)).hasMessageContaining("not a regular file");
  }

  @Test
  void saysThatPermissionsForbid() throws IOException {
    Path path = Files.write(folder.resolve("secret.gguf"), RawGguf.valid());
    Assumptions.assumeTrue(
        Files.getFileStore(path).supportsFileAttributeView("posix"), "SKIPPED: no permissions");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("---------"));
    Assumptions.assumeFalse(Files.isReadable(path), "SKIPPED: this account may read everything");
    assertThat(fault(path)).hasMessageContaining("permissions");
  }

  @Test
  void opensEverySharedFile() throws IOException {
    Path vocab = SharedModels.folder("vocab");
    int opened = 0;
    try (Stream<Path> paths = Files.walk(vocab.resolveSibling(""))) {
      for (Path path : paths.filter(p -> p.toString().endsWith(".gguf")).toList()) {
        try (GgufFile file = GgufFile.open(path)) {
          assertThat(file.metadata().string("general.architecture")).isPresent();
          opened++;
        }
      }
    }
    assertThat(opened).isGreaterThanOrEqualTo(10);
  }

  private static FolkmootException fault(Path path) {
    return catchThrowableOfType(FolkmootException.class, () -> GgufFile.open(path).close());
  }
}
