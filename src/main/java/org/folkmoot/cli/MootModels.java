package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.folkmoot.api.ModelProvider;
import org.folkmoot.base.FolkmootException;

/**
 * A node's models, with one more name for the one that its moot has adopted: whatever that is when
 * it is asked for.
 */
final class MootModels implements ModelProvider {
  private final Surroundings surroundings;
  private final ModelProvider models;
  private final Supplier<MootDefaults> defaults;

  MootModels(Surroundings surroundings, ModelProvider models, Supplier<MootDefaults> defaults) {
    this.surroundings = surroundings;
    this.models = models;
    this.defaults = defaults;
  }

  @Override
  public List<Available> available() {
    List<Available> all = new ArrayList<>(models.available());
    MootDefaults now = defaults.get();
    if (now.model().isPresent()) {
      long asked = surroundings.clock().instant().getEpochSecond();
      all.add(new Available(ModelChoice.MOOT, asked, now.moot()));
    }
    return all;
  }

  @Override
  public Lease open(String name) {
    MootDefaults now = defaults.get();
    if (!name.equals(ModelChoice.MOOT) || now.model().isEmpty()) {
      return models.open(name);
    }
    ModelChoice choice = ModelChoice.of(surroundings, name, List.of(), now);
    Lease lease = models.open(choice.reference());
    try {
      choice.check(lease.model());
      return lease;
    } catch (FolkmootException another) {
      lease.close();
      throw another;
    }
  }

  @Override
  public FolkmootException unknown(String name) {
    return models.unknown(name);
  }

  @Override
  public boolean ready() {
    return models.ready();
  }
}
