package org.folkmoot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.peer.relay.RelayTransport;
import org.folkmoot.route.Coverage;
import org.folkmoot.route.Measured;
import org.folkmoot.route.SwarmView;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;

/** What this home sees of its swarm now. */
final class SwarmReport {
  /** What is heard within this time is there. */
  static final Duration LOOK = Duration.ofMillis(1200);

  /**
   * A peer.
   *
   * @param rtt empty if it could not be reached
   */
  record Peer(Announcement announcement, Optional<Duration> rtt, Optional<PeerAddress> at) {
    /** How it is reached, for people. */
    String path() {
      if (at.isEmpty()) {
        return "no link";
      }
      return RelayTransport.relay(at.get())
          .map(relay -> "relayed through " + relay)
          .orElse("direct");
    }

    String rttText() {
      return rtt.map(time -> String.format(Locale.ROOT, "%.1f ms", time.toNanos() / 1e6))
          .orElse("–");
    }
  }

  /** A model and who serves it. */
  record Model(ModelId id, String name, int layers, Coverage coverage, List<Peer> peers) {}

  private final String swarm;
  private final List<Peer> peers;

  private SwarmReport(String swarm, List<Peer> peers) {
    this.swarm = swarm;
    this.peers = peers;
  }

  /** Looks who is there. */
  static SwarmReport look(Surroundings surroundings) {
    try (SwarmNode node = Swarms.asking(surroundings)) {
      boolean found = node.await(Swarms.PATIENCE, node::knowsOthers);
      if (found) {
        boolean _ = node.await(LOOK, () -> false);
        node.known().forEach(each -> node.connect(each.peer()));
        boolean _ = node.await(LOOK, node::hasMeasuredAll);
      }
      List<Peer> peers = new ArrayList<>();
      for (Announcement each : node.known()) {
        peers.add(new Peer(each, node.roundTrip(each.peer()), node.linkedAt(each.peer())));
      }
      peers.sort(Comparator.comparing(peer -> peer.announcement.peer()));
      return new SwarmReport(node.swarm().name(), peers);
    }
  }

  String swarm() {
    return PlainText.line(swarm, 60);
  }

  List<Peer> peers() {
    return peers;
  }

  /** How an address is shown; a dash for a peer that nobody can dial. */
  static String address(Peer peer) {
    return peer.at
        .filter(at -> at.scheme() != PeerAddress.Scheme.RELAY)
        .or(() -> peer.announcement.addresses().stream().findFirst())
        .map(String::valueOf)
        .orElse("–");
  }

  /** The models that are served, by name. */
  List<Model> models() {
    Map<ModelId, Offer> offers = new LinkedHashMap<>();
    List<Announcement> all = peers.stream().map(Peer::announcement).toList();
    for (Announcement each : all) {
      each.offers().forEach(offer -> offers.putIfAbsent(offer.model(), offer));
    }
    List<Model> models = new ArrayList<>();
    for (Offer offer : offers.values()) {
      SwarmView view = SwarmView.of(offer.model(), all, _ -> Measured.NOTHING);
      models.add(
          new Model(
              offer.model(),
              PlainText.line(offer.modelName(), 60),
              offer.modelLayers(),
              Coverage.of(view, offer.modelLayers()),
              peers.stream().filter(peer -> offer(peer, offer.model()).isPresent()).toList()));
    }
    models.sort(Comparator.comparing(Model::name).thenComparing(Model::id));
    return models;
  }

  /** What a peer offers of a model. */
  static Optional<Offer> offer(Peer peer, ModelId model) {
    return peer.announcement.offers().stream()
        .filter(offer -> offer.model().equals(model))
        .findFirst();
  }

  /** Layers for people: first to last, and the ends where they are held. */
  static String layers(LayerRange range) {
    return range.from() + "–" + (range.to() - 1);
  }

  /** The report for programs. */
  Map<String, Object> json() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("swarm", swarm);
    all.put("peers", peers.stream().map(SwarmReport::json).toList());
    List<Object> list = new ArrayList<>();
    for (Model model : models()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("name", model.name);
      fields.put("sha256", model.id.sha256().hex());
      fields.put("layers", model.layers);
      fields.put("complete", model.coverage.complete());
      fields.put(
          "peersPerLayer", model.coverage.layers().stream().map(Coverage.Part::peers).toList());
      list.add(fields);
    }
    all.put("models", list);
    return all;
  }

  private static Map<String, Object> json(Peer peer) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("peer", peer.announcement.peer().text());
    fields.put("addresses", peer.announcement.addresses().stream().map(String::valueOf).toList());
    fields.put("path", peer.path());
    peer.announcement.policy().ifPresent(policy -> fields.put("policy", policy.hex()));
    peer.rtt.ifPresent(rtt -> fields.put("rttMillis", rtt.toNanos() / 1e6));
    List<Object> offers = new ArrayList<>();
    for (Offer offer : peer.announcement.offers()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("model", offer.modelName());
      one.put("from", offer.range().from());
      one.put("to", offer.range().to());
      one.put("embeds", offer.range().embeds());
      one.put("heads", offer.range().heads());
      one.put("layersPerSecond", offer.layersPerSecond());
      one.put("queueMillis", offer.queueMillis());
      one.put("freePositions", offer.freePositions());
      offers.add(one);
    }
    fields.put("offers", offers);
    return fields;
  }
}
