package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.folkmoot.base.FolderTree;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.swarm.Listening;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;

/**
 * A swarm of processes on this machine, each a real node with a home and a key of its own, all in a
 * folder that goes when the swarm is closed.
 */
final class DemoSwarm implements AutoCloseable {
  /**
   * A peer of it.
   *
   * @param name for people
   * @param layers as {@code --layers} has them
   */
  record Peer(String name, String layers, Process process, SwarmFolder folder) {
    Listening listening() {
      return Listening.read(folder).orElseThrow();
    }

    PeerId id() {
      return listening().peer();
    }
  }

  private static final long PATIENCE_SECONDS = 60;

  private final Surroundings surroundings;
  private final Path folder;
  private final JoinedSwarm swarm;
  private final List<Peer> peers = new ArrayList<>();
  private final List<DelayedPort> ways = new ArrayList<>();
  private final Thread killer = new Thread(this::kill);

  /** A swarm without peers yet. */
  DemoSwarm(Surroundings surroundings) {
    this.surroundings = surroundings;
    try {
      folder = Files.createTempDirectory("folkmoot-demo");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    SecureRandom random = new SecureRandom();
    byte[] id = new byte[Hash32.BYTES];
    random.nextBytes(id);
    swarm =
        new JoinedSwarm(
            new SwarmId(Hash32.of(id)),
            "demo",
            surroundings.clock().millis(),
            Identity.random(random).peerId());
    // Whatever ends this process, no other stays behind; where there is no time for this, the
    // others see to it themselves.
    Runtime.getRuntime().addShutdownHook(killer);
  }

  /**
   * Begins to start peers that divide a model among them, and a spare for one of them.
   *
   * @param parts how many
   * @param spared for which of them the spare is, from 0
   * @param rttMillis round trip to each of them; 0 for loopback's own
   * @throws FolkmootException BAD_REQUEST if the model has not so many layers
   */
  void startAll(StoredModel model, int parts, int spared, int threads, int rttMillis) {
    startAll(model, parts, spared, threads, rttMillis, false);
  }

  /**
   * The same.
   *
   * @param lies whether the peer that the spare is for alters what its layers give
   */
  void startAll(
      StoredModel model, int parts, int spared, int threads, int rttMillis, boolean lies) {
    int layers;
    try (GgufFile file = GgufFile.open(model.path())) {
      layers = ModelConfig.of(file).layers();
    }
    if (layers < parts) {
      throw new FolkmootException(
          BAD_REQUEST,
          "a model of %d layers cannot be divided among %d peers".formatted(layers, parts));
    }
    List<String> cuts = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      cuts.add(i * layers / parts + ":" + (i + 1) * layers / parts);
      start("peer " + (i + 1), model, cuts.get(i), threads, rttMillis, lies && i == spared);
    }
    start("spare", model, cuts.get(spared), threads, rttMillis, false);
  }

  /** For a model that the peers answer, and not the spare as long as it is not needed. */
  SwarmModel.Options options(boolean speculate) {
    Set<PeerId> working = new HashSet<>();
    peers.subList(0, peers.size() - 1).forEach(peer -> working.add(peer.id()));
    return Swarms.options(
        Integer.MAX_VALUE,
        speculate,
        new RouteConstraints(Set.of(), working, Set.of(), 0),
        () -> {});
  }

  private void start(
      String name, StoredModel model, String layers, int threads, int rttMillis, boolean lies) {
    int port = rttMillis == 0 ? 0 : freePort();
    DelayedPort way = null;
    if (rttMillis > 0) {
      way = new DelayedPort(port, rttMillis * 500_000L);
      ways.add(way);
    }
    Path home = folder.resolve(name.replace(' ', '-'));
    SwarmFolder peerFolder = new SwarmFolder(home);
    peerFolder.join(swarm);
    try {
      Files.createSymbolicLink(home.resolve("models"), surroundings.home().resolve("models"));
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  "serve",
                  model.name(),
                  "--layers",
                  layers,
                  "--listen",
                  "127.0.0.1:" + port,
                  "--http",
                  "127.0.0.1:0",
                  "--threads",
                  Integer.toString(threads),
                  "--while",
                  Long.toString(ProcessHandle.current().pid())));
      if (lies) {
        arguments.add("--lie");
      }
      if (way != null) {
        arguments.addAll(List.of("--announce", "127.0.0.1:" + way.port()));
      }
      ProcessBuilder builder = new ProcessBuilder(OwnProgram.command(arguments));
      builder.environment().putAll(Map.of("FOLKMOOT_HOME", home.toString()));
      builder.redirectError(home.resolve("log").toFile());
      Peer peer = new Peer(name, layers, builder.start(), peerFolder);
      peer.process.getOutputStream().close();
      peers.add(peer);
    } catch (IOException failed) {
      throw new FolkmootException(BAD_FILE, "a peer cannot be started: " + failed, failed);
    }
  }

  private static int freePort() {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Waits until all peers are ready. */
  void awaitReady() {
    for (Peer peer : peers) {
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(peer.process.getInputStream(), StandardCharsets.UTF_8));
      try {
        String line = out.readLine();
        if (line == null || !line.startsWith("listening on")) {
          String log = Files.readString(peer.folder.home().resolve("log"));
          throw new FolkmootException(
              UNREACHABLE,
              "the peer '%s' did not start: %s"
                  .formatted(
                      peer.name,
                      PlainText.line(log.substring(Math.max(0, log.length() - 300)), 300)));
        }
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }

  /** A node of this process that asks the swarm for a model whose file is here. */
  SwarmNode client(StoredModel model) {
    SwarmNode node =
        Swarms.start(
            surroundings,
            new SwarmFolder(folder.resolve("client")),
            Identity.random(new SecureRandom()),
            swarm,
            Optional.empty());
    node.hold(model.sha256(), model.path());
    node.introduce(peers.stream().map(peer -> peer.listening().contact()).toList());
    boolean all =
        node.await(
            Duration.ofSeconds(PATIENCE_SECONDS), () -> node.serving().size() == peers.size());
    // Linked to all, it need not pass over one whom it would have to dial first.
    peers.forEach(peer -> node.connect(peer.id()));
    if (!all || !node.await(Duration.ofSeconds(PATIENCE_SECONDS), node::hasMeasuredAll)) {
      node.close();
      throw new FolkmootException(UNREACHABLE, "the peers of the demo do not answer");
    }
    return node;
  }

  List<Peer> peers() {
    return peers;
  }

  private void kill() {
    for (Peer peer : peers) {
      peer.process.destroyForcibly();
    }
  }

  @Override
  public void close() {
    peers.forEach(peer -> peer.process.destroy());
    ways.forEach(DelayedPort::close);
    try {
      for (Peer peer : peers) {
        if (!peer.process.waitFor(5, TimeUnit.SECONDS)) {
          peer.process.destroyForcibly().waitFor();
        }
      }
      FolderTree.delete(folder); // links to models are not followed
    } catch (IOException left) {
      surroundings.console().note("left behind: " + folder);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } finally {
      kill();
      try {
        Runtime.getRuntime().removeShutdownHook(killer);
      } catch (IllegalStateException ending) {
        // The process ends, and the hook does its part.
      }
    }
  }
}
