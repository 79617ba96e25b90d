package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.session.LanguageModel;

/** Some fake models by name. */
final class FakeProvider implements ModelProvider {
  private final List<LanguageModel> models;
  private final AtomicInteger leases = new AtomicInteger();
  private volatile boolean ready = true;

  FakeProvider(LanguageModel... models) {
    this.models = Arrays.asList(models);
  }

  void ready(boolean value) {
    ready = value;
  }

  @Override
  public List<Available> available() {
    return models.stream().map(m -> new Available(m.name(), 1_700_000_000, "folk")).toList();
  }

  @Override
  public Lease open(String name) {
    LanguageModel model =
        models.stream()
            .filter(one -> one.name().equals(name))
            .findFirst()
            .orElseThrow(() -> unknown(name));
    leases.incrementAndGet();
    return new Lease() {
      @Override
      public LanguageModel model() {
        return model;
      }

      @Override
      public void close() {
        leases.decrementAndGet();
      }
    };
  }

  /** Models in use. */
  int leases() {
    return leases.get();
  }

  @Override
  public FolkmootException unknown(String name) {
    return new FolkmootException(
        NOT_FOUND, "there is no model of that name here: did you mean smollm2:135m?");
  }

  @Override
  public boolean ready() {
    return ready;
  }
}
