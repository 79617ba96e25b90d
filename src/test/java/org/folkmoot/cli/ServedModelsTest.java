package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.folkmoot.api.ModelProvider.Lease;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.store.HashOrigin;
import org.folkmoot.store.StoredModel;
import org.junit.jupiter.api.Test;

/** Which models a server offers, opens and closes. */
class ServedModelsTest {
  private final List<String> log = new ArrayList<>();
  private final List<StoredModel> stored =
      List.of(
          stored("smollm2:135m", "hf:HuggingFaceTB/SmolLM2/model.gguf"),
          stored("smollm2:360m", "./x.gguf"),
          stored("tiny:latest", "./y.gguf"),
          stored("broken:latest", "./z.gguf"));

  private static StoredModel stored(String name, String source) {
    return new StoredModel(
        name,
        Path.of("x"),
        "ab".repeat(32),
        1,
        "mit",
        source,
        Instant.ofEpochSecond(1_700_000_000),
        HashOrigin.CATALOGUE);
  }

  private ServedModels models(int mostOpen) {
    return new ServedModels(() -> stored, this::open, mostOpen);
  }

  private LanguageModel open(StoredModel model) {
    log.add("open " + model.name());
    if (model.name().startsWith("broken")) {
      throw new FolkmootException(BAD_FILE, "damaged");
    }
    return (LanguageModel)
        Proxy.newProxyInstance(
            LanguageModel.class.getClassLoader(),
            new Class<?>[] {LanguageModel.class},
            (proxy, method, args) -> {
              if (method.getName().equals("close")) {
                log.add("close " + model.name());
              }
              return method.getName().equals("name") ? model.name() : null;
            });
  }

  @Test
  void theyAreListedWithTheirOrigin() {
    assertThat(models(3).available())
        .extracting(one -> one.name() + " " + one.created() + " " + one.owner())
        .startsWith("smollm2:135m 1700000000 HuggingFaceTB", "smollm2:360m 1700000000 local");
  }

  @Test
  void eachIsOpenedOnceAndStaysOpen() {
    try (ServedModels models = models(3)) {
      try (Lease one = models.open("smollm2:135m");
          Lease two = models.open("smollm2:135m")) {
        assertThat(one.model()).isSameAs(two.model());
      }
      models.open("tiny").close();
      models.open("tiny:latest").close();
      assertThat(log).containsExactly("open smollm2:135m", "open tiny:latest");
    }
    assertThat(log).endsWith("close smollm2:135m", "close tiny:latest");
  }

  @Test
  void theOneThatIdledLongestMakesRoom() {
    try (ServedModels models = models(2)) {
      models.open("smollm2:135m").close();
      models.open("tiny").close();
      models.open("smollm2:135m").close();
      models.open("smollm2:360m").close();
      assertThat(log)
          .containsExactly(
              "open smollm2:135m", "open tiny:latest", "close tiny:latest", "open smollm2:360m");
    }
  }

  @Test
  void whatIsInUseIsNotClosed() {
    try (ServedModels models = models(1)) {
      try (Lease lease = models.open("tiny")) {
        assertThat(lease.model().name()).isEqualTo("tiny:latest");
        assertThatThrownBy(() -> models.open("smollm2:135m"))
            .isInstanceOfSatisfying(
                FolkmootException.class, e -> assertThat(e.code()).isEqualTo(BUSY));
      }
      models.open("smollm2:135m").close();
      assertThat(log).containsExactly("open tiny:latest", "close tiny:latest", "open smollm2:135m");
    }
  }

  @Test
  void namesThatAreNotOfferedSuggestThoseThatAre() {
    try (ServedModels models = models(3)) {
      assertNotFound(models, "smollm2:136m", "did you mean 'smollm2:135m'");
      assertNotFound(models, "smollm2", "did you mean");
      assertNotFound(models, "./x.gguf", "there is no model './x.gguf' here");
      assertNotFound(models, "x".repeat(1000), "there is no model of that name here");
    }
  }

  private static void assertNotFound(ServedModels models, String name, String message) {
    assertThatThrownBy(() -> models.open(name))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            FolkmootException.class, e -> assertThat(e.code()).isEqualTo(NOT_FOUND));
  }

  @Test
  void whatDoesNotOpenIsTriedAgainAndTakesNoPlace() {
    try (ServedModels models = models(1)) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> models.open("broken"))
            .isInstanceOfSatisfying(
                FolkmootException.class, e -> assertThat(e.code()).isEqualTo(BAD_FILE));
      }
      models.open("tiny").close();
      assertThat(log)
          .containsExactly("open broken:latest", "open broken:latest", "open tiny:latest");
    }
  }

  @Test
  void manyWhoAskAtOnceShareOneOpening() throws Exception {
    try (ServedModels models = models(3);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<LanguageModel>> all = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        all.add(
            threads.submit(() -> {
              try (Lease lease = models.open("tiny")) {
                return lease.model();
              }
            }));
      }
      for (Future<LanguageModel> one : all) {
        assertThat(one.get()).isSameAs(all.getFirst().get());
      }
      assertThat(log).containsExactly("open tiny:latest");
    }
  }

  @Test
  void readyWhenSaid() {
    ServedModels models = models(1);
    assertThat(models.ready()).isFalse();
    models.markReady();
    assertThat(models.ready()).isTrue();
    models.close();
    assertThat(models.ready()).isFalse();
  }
}
