package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.api.ModelProvider;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.NearNames;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Offer;

/**
 * What a node of a swarm offers to programs: the swarm's models, and then those of this machine.
 */
final class SwarmModels implements ModelProvider {
  private final Surroundings surroundings;
  private final SwarmNode node;
  private final ServedModels local;
  private final int contextLength;
  private final Map<String, LanguageModel> open = new LinkedHashMap<>();

  SwarmModels(Surroundings surroundings, SwarmNode node, ServedModels local, int contextLength) {
    this.surroundings = surroundings;
    this.node = node;
    this.local = local;
    this.contextLength = contextLength;
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
    if (!node.serves(name)) {
      return local.open(name);
    }
    LanguageModel model;
    synchronized (open) {
      model =
          open.computeIfAbsent(
              name,
              _ ->
                  Swarms.model(
                      surroundings,
                      node,
                      name,
                      Swarms.usual(surroundings, contextLength, () -> {}),
                      new SwarmGeneration.Watcher() {}));
    }
    return new SharedLease(model);
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
