package org.folkmoot.ledger.provenance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A manifest as a CycloneDX 1.6 bill of materials (ML-BOM). The same manifest gives the same bytes:
 * the serial number follows from the files, and there is no date.
 */
public final class MlBom {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Looks like an identifier of SPDX's list; others are told as names. */
  private static final Pattern SPDX =
      Pattern.compile("(?i)(apache-2\\.0|mit|bsd-[23]-clause|cc0-1\\.0|cc-by(-sa|-nc)?-4\\.0)");

  private MlBom() {}

  /** The document. */
  public static byte[] of(ModelManifest manifest) {
    ObjectNode bom = JSON.createObjectNode();
    bom.put("bomFormat", "CycloneDX").put("specVersion", "1.6");
    bom.put("serialNumber", "urn:uuid:" + UUID.nameUUIDFromBytes(manifest.toJson()));
    bom.put("version", 1);
    ObjectNode model = bom.putObject("metadata").putObject("component");
    describe(model, manifest);
    ArrayNode components = bom.putArray("components");
    for (ModelManifest.ModelFile file : manifest.files()) {
      ObjectNode each = components.addObject();
      each.put("type", "file").put("bom-ref", "file:" + file.name()).put("name", file.name());
      hash(each, file.sha256());
      property(each.putArray("properties"), "folkmoot:bytes", Long.toString(file.bytes()));
    }
    int number = 0;
    for (ModelManifest.Origin base : manifest.base()) {
      origin(components.addObject(), "machine-learning-model", "base:" + number++, base);
    }
    number = 0;
    for (ModelManifest.Origin dataset : manifest.datasets()) {
      origin(components.addObject(), "data", "dataset:" + number++, dataset);
    }
    ArrayNode dependsOn =
        bom.putArray("dependencies").addObject().put("ref", "model").putArray("dependsOn");
    for (int i = 0; i < components.size(); i++) {
      dependsOn.add(components.get(i).get("bom-ref").asText());
    }
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(bom);
    } catch (JsonProcessingException ofOurs) {
      throw new IllegalStateException("a bill that is no JSON", ofOurs);
    }
  }

  private static void describe(ObjectNode model, ModelManifest manifest) {
    model.put("type", "machine-learning-model").put("bom-ref", "model");
    model.put("name", manifest.name());
    if (manifest.files().size() == 1) {
      hash(model, manifest.files().getFirst().sha256());
    }
    licence(model, manifest.licence());
    if (!manifest.authors().isEmpty()) {
      ArrayNode authors = model.putArray("authors");
      manifest.authors().forEach(author -> authors.addObject().put("name", author));
    }
    ObjectNode card = model.putObject("modelCard");
    if (!manifest.datasets().isEmpty()) {
      ArrayNode datasets = card.putObject("modelParameters").putArray("datasets");
      for (int i = 0; i < manifest.datasets().size(); i++) {
        datasets.addObject().put("ref", "dataset:" + i);
      }
    }
    if (!manifest.evaluations().isEmpty()) {
      ArrayNode metrics = card.putObject("quantitativeAnalysis").putArray("performanceMetrics");
      for (ModelManifest.Evaluation one : manifest.evaluations()) {
        metrics
            .addObject()
            .put("type", one.metric())
            .put("value", one.value())
            .put("slice", one.benchmark());
      }
    }
    ArrayNode properties = model.putArray("properties");
    property(properties, "folkmoot:kind", manifest.kind().name().toLowerCase(Locale.ROOT));
    if (manifest.recipe() != null) {
      property(properties, "folkmoot:recipe", manifest.recipe().name());
      property(properties, "folkmoot:recipe:sha256", String.valueOf(manifest.recipe().sha256()));
    }
    for (ModelManifest.Adoption vote : manifest.adoptions()) {
      property(
          properties,
          "folkmoot:adopted",
          "%s by %s, proposal %s".formatted(vote.date(), vote.moot(), vote.proposal()));
    }
  }

  private static void origin(
      ObjectNode component, String type, String reference, ModelManifest.Origin origin) {
    component.put("type", type).put("bom-ref", reference).put("name", origin.name());
    String hash = String.valueOf(origin.sha256());
    if (!hash.isEmpty()) {
      hash(component, hash);
    }
    licence(component, String.valueOf(origin.licence()));
    String url = String.valueOf(origin.url());
    if (isUrl(url)) {
      component
          .putArray("externalReferences")
          .addObject()
          .put("type", "distribution")
          .put("url", url);
    }
  }

  private static boolean isUrl(String text) {
    try {
      return !text.isEmpty() && new URI(text).getHost() != null;
    } catch (URISyntaxException malformed) {
      return false;
    }
  }

  private static void hash(ObjectNode component, String sha256) {
    component.putArray("hashes").addObject().put("alg", "SHA-256").put("content", sha256);
  }

  private static void licence(ObjectNode component, String licence) {
    if (!licence.isEmpty()) {
      boolean known = SPDX.matcher(licence).matches();
      component
          .putArray("licenses")
          .addObject()
          .putObject("license")
          .put(known ? "id" : "name", known ? spelled(licence) : licence);
    }
  }

  /** As SPDX's list spells it, which the schema insists on. */
  private static String spelled(String licence) {
    String lower = licence.toLowerCase(Locale.ROOT);
    return switch (lower) {
      case "apache-2.0" -> "Apache-2.0";
      case "bsd-2-clause" -> "BSD-2-Clause";
      case "bsd-3-clause" -> "BSD-3-Clause";
      default -> lower.toUpperCase(Locale.ROOT);
    };
  }

  private static void property(ArrayNode properties, String name, String value) {
    properties.addObject().put("name", name).put("value", value);
  }
}
