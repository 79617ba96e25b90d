package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.Optional;
import java.util.OptionalInt;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.EndSpans;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.LocalModel;
import org.folkmoot.session.OwnEnds;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/**
 * How a person wants the swarm to be asked.
 *
 * @param constraints which peers may answer
 * @param draft a model of this machine that drafts
 * @param ends layers at either end of the model that this machine computes itself
 */
record SwarmWish(RouteConstraints constraints, Optional<String> draft, OptionalInt ends) {
  /** Any peers, no model that drafts, and all of the model at others. */
  static final SwarmWish NONE =
      new SwarmWish(RouteConstraints.NONE, Optional.empty(), OptionalInt.empty());

  private static final String LOCAL = "local";

  /** Any peers, with what follows {@code --ends}. */
  static SwarmWish over(@Nullable String ends) {
    return new SwarmWish(RouteConstraints.NONE, Optional.empty(), ends(ends));
  }

  /** Room for the contexts of a draft model: a small model's of some ten thousand tokens. */
  private static final long DRAFT_KV_BYTES = 512L << 20;

  /**
   * Reads what follows {@code --ends}: {@code local}, or {@code local:2} for two layers each.
   *
   * @throws FolkmootException BAD_REQUEST if it is something else
   */
  static OptionalInt ends(@Nullable String text) {
    if (text == null) {
      return OptionalInt.empty();
    }
    if (text.equals(LOCAL)) {
      return OptionalInt.of(1);
    }
    try {
      int each =
          text.startsWith(LOCAL + ":") ? Integer.parseInt(text.substring(LOCAL.length() + 1)) : 0;
      if (each > 0) {
        return OptionalInt.of(each);
      }
    } catch (NumberFormatException malformed) {
      // Said below.
    }
    throw new FolkmootException(
        BAD_REQUEST, "--ends looks like 'local', or 'local:2' for two layers at either end");
  }

  /**
   * Loads the ends of a model of the swarm, if they are to be here.
   *
   * @param resources threads, and memory for contexts
   * @throws FolkmootException NOT_FOUND if this machine lacks the model's file; BAD_REQUEST if the
   *     model has too few layers
   */
  Optional<EndSpans> openEnds(
      Surroundings surroundings, SwarmNode node, SwarmModel model, ModelOpener.Settings resources) {
    if (ends.isEmpty()) {
      return Optional.empty();
    }
    StoredModel stored =
        Models.store(surroundings).list().stream()
            .filter(each -> each.sha256().equals(model.digest()))
            .findFirst()
            .orElseThrow(() ->
                new FolkmootException(
                    NOT_FOUND,
                    "--ends local needs the model's file on this machine, and %s is not here: 'folkmoot pull' it, or leave --ends out"
                        .formatted(PlainText.line(model.name(), 60))));
    ModelOpener.selfTest();
    EndSpans spans;
    try (LoadingLine line = new LoadingLine(surroundings, stored.name())) {
      spans =
          EndSpans.start(
              node,
              new EndSpans.Wish(
                  stored.sha256(),
                  stored.path(),
                  ends.getAsInt(),
                  resources.threads(),
                  resources.kvBytes(),
                  KeptWeights.of(surroundings, stored.sha256())),
              line);
    }
    surroundings.console().note(faint(surroundings, stored.name(), spans.ends()));
    return Optional.of(spans);
  }

  private static String faint(Surroundings surroundings, String name, OwnEnds ends) {
    return surroundings
        .console()
        .errStyle()
        .faint(
            "both ends of %s are computed here, as %s, %d of its %d layers: peers see hidden states and no tokens, which is no encryption"
                .formatted(name, ends.at(), 2 * ends.each(), ends.layers()));
  }

  /**
   * Opens the model that drafts, if one is wished.
   *
   * @param answers for how many at a time it is to draft
   */
  Optional<LocalModel> openDraft(Surroundings surroundings, int contextLength, int answers) {
    return draft.map(name ->
        ModelOpener.openShowing(
            surroundings,
            Models.find(surroundings, name),
            new ModelOpener.Settings(
                Runtime.getRuntime().availableProcessors(),
                contextLength,
                DRAFT_KV_BYTES,
                answers)));
  }
}
