package org.folkmoot.cli;

import org.folkmoot.session.LanguageModel;
import org.folkmoot.store.StoredModel;

/** What {@code serve} computes with: this process. */
final class LocalEngine implements ServeCommand.Engine {
  private final Surroundings surroundings;

  LocalEngine(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public void selfTest() {
    ModelOpener.selfTest();
  }

  @Override
  public LanguageModel open(StoredModel model, ModelOpener.Settings settings) {
    return ModelOpener.openShowing(surroundings, model, settings);
  }
}
