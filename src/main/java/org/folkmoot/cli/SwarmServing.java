package org.folkmoot.cli;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.Listening;
import org.folkmoot.cli.swarm.MovingSpan;
import org.folkmoot.cli.swarm.NodeLedger;
import org.folkmoot.cli.swarm.ServedSpan;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.route.Placement;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.LayerRange;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The part of {@code serve} that is for a swarm: its options, and the node with its spans. */
final class SwarmServing implements AutoCloseable {
  private static final String USUAL_LISTEN = "0.0.0.0:7410";

  /** The options. */
  static final class Options {
    @Option(
        names = "--swarm",
        description =
            "Serve this machine's models to the swarm of this home; open a swarm if it has none.")
    private boolean swarm;

    @Option(names = "--no-swarm", description = "Stay alone even if this home has joined a swarm.")
    private boolean alone;

    @Option(
        names = "--layers",
        paramLabel = "A:B",
        description =
            "Serve only the layers from A up to, not including, B (implies --swarm). By default"
                + " all, or with --memory those that the swarm lacks most.")
    private @Nullable String layers;

    @Option(
        names = "--memory",
        paramLabel = "SIZE",
        converter = MemorySize.class,
        description = "Serve as many layers as so much memory holds, such as 2G (implies --swarm).")
    private @Nullable Long memory;

    @Option(
        names = "--listen",
        paramLabel = "HOST:PORT",
        description =
            "Where peers find this node (default: 0.0.0.0:7410; implies --swarm). Port 0 is any"
                + " free one.")
    private @Nullable String listen;

    @Option(
        names = "--announce",
        paramLabel = "HOST:PORT",
        description =
            "Where peers are told to dial this node, if not at the addresses of this machine: a"
                + " forwarded port of a router, say.")
    private @Nullable String announce;

    @Option(
        names = "--no-lan",
        description =
            "Neither show this node on the local network nor look for peers of its swarm there.")
    private boolean noLan;

    @Option(
        names = "--no-credits",
        description =
            "Do not write into the public ledger for whom this node worked and who worked for it.")
    private boolean noCredits;

    @Option(
        names = "--draft",
        paramLabel = "MODEL",
        description =
            "Let a small model of this machine guess ahead for what this node asks of the swarm:"
                + " fewer round trips, the same answers. It drafts for models of its vocabulary.")
    private @Nullable String draft;

    @Option(
        names = "--ends",
        paramLabel = "local[:N]",
        description =
            "For what this node asks of the swarm, compute the first and last layer (or N of each),"
                + " the embedding and the head of each model here, so that no peer is sent a token:"
                + " see 'folkmoot run --help'.")
    private @Nullable String ends;

    @Mixin private InternetOptions internet;

    @Option(
        names = "--lie",
        hidden = true,
        description = "Alter what the layers give: for 'demo --cheat', which shows it caught.")
    private boolean lies;

    /** How this node asks the swarm for what programs ask of it. */
    SwarmWish wish() {
      return new SwarmWish(RouteConstraints.NONE, Optional.ofNullable(draft), SwarmWish.ends(ends));
    }

    boolean wanted(Surroundings surroundings) {
      boolean asked =
          swarm || layers != null || memory != null || listen != null || internet.areWanted();
      return !alone && (asked || Swarms.folder(surroundings).joined().isPresent());
    }
  }

  private final Surroundings surroundings;
  private final SwarmNode node;
  private final NodeLedger ledger;
  private final MootFollower follower;
  private final List<Served> spans = new ArrayList<>();
  private volatile Runnable changed = () -> {};

  /** A model of which a span is served. */
  private record Served(StoredModel model, MovingSpan span) {}

  private SwarmServing(
      Surroundings surroundings,
      SwarmNode node,
      NodeLedger ledger,
      Consumer<MootDefaults> decided) {
    this.surroundings = surroundings;
    this.node = node;
    this.ledger = ledger;
    follower = MootFollower.start(surroundings, ledger, decided);
  }

  /**
   * Starts a node, joins the swarm of this home, and serves spans of the models.
   *
   * @param policy the text that the operator declares; told before anything is offered
   * @param decided told when this home's moot has changed the defaults
   */
  static SwarmServing start(
      Surroundings surroundings,
      Options options,
      List<StoredModel> models,
      ModelOpener.Settings resources,
      Optional<byte[]> policy,
      Consumer<MootDefaults> decided) {
    Console console = surroundings.console();
    Duration _ = Swarms.patience(surroundings); // is refused now, and not to each who asks later
    Identity identity = Identity.atHome(surroundings.home(), new SecureRandom());
    SwarmFolder folder = Swarms.folder(surroundings);
    JoinedSwarm swarm =
        folder.joinedOrOpened(
            identity.peerId(), "moot", surroundings.clock().millis(), new SecureRandom());
    InetSocketAddress listen =
        Swarms.listenAddress(options.listen == null ? USUAL_LISTEN : options.listen);
    SwarmNode node =
        Swarms.start(
            surroundings,
            folder,
            identity,
            swarm,
            Optional.of(listen),
            Optional.ofNullable(options.announce).map(Swarms::announced),
            !options.noLan && Swarms.looksAtLan(surroundings));
    SwarmServing serving =
        new SwarmServing(
            surroundings, node, ledger(surroundings, node, identity, !options.noCredits), decided);
    if (policy.isPresent()) {
      node.declare(policy);
    }
    try {
      options
          .internet
          .begin(node, identity, listen.getAddress())
          .ifPresent(record ->
              console.note("others find this node on the internet with --bootnode " + record));
      boolean chooses = options.layers == null && options.memory != null;
      if (chooses || models.isEmpty()) {
        // What the swarm lacks most, or has at all, is known once it is known who is there.
        boolean _ = node.await(Duration.ofSeconds(3), node::knowsOthers);
      }
      for (StoredModel model : models) {
        serving.serve(model, options, resources);
      }
      Listening.write(node);
      node.misfits().forEach(console::note);
      console.note(
          "peers reach this node, %s, at port %d; invite others with 'folkmoot invite'"
              .formatted(node.self(), node.port()));
      return serving;
    } catch (RuntimeException failed) {
      serving.close();
      throw failed;
    }
  }

  /** Without a ledger that can be read there is no node: what it signed before must not be lost. */
  private static NodeLedger ledger(
      Surroundings surroundings, SwarmNode node, Identity identity, boolean tellsCredits) {
    try {
      return NodeLedger.start(
          node, new LedgerHome(surroundings).folder(), identity, new SecureRandom(), tellsCredits);
    } catch (RuntimeException failed) {
      node.close();
      throw failed;
    }
  }

  private void serve(StoredModel model, Options options, ModelOpener.Settings resources) {
    ServedSpan.Wish wish =
        new ServedSpan.Wish(
            swarmName(model.name()),
            model.sha256(),
            model.path(),
            Optional.ofNullable(options.layers).map(ServedSpan.LayerWish::parse),
            options.memory == null ? OptionalLong.empty() : OptionalLong.of(options.memory),
            resources.threads(),
            resources.kvBytes(),
            KeptWeights.of(surroundings, model.sha256()),
            options.lies);
    SecureRandom random = new SecureRandom();
    MovingSpan span;
    try (LoadingLine line = new LoadingLine(surroundings, model.name())) {
      span =
          MovingSpan.start(
              node,
              wish,
              line,
              () -> Placement.lookAgainNanos(random.nextDouble()),
              new Moves(surroundings.console(), model.name(), () -> changed.run()));
    }
    spans.add(new Served(model, span));
    LayerRange range = span.range().orElseThrow();
    surroundings
        .console()
        .note(
            "serving layers %d–%d of %d of %s to the swarm '%s'"
                .formatted(
                    range.from(),
                    range.to() - 1,
                    span.modelLayers(),
                    model.name(),
                    node.swarm().name()));
  }

  /** Says where a span went. */
  private record Moves(Console console, String model, Runnable changed)
      implements MovingSpan.Listener {
    @Override
    public void moved(LayerRange to) {
      changed.run();
      console.note(
          "moved: serving layers %d–%d of %s now, which the swarm needs more"
              .formatted(to.from(), to.to() - 1, model));
    }

    @Override
    public void stays(LayerRange at, FolkmootException why) {
      changed.run();
      console.note(
          "could not move, and serves layers %d–%d of %s as before: %s"
              .formatted(at.from(), at.to() - 1, model, why.getMessage()));
    }

    @Override
    public void failed(FolkmootException why) {
      changed.run();
      console.note(
          "%s is not served now, which is tried again in a while: %s"
              .formatted(model, why.getMessage()));
    }
  }

  /** What others are told: of a file its name only, for the rest is nobody's business. */
  static String swarmName(String name) {
    String file = name.substring(name.lastIndexOf('/') + 1);
    return file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
  }

  /** Has this run whenever other layers are served. */
  void onChange(Runnable listener) {
    changed = listener;
  }

  /** What is served to the swarm now. */
  List<Running.Model> served() {
    List<Running.Model> all = new ArrayList<>();
    for (Served each : spans) {
      each.span
          .range()
          .ifPresent(range ->
              all.add(
                  new Running.Model(
                      each.model.name(),
                      each.model.sha256(),
                      each.model.size(),
                      "%s of %d".formatted(SwarmReport.layers(range), each.span.modelLayers()),
                      "the swarm '%s'".formatted(node.swarm().name()))));
    }
    return all;
  }

  /** The ledger as others see it. */
  NodeLedger ledger() {
    return ledger;
  }

  SwarmNode node() {
    return node;
  }

  @Override
  public void close() {
    Listening.remove(Swarms.folder(surroundings));
    follower.close();
    ledger.close();
    node.close();
    spans.forEach(each -> each.span.close());
  }
}
