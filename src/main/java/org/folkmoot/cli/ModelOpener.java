package org.folkmoot.cli;

import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.SelfTest;
import org.folkmoot.session.LocalModel;
import org.folkmoot.store.StoredModel;

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

  /** Whether everything was tested. */
  private static boolean tested;

  private ModelOpener() {}

  /**
   * Makes sure that this machine computes as it must, whatever it is going to compute: once in a
   * process.
   *
   * @throws FolkmootException ARITHMETIC if it computes wrongly: then nothing may be computed on it
   */
  static synchronized void selfTest() {
    VectorApi.load();
    if (!tested) {
      SelfTest.run();
      tested = true;
    }
  }

  /**
   * Opens a model, sure that this machine computes as it must.
   *
   * @param progress told the share of the weights that is loaded, 0 to 1
   * @throws FolkmootException if the file is damaged or not supported, memory does not suffice, or
   *     this machine computes wrongly
   */
  static LocalModel open(
      Surroundings surroundings, StoredModel model, Settings settings, DoubleConsumer progress) {
    VectorApi.load();
    return LocalModel.open(
        model.path(),
        new LocalModel.Options(
            model.name(),
            model.sha256(),
            settings.threads,
            settings.contextLength,
            settings.kvBytes,
            settings.maxSessions,
            surroundings.nanoTime()),
        KeptWeights.of(surroundings, model.sha256()),
        progress);
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
