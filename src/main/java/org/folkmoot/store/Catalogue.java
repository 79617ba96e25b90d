package org.folkmoot.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The models that the project knows by name, in the order of {@code catalogue.json}: of several
 * with one family the first is what the bare family name means.
 *
 * @param entries the models
 */
public record Catalogue(List<Entry> entries) {
  private static final String RESOURCE = "catalogue.json";

  /**
   * A model that can be pulled by name.
   *
   * @param name the whole name, {@code smollm2:135m}
   * @param family the architecture family, for people
   * @param parameters how many, for people: {@code 135M}
   * @param quantisation the weights' format, for people: {@code Q4_1}
   * @param licence an SPDX identifier or a licence's name
   * @param size the file's bytes: exact where the hash is known, else about right
   * @param sha256 the hash that the file must have; null if it is pinned at the first pull
   * @param sources where to get it, in the order to try
   */
  public record Entry(
      String name,
      String family,
      String parameters,
      String quantisation,
      String licence,
      long size,
      @Nullable String sha256,
      List<Source> sources) {
    /** Checks what must hold of every entry. */
    public Entry {
      sources = List.copyOf(sources);
      if (!ModelName.parse(name, "").toString().equals(name)) {
        throw new IllegalArgumentException("not a whole model name: " + name);
      }
      if (sources.isEmpty() || size <= 0 || (sha256 != null && !Sha256.isHash(sha256))) {
        throw new IllegalArgumentException("incomplete catalogue entry: " + name);
      }
    }
  }

  /** Copies the list. */
  public Catalogue {
    entries = List.copyOf(entries);
  }

  /** The catalogue that came with the program. */
  static Catalogue ofProject() {
    try (InputStream in = Catalogue.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is missing from the build");
      }
      return read(in);
    } catch (IOException damaged) {
      throw new UncheckedIOException(damaged);
    }
  }

  static Catalogue read(InputStream json) throws IOException {
    List<Entry> entries = new ArrayList<>();
    for (JsonNode node : new ObjectMapper().readTree(json).required("models")) {
      List<Source> sources = new ArrayList<>();
      for (JsonNode source : node.required("sources")) {
        sources.add(Source.parse(source.asText()).orElseThrow());
      }
      entries.add(
          new Entry(
              node.required("name").asText(),
              node.required("family").asText(),
              node.required("parameters").asText(),
              node.required("quantisation").asText(),
              node.required("licence").asText(),
              node.required("size").asLong(),
              node.path("sha256").asText(null),
              sources));
    }
    return new Catalogue(entries);
  }

  /** The entry of a name; without a tag, the first of that family. */
  Optional<Entry> find(String name) {
    String wanted = name.toLowerCase(Locale.ROOT);
    boolean tagged = ModelName.hasTag(wanted);
    return entries.stream()
        .filter(entry -> tagged ? entry.name.equals(wanted) : entry.name.startsWith(wanted + ":"))
        .findFirst();
  }

  /** The entry whose file has this hash. */
  Optional<Entry> findByHash(String sha256) {
    return entries.stream().filter(entry -> sha256.equals(entry.sha256)).findFirst();
  }

  List<String> names() {
    return entries.stream().map(Entry::name).toList();
  }
}
