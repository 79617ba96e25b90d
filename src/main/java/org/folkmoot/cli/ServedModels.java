package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.folkmoot.api.ModelProvider;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.NearNames;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/**
 * The stored models that a server offers. Each is opened at its first use and stays open; where
 * more are wanted than may be open, the one that was idle longest is closed.
 *
 * <p>Requests can name what is offered and nothing else: no files, no addresses, no pulls.
 */
final class ServedModels implements ModelProvider, AutoCloseable {
  /** Longer names are no names, and need not be repeated to who sent them. */
  private static final int LONGEST_NAME = 200;

  private static final String HUGGING_FACE = "hf:";

  /** A model that is open or being opened. Guarded by this object's owner. */
  private static final class Slot {
    final CompletableFuture<LanguageModel> model = new CompletableFuture<>();
    int leases;
    long lastUse;

    boolean isIdle() {
      return leases == 0;
    }

    boolean isOpen() {
      return model.isDone() && !model.isCompletedExceptionally();
    }
  }

  private final Supplier<List<StoredModel>> offered;
  private final Function<StoredModel, LanguageModel> opener;
  private final int mostOpen;
  private final Map<String, Slot> slots = new LinkedHashMap<>();
  private long uses;
  private boolean ready;
  private volatile Runnable changed = () -> {};

  /**
   * Opens nothing yet.
   *
   * @param offered the models that may be named now
   * @param opener opens one of them
   * @param mostOpen how many may be open at a time
   */
  ServedModels(
      Supplier<List<StoredModel>> offered,
      Function<StoredModel, LanguageModel> opener,
      int mostOpen) {
    this.offered = offered;
    this.opener = opener;
    this.mostOpen = mostOpen;
  }

  /** From now on this node can answer. */
  synchronized void markReady() {
    ready = true;
  }

  /** Has this run whenever a model was opened or closed. */
  void onChange(Runnable listener) {
    changed = listener;
  }

  /** The models that are open now, in the order in which they were opened. */
  List<StoredModel> opened() {
    List<String> names;
    synchronized (this) {
      names =
          slots.entrySet().stream()
              .filter(slot -> slot.getValue().isOpen())
              .map(Map.Entry::getKey)
              .toList();
    }
    List<StoredModel> all = offered.get();
    return names.stream()
        .flatMap(name -> all.stream().filter(model -> model.name().equals(name)).limit(1))
        .toList();
  }

  @Override
  public synchronized boolean ready() {
    return ready;
  }

  @Override
  public List<Available> available() {
    return offered.get().stream()
        .map(model ->
            new Available(model.name(), model.pulledAt().getEpochSecond(), owner(model.source())))
        .toList();
  }

  /** Who published it, where its source says so. */
  private static String owner(String source) {
    int slash = source.indexOf('/');
    return source.startsWith(HUGGING_FACE) && slash > 0
        ? source.substring(HUGGING_FACE.length(), slash)
        : "local";
  }

  @Override
  public FolkmootException unknown(String name) {
    if (name.length() > LONGEST_NAME) {
      return new FolkmootException(NOT_FOUND, "there is no model of that name here");
    }
    List<String> names = offered.get().stream().map(StoredModel::name).toList();
    return new FolkmootException(
        NOT_FOUND, "there is no model '" + name + "' here" + NearNames.hint(name, names));
  }

  @Override
  public Lease open(String name) {
    StoredModel stored = find(name);
    Slot slot;
    boolean mine;
    List<LanguageModel> evicted = new ArrayList<>();
    synchronized (this) {
      Slot known = slots.get(stored.name());
      mine = known == null;
      slot = known == null ? newSlot(stored.name(), evicted) : known;
      slot.leases++;
      slot.lastUse = ++uses;
    }
    evicted.forEach(LanguageModel::close);
    if (mine) {
      fill(slot, stored);
    }
    return new LeaseOf(this, slot, await(slot));
  }

  /** A model by its name, or by its name without the tag where only one has it. */
  private StoredModel find(String name) {
    List<StoredModel> models = offered.get();
    List<StoredModel> found =
        models.stream().filter(model -> model.name().equals(name)).limit(1).toList();
    if (found.isEmpty()) {
      found = models.stream().filter(model -> model.name().startsWith(name + ":")).toList();
    }
    if (found.size() != 1) {
      throw unknown(name);
    }
    return found.getFirst();
  }

  private Slot newSlot(String name, List<LanguageModel> evicted) {
    if (slots.size() >= mostOpen) {
      Map.Entry<String, Slot> oldest =
          slots.entrySet().stream()
              .filter(entry -> entry.getValue().isIdle())
              .min(Comparator.comparingLong(entry -> entry.getValue().lastUse))
              .orElseThrow(() ->
                  new FolkmootException(
                      BUSY, "as many models are answering as may be open: try again in a moment"));
      slots.remove(oldest.getKey());
      evicted.add(oldest.getValue().model.join());
    }
    Slot slot = new Slot();
    slots.put(name, slot);
    return slot;
  }

  private void fill(Slot slot, StoredModel stored) {
    try {
      slot.model.complete(opener.apply(stored));
    } catch (RuntimeException | Error failed) {
      synchronized (this) {
        slots.remove(stored.name(), slot);
      }
      slot.model.completeExceptionally(failed);
    }
    changed.run();
  }

  /** The model, once whoever opens it has done so; what he failed with, all who waited get. */
  private static LanguageModel await(Slot slot) {
    try {
      return slot.model.join();
    } catch (CompletionException failed) {
      switch (failed.getCause()) {
        case FolkmootException foreseen ->
            throw new FolkmootException(
                foreseen.code(), String.valueOf(foreseen.getMessage()), foreseen);
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException("a model did not open", failed);
      }
    }
  }

  private synchronized void giveBack(Slot slot) {
    slot.leases--;
  }

  private static final class LeaseOf implements Lease {
    private final ServedModels owner;
    private final LanguageModel model;
    private @Nullable Slot slot;

    LeaseOf(ServedModels owner, Slot slot, LanguageModel model) {
      this.owner = owner;
      this.slot = slot;
      this.model = model;
    }

    @Override
    public LanguageModel model() {
      return model;
    }

    @Override
    public void close() {
      if (slot != null) {
        owner.giveBack(slot);
        slot = null;
      }
    }
  }

  /** Closes all models; nobody may use any more. */
  @Override
  public void close() {
    List<Slot> open;
    synchronized (this) {
      ready = false;
      open = List.copyOf(slots.values());
      slots.clear();
    }
    open.stream().filter(Slot::isOpen).forEach(slot -> slot.model.join().close());
  }
}
