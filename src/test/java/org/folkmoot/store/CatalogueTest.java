package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

/** The catalogue that ships with the program. */
class CatalogueTest {
  private final Catalogue catalogue = Catalogue.ofProject();

  @Test
  void theModelOfTheReadmeIsThereWithItsHash() {
    Catalogue.Entry entry = catalogue.find("smollm2:135m").orElseThrow();
    String hash = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
    assertThat(entry.sha256()).isEqualTo(hash);
    assertThat(entry.size()).isEqualTo(98_362_432);
    assertThat(entry.licence()).isEqualTo("Apache-2.0");
    assertThat(entry.sources().getFirst()).isInstanceOf(Source.PythonPackage.class);
    assertThat(catalogue.findByHash(hash)).contains(entry);
    // The bare name means the first of its family.
    assertThat(catalogue.find("SmolLM2")).contains(entry);
  }

  @Test
  void namesAreUnique() {
    assertThat(new HashSet<>(catalogue.names())).hasSize(catalogue.entries().size());
    assertThat(catalogue.find("smollm2:135")).isEmpty();
    assertThat(catalogue.find("smoll")).isEmpty();
  }

  @Test
  void anIncompleteEntryBreaksTheBuild() {
    assertThatThrownBy(() -> read("{\"models\": [{\"name\": \"x:1\"}]}"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> read("{}")).isInstanceOf(IllegalArgumentException.class);
  }

  private static Catalogue read(String json) throws IOException {
    try (InputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
      return Catalogue.read(in);
    }
  }
}
