package org.folkmoot.cli;

import java.util.Optional;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.LocalModel;

/**
 * How a person wants the swarm to be asked.
 *
 * @param constraints which peers may answer
 * @param draft a model of this machine that drafts
 */
record SwarmWish(RouteConstraints constraints, Optional<String> draft) {
  /** Any peers, and no model that drafts. */
  static final SwarmWish NONE = new SwarmWish(RouteConstraints.NONE, Optional.empty());

  /** Room for the contexts of a draft model: a small model's of some ten thousand tokens. */
  private static final long DRAFT_KV_BYTES = 512L << 20;

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
