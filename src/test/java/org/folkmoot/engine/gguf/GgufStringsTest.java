package org.folkmoot.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GgufStringsTest {
  @Test
  void stringsComeBack() {
    GgufStrings strings = GgufStrings.of("", "▁the", "é😀", "");
    assertThat(strings.size()).isEqualTo(4);
    assertThat(strings.toArray()).containsExactly("", "▁the", "é😀", "");
    assertThat(strings.get(2)).isEqualTo("é😀");
    assertThat(strings.starts()).containsExactly(0, 0, 6, 12, 12);
    assertThat(new String(strings.utf8(), StandardCharsets.UTF_8)).isEqualTo("▁theé😀");
    assertThat(GgufStrings.of().toArray()).isEmpty();
  }

  @Test
  void indexesAreChecked() {
    GgufStrings strings = GgufStrings.of("a");
    for (int index : new int[] {-1, 1, Integer.MAX_VALUE}) {
      assertThatThrownBy(() -> strings.get(index)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void metadataMadeByHandMayHoldObjects() {
    GgufMetadata metadata = new GgufMetadata(Map.of("key", new String[] {"a", "b"}));
    assertThat(metadata.packedStrings("key").orElseThrow().toArray()).containsExactly("a", "b");
    assertThat(metadata.strings("key").orElseThrow()).containsExactly("a", "b");
  }

  @Test
  void bytesThatAreNotUtf8AreReplacedOnlyWhereTheyAreRead() {
    GgufStrings strings =
        new GgufStrings(new byte[] {'a', (byte) 0xFF, 'b', 'z'}, new int[] {0, 3});
    assertThat(strings.toArray()).containsExactly("a\ufffdb");
  }
}
