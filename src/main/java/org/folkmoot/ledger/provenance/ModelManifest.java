package org.folkmoot.ledger.provenance;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * Where a model or adapter comes from: its files, and whatever is known of what it was made of,
 * how, and how good it is. What a file says of itself is a claim, and no more.
 *
 * @param kind what it is
 * @param name as it is called here
 * @param files all of it, by name
 * @param licence SPDX's name where it has one; else whatever is claimed
 * @param authors who made it
 * @param base what it was made from
 * @param datasets what it was trained on
 * @param recipe how it was made, if that is recorded
 * @param evaluations how good it is
 * @param adoptions by which votes it was adopted
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ModelManifest(
    Kind kind,
    String name,
    List<ModelFile> files,
    String licence,
    List<String> authors,
    List<Origin> base,
    List<Origin> datasets,
    @Nullable Origin recipe,
    List<Evaluation> evaluations,
    List<Adoption> adoptions) {
  /** What it is. */
  public enum Kind {
    MODEL,
    ADAPTER
  }

  /** A split model has some dozens. */
  public static final int MAX_FILES = 10_000;

  /** Of each list but the files. */
  public static final int MAX_ITEMS = 1_000;

  /** Of a manifest's JSON. */
  public static final int MAX_BYTES = 4 << 20;

  private static final int MAX_TEXT = 4096;
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(16)
                          .maxStringLength(MAX_TEXT)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

  /**
   * A file.
   *
   * @param name relative, with slashes
   * @param sha256 hexadecimal
   * @param bytes its length
   */
  public record ModelFile(String name, String sha256, long bytes) {
    /** Checks the bounds. */
    public ModelFile {
      require(isText(name) && SHA256.matcher(sha256).matches() && bytes >= 0, "a file is none");
    }
  }

  /**
   * Something that a model was made of or by.
   *
   * @param name for people
   * @param sha256 hexadecimal; empty where nobody stated it
   * @param url where it is said to be; may be empty
   * @param licence may be empty
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Origin(
      String name, @Nullable String sha256, @Nullable String url, @Nullable String licence) {
    /** Checks the bounds. */
    public Origin {
      sha256 = sha256 == null ? "" : sha256;
      url = url == null ? "" : url;
      licence = licence == null ? "" : licence;
      require(
          isText(name)
              && (sha256.isEmpty() || SHA256.matcher(sha256).matches())
              && url.length() <= MAX_TEXT
              && licence.length() <= MAX_TEXT,
          "something that it was made of is out of bounds");
    }
  }

  /**
   * A measurement.
   *
   * @param benchmark which
   * @param metric what was measured
   * @param value as text, so that no digit is invented
   */
  public record Evaluation(String benchmark, String metric, String value) {
    /** Checks the bounds. */
    public Evaluation {
      require(isText(benchmark) && isText(metric) && isText(value), "an evaluation is none");
    }
  }

  /**
   * A vote that adopted it.
   *
   * @param moot whose
   * @param proposal the entry that proposed it, hexadecimal
   * @param date when it was enacted, ISO-8601
   */
  public record Adoption(String moot, String proposal, String date) {
    /** Checks the bounds. */
    public Adoption {
      require(isText(moot) && isText(proposal) && isText(date), "an adoption is none");
    }
  }

  /** Checks the bounds, copies, and puts the files in order. */
  public ModelManifest {
    files = orEmpty(files).stream().sorted(Comparator.comparing(ModelFile::name)).toList();
    authors = List.copyOf(orEmpty(authors));
    base = List.copyOf(orEmpty(base));
    datasets = List.copyOf(orEmpty(datasets));
    evaluations = List.copyOf(orEmpty(evaluations));
    adoptions = List.copyOf(orEmpty(adoptions));
    require(kind != null && isText(name), "it has no kind or no name");
    require(licence != null && licence.length() <= MAX_TEXT, "it has no licence");
    require(!files.isEmpty() && files.size() <= MAX_FILES, "it has no files, or too many");
    require(
        files.stream().map(ModelFile::name).distinct().count() == files.size(),
        "it names a file twice");
    for (List<?> list : List.of(authors, base, datasets, evaluations, adoptions)) {
      require(list.size() <= MAX_ITEMS, "it has too many parts");
    }
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  private static boolean isText(@Nullable String text) {
    return text != null && !text.isEmpty() && text.length() <= MAX_TEXT;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what);
    }
  }

  /** The same, made of this, by this, with these evaluations. */
  public ModelManifest with(
      List<Origin> madeOf, List<Origin> data, @Nullable Origin how, List<Evaluation> measured) {
    return new ModelManifest(
        kind, name, files, licence, authors, madeOf, data, how, measured, adoptions);
  }

  /** The same, adopted by these votes, too. */
  public ModelManifest adoptedBy(List<Adoption> more) {
    List<Adoption> all = new ArrayList<>(adoptions);
    more.stream().filter(one -> !all.contains(one)).forEach(all::add);
    return new ModelManifest(
        kind,
        name,
        files,
        licence,
        authors,
        base,
        datasets,
        recipe,
        evaluations,
        all.subList(0, Math.min(all.size(), MAX_ITEMS)));
  }

  /** As JSON, its fields in their order. */
  public byte[] toJson() {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
    } catch (JsonProcessingException ofOurs) {
      throw new IllegalStateException("a manifest that is no JSON", ofOurs);
    }
  }

  /**
   * What {@link #toJson} wrote, or somebody by hand.
   *
   * @throws FolkmootException BAD_FILE if it is no manifest
   */
  public static ModelManifest parse(byte[] json) {
    try {
      if (json.length <= MAX_BYTES) {
        ModelManifest read = JSON.readValue(json, ModelManifest.class);
        if (read != null) {
          return read;
        }
      }
    } catch (IOException malformed) {
      throw new FolkmootException(
          BAD_FILE, "this is no manifest of a model: " + firstLine(malformed), malformed);
    }
    throw new FolkmootException(BAD_FILE, "this is no manifest of a model");
  }

  private static String firstLine(IOException malformed) {
    String message =
        malformed instanceof JsonProcessingException json
            ? json.getOriginalMessage()
            : malformed.getMessage();
    return String.valueOf(message).lines().findFirst().orElse("").replaceAll("\\p{Cntrl}", "?");
  }
}
