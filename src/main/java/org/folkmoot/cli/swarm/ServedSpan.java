package org.folkmoot.cli.swarm;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.DoubleConsumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.model.BatchScheduler;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.peer.transport.ReadingThread;
import org.folkmoot.route.ModelSize;
import org.folkmoot.route.Placement;
import org.folkmoot.route.SwarmView;
import org.folkmoot.serve.BlockServer;
import org.folkmoot.serve.ScheduledSpan;
import org.folkmoot.serve.SpanEngine;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;

/** A span of a model that a node serves: loaded, tried, and offered to the swarm. */
public final class ServedSpan implements AutoCloseable {
  /**
   * What to serve.
   *
   * @param name the model's name, for people
   * @param sha256 of its file
   * @param layers which layers; empty to let the swarm's need decide
   * @param memory the most memory for weights; empty for as much as they take
   * @param threads threads that compute
   * @param kvBytes the most memory for contexts
   * @param shelf where its weights are kept once repacked
   * @param lies for demonstrations: whether what it gives is altered
   */
  public record Wish(
      String name,
      String sha256,
      Path file,
      Optional<LayerWish> layers,
      OptionalLong memory,
      int threads,
      long kvBytes,
      WeightShelf shelf,
      boolean lies) {
    ModelId model() {
      return new ModelId(Hash32.ofHex(sha256));
    }

    /** The same with layers that were chosen. */
    Wish at(LayerRange range) {
      LayerWish chosen = new LayerWish(range.from(), range.to());
      return new Wish(
          name, sha256, file, Optional.of(chosen), memory, threads, kvBytes, shelf, lies);
    }
  }

  /** Layers as a person writes them: {@code a:b}, {@code b} exclusive. */
  public record LayerWish(int from, int to) {
    /**
     * Reads {@code 0:10}; either end may be left out.
     *
     * @throws FolkmootException BAD_REQUEST if it is something else
     */
    public static LayerWish parse(String text) {
      String[] ends = text.split(":", -1);
      try {
        int from = ends[0].isEmpty() ? 0 : Integer.parseInt(ends[0]);
        int to =
            ends.length < 2 || ends[1].isEmpty() ? Integer.MAX_VALUE : Integer.parseInt(ends[1]);
        if (ends.length == 2 && from >= 0 && from < to) {
          return new LayerWish(from, to);
        }
      } catch (NumberFormatException malformed) {
        // Said below.
      }
      throw new FolkmootException(
          BAD_REQUEST, "--layers looks like 0:10 (from layer 0 up to, not including, layer 10)");
    }
  }

  /**
   * How much of a model fits into the memory that a person gives.
   *
   * @param layerBytes of one layer
   * @param capacityLayers in layers
   */
  record Room(ModelSize size, long layerBytes, double capacityLayers) {
    static Room of(GgufFile file, int layers, long memory) {
      long layerBytes =
          file.tensors().values().stream()
                  .filter(tensor -> tensor.name().startsWith("blk."))
                  .mapToLong(GgufTensor::bytes)
                  .sum()
              / layers;
      long embedding = file.tensor("token_embd.weight").map(GgufTensor::bytes).orElse(0L);
      long head = file.tensor("output.weight").map(GgufTensor::bytes).orElse(embedding);
      return new Room(
          new ModelSize(layers, (double) embedding / layerBytes, (double) head / layerBytes),
          layerBytes,
          (double) memory / layerBytes);
    }
  }

  /** The most sessions at a time; the room for their KV cache bounds them first. */
  static final int MOST_SESSIONS = 256;

  /** Who reads steps makes passes; what comes of a pass for several sessions leaves together. */
  static final class Reader implements BatchScheduler.Volunteer {
    @Override
    public boolean accepts(Runnable task) {
      return ReadingThread.afterReading(task);
    }

    @Override
    public void tell(Runnable all) {
      ReadingThread.together(all);
    }
  }

  private final SwarmNode node;
  private final ModelId model;
  private final GgufFile file;
  private final WorkerPool pool;
  private final SpanModel span;
  private final BatchScheduler scheduler;
  private final SpanEngine engine;
  private final LayerRange range;

  private ServedSpan(
      SwarmNode node, Wish wish, GgufFile file, WorkerPool pool, SpanModel span, int tokens) {
    this.node = node;
    this.model = wish.model();
    this.file = file;
    this.pool = pool;
    this.span = span;
    this.scheduler = new BatchScheduler(span, wish.kvBytes, MOST_SESSIONS, new Reader());
    SpanEngine honest = new ScheduledSpan(span, scheduler, tokens);
    this.engine = wish.lies ? new TamperedSpan(honest) : honest;
    this.range = engine.range();
  }

  /**
   * Loads a span and offers it. Returns once the node has answered a request that came in through
   * its own socket.
   *
   * @param progress told the share of the weights that is loaded, 0 to 1
   * @throws FolkmootException if the file or the wish is bad, memory does not suffice, or the node
   *     does not answer
   */
  public static ServedSpan start(SwarmNode node, Wish wish, DoubleConsumer progress) {
    return start(node, wish, progress, SelfRequest.PATIENCE);
  }

  /**
   * The same.
   *
   * @param patience how long the node may take to answer itself
   */
  static ServedSpan start(SwarmNode node, Wish wish, DoubleConsumer progress, Duration patience) {
    GgufFile file = GgufFile.open(wish.file);
    WorkerPool pool = new WorkerPool(wish.threads);
    ModelConfig config;
    ServedSpan served;
    try {
      config = ModelConfig.of(file);
      int tokens = Tokenizers.from(file.metadata()).size();
      Span span = choose(node, wish, file, config);
      SpanModel loaded = SpanModel.load(file, config, span, pool, wish.shelf, progress);
      served = new ServedSpan(node, wish, file, pool, loaded, tokens);
      node.hold(wish.sha256, wish.file);
    } catch (RuntimeException | Error failed) {
      pool.close();
      file.close();
      throw failed;
    }
    try {
      served.offer(wish, config, patience);
      return served;
    } catch (RuntimeException | Error failed) {
      served.close();
      throw failed;
    }
  }

  private static Span choose(SwarmNode node, Wish wish, GgufFile file, ModelConfig config) {
    int layers = config.layers();
    if (wish.layers.isPresent()) {
      int from = wish.layers.get().from;
      int to = Math.min(layers, wish.layers.get().to);
      if (from >= to) {
        throw new FolkmootException(
            BAD_REQUEST, "%s has %d layers: choose from 0:%d".formatted(wish.name, layers, layers));
      }
      return new Span(from == 0, from, to, to == layers);
    }
    if (wish.memory.isEmpty()) {
      return Span.whole(config);
    }
    Room room = Room.of(file, layers, wish.memory.getAsLong());
    SwarmView view = view(node, wish.model());
    LayerRange range =
        Placement.choose(view, room.size, room.capacityLayers)
            .orElseThrow(() ->
                new FolkmootException(
                    NO_ROOM,
                    "%d MiB do not hold a single layer of %s, which has %d MiB: raise --memory"
                        .formatted(
                            wish.memory.getAsLong() >> 20,
                            wish.name,
                            (room.layerBytes >> 20) + 1)));
    return new Span(range.embeds(), range.from(), range.to(), range.heads());
  }

  private static SwarmView view(SwarmNode node, ModelId model) {
    return node.call(() -> node.view(model));
  }

  /** Where the swarm needs this span more than where it is, given some memory. */
  Optional<LayerRange> better(long memory) {
    Room room = Room.of(file, modelLayers(), memory);
    SwarmView seen = view(node, model);
    return Placement.move(seen, node.self(), room.size, room.capacityLayers);
  }

  private void offer(Wish wish, ModelConfig config, Duration patience) {
    byte[] head = file.head();
    Hash32 headHash = Hash32.sha256(head);
    node.run(() -> {
      node.server().offer(model, engine);
      node.heads().give(model, head);
      node.credits().know(model, config);
      node.credits().keep();
    });
    double measured = new SelfRequest(node, model, engine, patience).run();
    node.offer(
        model,
        () -> {
          BlockServer.Load load = node.server().load(engine);
          float speed = load.layersPerSecond() > 0 ? load.layersPerSecond() : (float) measured;
          return new Offer(
              model,
              wish.name,
              config.layers(),
              head.length,
              headHash,
              range,
              speed,
              load.queueMillis(),
              load.freePositions());
        });
  }

  /** What it serves. */
  public LayerRange range() {
    return range;
  }

  /** Of how many layers. */
  public int modelLayers() {
    return span.config().layers();
  }

  /** Takes it back and frees its memory. */
  @Override
  public void close() {
    node.withdraw(model);
    node.run(() -> {
      node.server().withdraw(model, engine);
    });
    release();
  }

  /** Frees its memory, of a node that is closed. */
  public void release() {
    scheduler.close();
    span.close();
    pool.close();
    file.close();
  }

  static FolkmootException notAnswering(String why) {
    return new FolkmootException(
        UNREACHABLE,
        "this node does not answer its own request through its port (%s): see whether a firewall closes it"
            .formatted(why));
  }
}
