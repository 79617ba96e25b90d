package org.folkmoot.simulation;

import java.util.List;
import java.util.function.UnaryOperator;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.serve.BlockServer;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.SwarmId;
import org.jspecify.annotations.Nullable;

/** A whole node: its links, and if it serves, its block server over a fake engine. */
final class SimNode {
  static final SwarmId SWARM = new SwarmId(Hash32.of(new byte[Hash32.BYTES]));

  private final SimHost host;
  private final Links links;
  private final FakeModel model;
  private final @Nullable FakeSpanEngine engine;
  private final BlockServer server;
  private boolean withholding;

  /**
   * A running node.
   *
   * @param range what it serves; null for one that only asks
   * @param capacity positions of KV cache
   */
  SimNode(SimHost host, FakeModel model, @Nullable LayerRange range, int capacity) {
    this(host, model, range, capacity, UnaryOperator.identity());
  }

  /**
   * The same.
   *
   * @param says what it signs instead of what it computed
   */
  SimNode(
      SimHost host,
      FakeModel model,
      @Nullable LayerRange range,
      int capacity,
      UnaryOperator<HopStatement> says) {
    this.host = host;
    this.model = model;
    links = new Links(host.loop(), host.peer(), SWARM, "simulation", LinkSettings.USUAL);
    links.add(host.transport());
    host.transport().accept(links.acceptor());
    server =
        new BlockServer(
            new FalseWitness(links, says, m -> withholding && m instanceof Message.Forward),
            SimLimits.USUAL,
            SimPeer.signer(host.peer()),
            Runnable::run);
    if (range == null) {
      engine = null;
    } else {
      engine = new FakeSpanEngine(host.loop(), model, range, FakeSpanEngine.Speed.USUAL, capacity);
      server.offer(model.id(), engine);
    }
  }

  SimHost host() {
    return host;
  }

  Links links() {
    return links;
  }

  /** Whether it keeps what it computes from the next hop, from now on. */
  void withholding(boolean withholds) {
    withholding = withholds;
  }

  /** Sends messages one after the other, on this node's loop. */
  void say(SimNode to, Message... messages) {
    host.loop()
        .execute(() -> {
          for (Message message : messages) {
            links.send(to.host.peer(), message);
          }
        });
  }

  BlockServer server() {
    return server;
  }

  /** What it computes with; null if it only asks. */
  @Nullable FakeSpanEngine engine() {
    return engine;
  }

  boolean alive() {
    return host.alive();
  }

  /** What it says of itself. */
  Announcement announcement() {
    return new Announcement(
        SWARM,
        host.peer(),
        host.loop().clockMillis(),
        240,
        List.of(host.address()),
        engine == null
            ? List.of()
            : List.of(
                new Offer(
                    model.id(),
                    "fake",
                    model.layers(),
                    0,
                    SWARM.id(),
                    engine.range(),
                    10_000,
                    0,
                    engine.freePositions())));
  }

  /** Stops the node as SIGTERM does: everybody is told. */
  void stop() {
    host.loop()
        .execute(() -> {
          server.close();
          links.close();
          host.loop().simulation().schedule(2_000_000_000L, () -> host.crash(false));
        });
  }
}
