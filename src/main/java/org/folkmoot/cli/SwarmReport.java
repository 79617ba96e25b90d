package org.folkmoot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
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
      return path("relayed through ");
    }

    /** The same in a table. */
    String shortPath() {
      return path("via ");
    }

    private String path(String relayed) {
      if (at.isEmpty()) {
        return "no link";
      }
      return RelayTransport.relay(at.get()).map(relay -> relayed + relay).orElse("direct");
    }

    /** What its operator declares, as much of the hash as there is room for. */
    String policyText(boolean wide) {
      return announcement
          .policy()
          .map(policy -> wide ? policy.toString() : policy.hex().substring(0, 8))
          .orElse("–");
    }

    String rttText() {
      return rtt.map(time -> millis(time.toNanos() / 1e6, "%.1f ms")).orElse("–");
    }
  }

  /** A model and who serves it. */
  record Model(ModelId id, String name, int layers, Coverage coverage, List<Peer> peers) {}

  private final String swarm;
  private final List<Peer> peers;
  private final List<String> misfits;

  SwarmReport(String swarm, List<Peer> peers, List<String> misfits) {
    this.swarm = swarm;
    this.peers = peers;
    this.misfits = misfits;
  }

  /** Looks who is there. */
  static SwarmReport look(Surroundings surroundings) {
    try (SwarmNode node = Swarms.asking(surroundings)) {
      boolean found = node.await(Swarms.patience(surroundings), node::knowsOthers);
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
      return new SwarmReport(node.swarm().name(), peers, node.misfits());
    }
  }

  /** A time in a few characters. */
  static String millis(double millis, String ofLittle) {
    return millis < 1000
        ? String.format(Locale.ROOT, ofLittle, millis)
        : String.format(Locale.ROOT, "%.1f s", millis / 1000);
  }

  String swarm() {
    return PlainText.line(swarm, 60);
  }

  List<Peer> peers() {
    return peers;
  }

  /** What keeps this machine from peers that answer, a line for each. */
  List<String> misfits() {
    return misfits;
  }

  /** How an address is shown; a dash for a peer that nobody can dial. */
  static String address(Peer peer) {
    return peer.at
        .filter(SwarmReport::canBeDialled)
        .or(() ->
            peer.announcement.addresses().stream().filter(SwarmReport::canBeDialled).findFirst())
        .map(String::valueOf)
        .orElse("–");
  }

  /** Whether an operator of a peer declares a policy: then there is a column for it. */
  boolean hasPolicies() {
    return peers.stream().anyMatch(peer -> peer.announcement.policy().isPresent());
  }

  private static boolean canBeDialled(PeerAddress address) {
    return address.scheme() != PeerAddress.Scheme.RELAY;
  }

  /** The models that are served, by name. */
  List<Model> models() {
    Set<ModelId> ids = new LinkedHashSet<>();
    for (Peer peer : peers) {
      peer.announcement.offers().forEach(offer -> ids.add(offer.model()));
    }
    List<Model> models = new ArrayList<>();
    ids.forEach(id -> models.add(model(id)));
    models.sort(Comparator.comparing(Model::name).thenComparing(Model::id));
    return models;
  }

  /** How many layers it has and what it is called is what most say: one peer could say anything. */
  private Model model(ModelId id) {
    List<Peer> serving = peers.stream().filter(peer -> offer(peer, id).isPresent()).toList();
    List<Offer> offers = serving.stream().flatMap(peer -> offer(peer, id).stream()).toList();
    int layers = mostSaid(offers.stream().map(Offer::modelLayers));
    String name =
        mostSaid(
            offers.stream().filter(offer -> offer.modelLayers() == layers).map(Offer::modelName));
    SwarmView view =
        SwarmView.of(id, peers.stream().map(Peer::announcement).toList(), _ -> Measured.NOTHING);
    return new Model(id, PlainText.line(name, 60), layers, Coverage.of(view, layers), serving);
  }

  private static <T extends Comparable<T>> T mostSaid(Stream<T> said) {
    TreeMap<T, Integer> votes = new TreeMap<>();
    said.forEach(each -> votes.merge(each, 1, Integer::sum));
    return Collections.max(votes.entrySet(), Map.Entry.comparingByValue()).getKey();
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
    all.put("troubles", misfits);
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
