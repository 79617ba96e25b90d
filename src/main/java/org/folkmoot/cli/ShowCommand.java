package org.folkmoot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.ByteCount;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.ledger.provenance.ModelManifest;
import org.folkmoot.store.HashOrigin;
import org.folkmoot.store.ModelStore;
import org.folkmoot.store.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a model is. */
@Command(name = "show", description = "Show what a model is.")
final class ShowCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(paramLabel = "MODEL", description = "A name, as 'ls' shows it, or a file.")
  private String reference;

  @Option(names = "--template", description = "Print its chat template and nothing else.")
  private boolean templateOnly;

  @Option(
      names = "--verify",
      description = "Hash the file anew: exit status 1 if it is not what it was.")
  private boolean verify;

  @Mixin private ProvenanceOptions provenance;

  @Mixin private JsonOption json;

  ShowCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Console console = surroundings.console();
    ModelStore store = Models.store(surroundings);
    StoredModel model = store.require(reference);
    ModelSummary summary;
    ModelManifest manifest;
    try (GgufFile file = GgufFile.open(model.path())) {
      summary = ModelSummary.of(file);
      manifest = Manifests.of(surroundings.home(), model, file);
    }
    if (provenance.areWished()) {
      manifest = LedgerEvidence.add(surroundings, manifest, model.sha256());
      provenance.carryOut(manifest, console, new SecureRandom());
      if (provenance.isShown() && json.isWished()) {
        console.out().println(new String(manifest.toJson(), UTF_8));
      } else if (provenance.isShown()) {
        Manifests.print(console, manifest);
      }
      return ExitStatus.OK;
    }
    if (templateOnly) {
      console.out().print(PlainText.of(summary.template()));
      return ExitStatus.OK;
    }
    boolean holds = true;
    if (verify) {
      try (PullProgress progress = new PullProgress(surroundings)) {
        holds = store.verify(model, progress);
      }
    }
    if (json.isWished()) {
      JsonOutput.print(console, json(model, summary, holds));
    } else {
      print(console, model, summary);
    }
    if (!holds) {
      console.note(
          console.errStyle().bad("folkmoot:")
              + " the file is not what it was: call 'folkmoot rm' and 'folkmoot pull' for it");
    } else if (verify) {
      console.note("the file has the hash it should have");
    }
    return holds ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private static void print(Console console, StoredModel model, ModelSummary summary) {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("architecture", summary.architecture());
    lines.put("parameters", String.format("%,d", summary.parameters()));
    lines.put("quantisation", summary.quantisation());
    lines.put("context", String.format("%,d tokens", summary.contextLength()));
    lines.put("layers", Long.toString(summary.layers()));
    lines.put("embedding", Long.toString(summary.embeddingLength()));
    lines.put("vocabulary", String.format("%,d", summary.vocabulary()));
    lines.put("licence", licence(model, summary));
    lines.put(
        "template",
        summary.template().isEmpty()
            ? "none"
            : summary.template().length() + " characters ('show --template' prints it)");
    lines.put("digest", "sha256:" + model.sha256());
    lines.put("checked", checked(model.hashOrigin()));
    lines.put("source", model.source());
    lines.put("pulled", model.pulledAt().toString());
    lines.put("file", model.path() + " (" + ByteCount.text(model.size()) + ")");
    Style style = console.outStyle();
    console.out().println(style.strong(model.name()));
    lines.forEach((key, value) ->
        console
            .out()
            .println("  " + style.faint(String.format("%-14s", key)) + PlainText.of(value)));
  }

  private static String checked(HashOrigin origin) {
    return switch (origin) {
      case CATALOGUE -> "against the catalogue's hash";
      case FIRST_PULL -> "nobody promised a hash: pinned at the first pull";
      case OWN_FILE -> "a file of your own";
    };
  }

  private static String licence(StoredModel model, ModelSummary summary) {
    return model.licence().equals(StoredModel.UNKNOWN_LICENCE) && !summary.licence().isEmpty()
        ? summary.licence() + " (says the file)"
        : model.licence();
  }

  private Map<String, Object> json(StoredModel model, ModelSummary summary, boolean holds) {
    Map<String, Object> fields = Models.json(model);
    fields.put("licence", licence(model, summary));
    fields.put("architecture", summary.architecture());
    fields.put("parameters", summary.parameters());
    fields.put("quantisation", summary.quantisation());
    fields.put("contextLength", summary.contextLength());
    fields.put("layers", summary.layers());
    fields.put("embeddingLength", summary.embeddingLength());
    fields.put("vocabulary", summary.vocabulary());
    fields.put("template", summary.template().isEmpty() ? null : summary.template());
    if (verify) {
      fields.put("holds", holds);
    }
    return fields;
  }
}
