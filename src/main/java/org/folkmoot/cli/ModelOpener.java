package org.folkmoot.cli;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.SelfTest;
import org.folkmoot.session.LocalModel;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/** Opens models: the one way from a file on this machine to something that answers. */
final class ModelOpener {
  /**
   * With what a model is opened.
   *
   * @param threads that compute
   * @param contextLength the most tokens of a context, at most what the model was made for
   * @param kvBytes the most memory for contexts
   * @param maxSessions the most answers at a time
   */
  record Settings(int threads, int contextLength, long kvBytes, int maxSessions) {}

  /** The self-test, begun at most once in a process, however many models it opens. */
  private static @Nullable FutureTask<Void> test;

  private ModelOpener() {}

  /**
   * Makes the vector code ready and sure that it computes as it must: once in a process, however
   * many models it opens.
   *
   * @throws FolkmootException ARITHMETIC if this machine computes wrongly: then nothing may be
   *     computed on it
   */
  static void selfTest() {
    beginSelfTest();
    awaitSelfTest();
  }

  /** Makes the vector code ready, and lets the self-test run beside what comes next. */
  private static synchronized void beginSelfTest() {
    VectorApi.load();
    if (test == null) {
      test = new FutureTask<>(SelfTest::run, null);
      Thread.ofPlatform().daemon().name("folkmoot-self-test").start(test);
    }
  }

  private static synchronized void awaitSelfTest() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          requireNonNull(test).get();
          return;
        } catch (InterruptedException later) {
          interrupted = true; // it takes a tenth of a second
        }
      }
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof FolkmootException coded
          ? coded
          : new IllegalStateException("the self-test could not run", failed.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Makes sure that this machine computes as it must, and opens a model.
   *
   * @param progress told the share of the weights that is loaded, 0 to 1
   * @throws FolkmootException if the file is damaged or not supported, memory does not suffice, or
   *     this machine computes wrongly
   */
  static LocalModel open(
      Surroundings surroundings, StoredModel model, Settings settings, DoubleConsumer progress) {
    beginSelfTest();
    LocalModel opened =
        LocalModel.open(
            model.path(),
            new LocalModel.Options(
                model.name(),
                model.sha256(),
                settings.threads,
                settings.contextLength,
                settings.kvBytes,
                settings.maxSessions,
                surroundings.nanoTime()),
            progress);
    try {
      awaitSelfTest();
    } catch (RuntimeException failed) {
      opened.close();
      throw failed;
    }
    return opened;
  }

  /** As {@link #open}, for a person who waits: a line on standard error says how far it is. */
  static LocalModel openShowing(Surroundings surroundings, StoredModel model, Settings settings) {
    LocalModel opened;
    try (LoadingLine line = new LoadingLine(surroundings, model.name())) {
      opened = open(surroundings, model, settings, line);
    }
    opened.tokenizer().notes().forEach(surroundings.console()::note);
    return opened;
  }
}
