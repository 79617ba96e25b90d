package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.folkmoot.api.ModelProvider;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.NearNames;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.LocalModel;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Offer;

/**
 * What a node of a swarm offers to programs: the swarm's models, and then those of this machine.
 */
final class SwarmModels implements ModelProvider, AutoCloseable {
  private final Surroundings surroundings;
  private final SwarmNode node;
  private final ServedModels local;
  private final Optional<LocalModel> draft;
  private final SwarmWish wish;
  private final ModelOpener.Settings resources;
  private final Map<String, FutureTask<SwarmModel>> open = new ConcurrentHashMap<>();
  private final KeptEnds ends;

  /**
   * Opens nothing yet.
   *
   * @param draft a model of this machine that drafts for those of the swarm; not closed
   * @param wish how the swarm is asked
   * @param resources for what of the swarm's models is computed here
   * @param mostEnds of how many models
   */
  SwarmModels(
      Surroundings surroundings,
      SwarmNode node,
      ServedModels local,
      Optional<LocalModel> draft,
      SwarmWish wish,
      ModelOpener.Settings resources,
      int mostEnds) {
    this.surroundings = surroundings;
    this.node = node;
    this.local = local;
    this.draft = draft;
    this.wish = wish;
    this.ends = new KeptEnds(surroundings, node, wish, resources, mostEnds);
    this.resources = resources;
  }

  private List<String> names() {
    return node.known().stream()
        .map(Announcement::offers)
        .flatMap(List::stream)
        .map(Offer::modelName)
        .distinct()
        .sorted()
        .toList();
  }

  @Override
  public List<Available> available() {
    List<Available> all = new ArrayList<>();
    long now = surroundings.clock().instant().getEpochSecond();
    names().forEach(name -> all.add(new Available(name, now, "swarm")));
    for (Available each : local.available()) {
      if (all.stream().noneMatch(known -> known.name().equals(each.name()))) {
        all.add(each);
      }
    }
    return all;
  }

  @Override
  public Lease open(String name) {
    if (!node.serves(Swarms.wish(surroundings, name))) {
      return local.open(name);
    }
    SwarmModel model = model(name);
    return wish.ends().isEmpty() ? new SharedLease(model) : ends.lease(model);
  }

  /** The model of a name, opened once: whoever comes meanwhile waits for that, and for no other. */
  private SwarmModel model(String name) {
    FutureTask<SwarmModel> mine = new FutureTask<>(() -> ask(name));
    FutureTask<SwarmModel> first = open.putIfAbsent(name, mine);
    if (first == null) {
      mine.run();
      first = mine;
    }
    try {
      return first.get();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted", interrupted);
    } catch (ExecutionException failed) {
      open.remove(name, first);
      if (failed.getCause() instanceof FolkmootException coded) {
        throw coded;
      }
      throw new IllegalStateException(failed.getCause());
    }
  }

  private SwarmModel ask(String name) {
    SwarmModel model = opened(name);
    if (draft.isEmpty()) {
      return model;
    }
    if (model.sharesTokens(draft.get())) {
      return model.draftedBy(draft.get());
    }
    surroundings
        .console()
        .note(
            "%s does not draft for %s: it has another vocabulary"
                .formatted(draft.get().name(), PlainText.line(name, 60)));
    return model;
  }

  private SwarmModel opened(String name) {
    return Swarms.model(
        surroundings,
        node,
        name,
        Swarms.usual(surroundings, resources.contextLength(), () -> {}),
        new SwarmGeneration.Watcher() {});
  }

  @Override
  public void close() {
    ends.close();
  }

  private record SharedLease(LanguageModel model) implements Lease {
    @Override
    public void close() {}
  }

  @Override
  public FolkmootException unknown(String name) {
    List<String> names = available().stream().map(Available::name).toList();
    String shown = name.length() > 200 ? "of that name" : "'" + name + "'";
    return new FolkmootException(
        FolkmootException.Code.NOT_FOUND,
        "there is no model " + shown + " here or in the swarm" + NearNames.hint(name, names));
  }

  @Override
  public boolean ready() {
    return local.ready();
  }
}
