package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.folkmoot.api.ModelProvider;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.EndSpans;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.SwarmModel;

/**
 * The ends of the swarm's models that a node computes itself: loaded when they are wanted first,
 * and kept until others are wanted and nobody uses them.
 */
final class KeptEnds implements AutoCloseable {
  /** The ends of one model. Guarded by this object's owner, but for the task. */
  private static final class Slot {
    final FutureTask<EndSpans> spans;
    int leases;
    long lastUse;

    Slot(FutureTask<EndSpans> spans) {
      this.spans = spans;
    }
  }

  private final Surroundings surroundings;
  private final SwarmNode node;
  private final SwarmWish wish;
  private final ModelOpener.Settings resources;
  private final int most;

  /** By the hash of the model's file. */
  private final Map<String, Slot> slots = new HashMap<>();

  private long uses;

  /**
   * Loads nothing yet.
   *
   * @param most of how many models at a time
   */
  KeptEnds(
      Surroundings surroundings,
      SwarmNode node,
      SwarmWish wish,
      ModelOpener.Settings resources,
      int most) {
    this.surroundings = surroundings;
    this.node = node;
    this.wish = wish;
    this.resources = resources;
    this.most = most;
  }

  /**
   * A model with its ends here. Whoever comes while they are loaded waits for that, and for no
   * other's.
   *
   * @throws FolkmootException as {@link SwarmWish#openEnds}; BUSY if the ends of other models are
   *     all in use
   */
  ModelProvider.Lease lease(SwarmModel model) {
    List<Slot> idle = new ArrayList<>();
    Slot slot = take(model, idle);
    try {
      idle.forEach(KeptEnds::close);
      slot.spans.run(); // of several calls only the first does anything
      return new EndsLease(model.around(slot.spans.get().ends()), slot);
    } catch (InterruptedException interrupted) {
      giveBack(slot);
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted", interrupted);
    } catch (ExecutionException failed) {
      drop(model.digest(), slot);
      if (failed.getCause() instanceof FolkmootException coded) {
        throw coded;
      }
      throw new IllegalStateException(failed.getCause());
    }
  }

  private synchronized Slot take(SwarmModel model, List<Slot> idle) {
    Slot slot = slots.get(model.digest());
    if (slot == null) {
      if (slots.size() >= most) {
        idle.add(slots.remove(longestIdle()));
      }
      slot =
          new Slot(
              new FutureTask<>(
                  () -> wish.openEnds(surroundings, node, model, resources).orElseThrow()));
      slots.put(model.digest(), slot);
    }
    slot.leases++;
    slot.lastUse = ++uses;
    return slot;
  }

  private String longestIdle() {
    Optional<Map.Entry<String, Slot>> idle =
        slots.entrySet().stream()
            .filter(each -> each.getValue().leases == 0)
            .min(Comparator.comparingLong(each -> each.getValue().lastUse));
    return idle.map(Map.Entry::getKey)
        .orElseThrow(() ->
            new FolkmootException(
                BUSY,
                "the ends of %d other models are in use here: try again soon, or raise --max-models"
                    .formatted(most)));
  }

  private synchronized void giveBack(Slot slot) {
    slot.leases--;
  }

  private synchronized void drop(String digest, Slot slot) {
    slots.remove(digest, slot);
  }

  private static void close(Slot slot) {
    if (slot.spans.state() == Future.State.SUCCESS) {
      slot.spans.resultNow().close();
    } else {
      slot.spans.cancel(false);
    }
  }

  @Override
  public void close() {
    List<Slot> all;
    synchronized (this) {
      all = List.copyOf(slots.values());
      slots.clear();
    }
    all.forEach(KeptEnds::close);
  }

  private final class EndsLease implements ModelProvider.Lease {
    private final LanguageModel model;
    private final Slot slot;
    private boolean over;

    EndsLease(LanguageModel model, Slot slot) {
      this.model = model;
      this.slot = slot;
    }

    @Override
    public LanguageModel model() {
      return model;
    }

    @Override
    public void close() {
      if (!over) {
        over = true;
        giveBack(slot);
      }
    }
  }
}
