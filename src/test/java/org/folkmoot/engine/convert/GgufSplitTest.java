package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.ReferenceModel;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in several files. */
public class GgufSplitTest {
  private static final int[] IDS = {1, 300, 7};

  @TempDir Path folder;
  private Path whole;

  @BeforeEach
  void makeModel() {
    whole = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
  }

  /** Splits a model as llama.cpp does: all keys in the first part, the tensors in turn. */
  public static List<Path> split(Path whole, Path folder, int count) throws IOException {
    List<Path> parts = new ArrayList<>();
    try (GgufFile file = GgufFile.open(whole)) {
      List<GgufTensor> tensors = List.copyOf(file.tensors().values());
      for (int part = 0; part < count; part++) {
        GgufWriter writer = new GgufWriter();
        if (part == 0) {
          file.metadata().keys().forEach(key -> writer.raw(key, file.rawValue(key)));
        }
        writer
            .put("split.no", part)
            .put("split.count", count)
            .put("split.tensors.count", tensors.size());
        int each = (tensors.size() + count - 1) / count;
        int end = Math.min(tensors.size(), (part + 1) * each);
        for (GgufTensor tensor : tensors.subList(Math.min(part * each, end), end)) {
          long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
          byte[] bytes = file.data(tensor).toArray(ValueLayout.JAVA_BYTE);
          writer.tensor(tensor.name(), tensor.type(), shape, out -> out.write(bytes));
        }
        Path path = folder.resolve("m-%05d-of-%05d.gguf".formatted(part + 1, count));
        writer.write(path);
        parts.add(path);
      }
    }
    return parts;
  }

  @Test
  void anyPartOpensAll() throws IOException {
    List<Path> parts = split(whole, folder, 3);
    for (Path part : parts) {
      try (GgufFile one = GgufFile.open(whole);
          GgufFile all = GgufFile.open(part)) {
        assertThat(all.path()).isEqualTo(parts.getFirst());
        assertThat(all.tensors().keySet()).isEqualTo(one.tensors().keySet());
        for (GgufTensor tensor : one.tensors().values()) {
          GgufTensor other = all.tensor(tensor.name()).orElseThrow();
          assertThat(all.data(other).toArray(ValueLayout.JAVA_BYTE))
              .isEqualTo(one.data(tensor).toArray(ValueLayout.JAVA_BYTE));
        }
        assertThat(new ReferenceModel(all).logits(IDS))
            .isEqualTo(new ReferenceModel(one).logits(IDS));
      }
    }
  }

  @Test
  void partsPutTogetherAreTheFile() throws IOException {
    List<Path> parts = split(whole, folder, 4);
    Path merged = folder.resolve("merged.gguf");
    try (GgufFile file = GgufFile.openParts(parts)) {
      GgufMerge.write(file, merged, _ -> {});
    }
    assertThat(merged).hasSameBinaryContentAs(whole);
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    List<Path> parts = split(whole, folder, 3);
    Files.delete(parts.get(1));
    refuses(Code.NOT_FOUND, "m-00002-of-00003.gguf is missing", parts.get(0));
    refuses(Code.NOT_FOUND, "m-00002-of-00003.gguf is missing", parts.get(2));
  }

  @Test
  void mixedUpPartsAreRefused() throws IOException {
    List<Path> parts = split(whole, folder, 3);
    Path renamed = folder.resolve("other.gguf");
    Files.copy(parts.get(1), renamed);
    refuses(Code.BAD_FILE, "one of 3 parts", renamed);
    Files.copy(parts.get(0), folder.resolve("n-00001-of-00003.gguf"));
    Files.copy(parts.get(2), folder.resolve("n-00002-of-00003.gguf"));
    Files.copy(parts.get(1), folder.resolve("n-00003-of-00003.gguf"));
    refuses(Code.BAD_FILE, "mixed up", folder.resolve("n-00001-of-00003.gguf"));
  }

  private static void refuses(Code code, String message, Path path) {
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> GgufFile.open(path))
        .withMessageContaining(message)
        .satisfies(refused -> assertThat(refused.code()).isEqualTo(code));
  }
}
