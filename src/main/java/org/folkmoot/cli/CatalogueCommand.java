package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.folkmoot.base.ByteCount;
import org.folkmoot.store.Catalogue;
import org.folkmoot.store.ModelStore;
import org.folkmoot.store.Source;
import org.folkmoot.store.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what can be pulled by name. */
@Command(
    name = "catalogue",
    aliases = "models",
    description = "List the models that can be pulled by name.")
final class CatalogueCommand implements Callable<Integer> {
  private static final String PINNED_LATER = "pinned at first pull";

  private final Surroundings surroundings;

  @Mixin private JsonOption json;

  CatalogueCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Console console = surroundings.console();
    ModelStore store = Models.store(surroundings);
    Set<String> here =
        store.list().stream().map(StoredModel::name).collect(Collectors.toUnmodifiableSet());
    List<Catalogue.Entry> entries = store.catalogue().entries();
    if (json.isWished()) {
      List<Map<String, Object>> models = new ArrayList<>();
      entries.forEach(entry -> models.add(json(entry, here.contains(entry.name()))));
      JsonOutput.print(console, Map.of("models", models));
      return ExitStatus.OK;
    }
    Table table = new Table("NAME", "PARAMS", "FORMAT", "SIZE", "LICENCE", "SHA-256", "HERE");
    for (Catalogue.Entry entry : entries) {
      String hash = entry.sha256();
      table.row(
          entry.name(),
          entry.parameters(),
          entry.quantisation(),
          (hash == null ? "~" : "") + ByteCount.text(entry.size()),
          entry.licence(),
          hash == null ? PINNED_LATER : Models.shortHash(hash),
          here.contains(entry.name()) ? "yes" : "");
    }
    table.print(console);
    if (entries.stream().anyMatch(entry -> entry.sha256() == null)) {
      console.note(
          "\""
              + PINNED_LATER
              + "\": the project could not check that file. The hash that your first pull sees is"
              + " kept, and another one is refused from then on.");
    }
    return ExitStatus.OK;
  }

  private static Map<String, Object> json(Catalogue.Entry entry, boolean here) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", entry.name());
    fields.put("family", entry.family());
    fields.put("parameters", entry.parameters());
    fields.put("quantisation", entry.quantisation());
    fields.put("licence", entry.licence());
    fields.put("size", entry.size());
    fields.put("sizeIsExact", entry.sha256() != null);
    fields.put("sha256", entry.sha256());
    fields.put("sources", entry.sources().stream().map(Source::label).toList());
    fields.put("here", here);
    return fields;
  }
}
