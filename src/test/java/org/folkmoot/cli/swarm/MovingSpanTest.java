package org.folkmoot.cli.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.peer.Identity;
import org.folkmoot.route.Coverage;
import org.folkmoot.testing.Eventually;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes that serve the same half of a model until they meet. */
@Timeout(120)
class MovingSpanTest {
  private static final int LAYERS = 4;
  private static final String SHA = "1".repeat(64);

  @TempDir private Path folder;

  private SwarmNode node(String home) {
    Path at = folder.resolve(home);
    return TestNode.start(at, Identity.atHome(at, new SecureRandom()), 0);
  }

  private static MovingSpan serve(
      SwarmNode node, Path file, long memory, long pauseMillis, BlockingQueue<LayerRange> moves) {
    return serve(node, file, memory, pauseMillis, new Moves(moves), ServedSpan::start);
  }

  private static MovingSpan serve(
      SwarmNode node,
      Path file,
      long memory,
      long pauseMillis,
      MovingSpan.Listener listener,
      MovingSpan.Starter starter) {
    return MovingSpan.start(
        node,
        new ServedSpan.Wish(
            "tiny",
            SHA,
            file,
            Optional.empty(),
            OptionalLong.of(memory),
            1,
            1 << 22,
            WeightShelf.NONE,
            false),
        _ -> {},
        () -> Duration.ofMillis(pauseMillis).toNanos(),
        listener,
        starter);
  }

  /** Takes where spans go; nothing fails. */
  private record Moves(BlockingQueue<LayerRange> to) implements MovingSpan.Listener {
    @Override
    public void moved(LayerRange range) {
      to.add(range);
    }

    @Override
    public void stays(LayerRange at, FolkmootException why) {
      throw new AssertionError(why);
    }

    @Override
    public void failed(FolkmootException why) {
      throw new AssertionError(why);
    }
  }

  /** Where it is, or comes to be: a span that moves is nowhere for a moment. */
  private static LayerRange range(MovingSpan span) {
    AtomicReference<Optional<LayerRange>> range = new AtomicReference<>(Optional.empty());
    assertThat(
            Eventually.holds(() -> {
              range.set(span.range());
              return range.get().isPresent();
            }))
        .isTrue();
    return range.get().orElseThrow();
  }

  /** What half of the model takes, with the embedding or the head. */
  private static long half(Path file) {
    try (GgufFile gguf = GgufFile.open(file)) {
      ServedSpan.Room room = ServedSpan.Room.of(gguf, LAYERS, 0);
      double ends = Math.max(room.size().embedLayers(), room.size().headLayers());
      return (long) ((LAYERS / 2 + 0.5 + ends) * room.layerBytes());
    }
  }

  @Test
  void oneOfTwoThatHoldTheSameGoesWhereNobodyIs() throws InterruptedException {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withLayers(LAYERS));
    BlockingQueue<LayerRange> moves = new LinkedBlockingQueue<>();
    try (SwarmNode a = node("a");
        SwarmNode b = node("b");
        MovingSpan first = serve(a, file, half(file), 700, moves);
        MovingSpan second = serve(b, file, half(file), 1100, moves)) {
      assertThat(first.range()).isEqualTo(second.range());
      a.introduce(List.of(new Message.Contact(b.self(), List.of(b.ownAddress()))));
      LayerRange moved = moves.take();
      assertThat(List.of(range(first), range(second))).contains(moved);
      for (SwarmNode each : List.of(a, b)) {
        assertThat(
                each.await(
                    Duration.ofSeconds(60),
                    () ->
                        each.serving().stream()
                            .flatMap(one -> one.offers().stream())
                            .findFirst()
                            .map(offer -> Coverage.of(each.view(offer.model()), LAYERS).complete())
                            .orElse(false)))
            .as("all layers are held")
            .isTrue();
      }
    }
  }

  /**
   * It fails there; then there and at the old place. Which of two nodes moves is a matter of their
   * keys.
   */
  @Test
  void whereItCannotComeItGoesBackAndTriesAgain() throws InterruptedException {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withLayers(LAYERS));
    BlockingQueue<String> story = new LinkedBlockingQueue<>();
    Queue<Boolean> works =
        new ConcurrentLinkedQueue<>(List.of(true, true, false, true, false, false));
    MovingSpan.Starter starter =
        (node, wish, progress) -> {
          if (!Boolean.FALSE.equals(works.poll())) {
            return ServedSpan.start(node, wish, progress);
          }
          throw new FolkmootException(FolkmootException.Code.UNREACHABLE, "slow today");
        };
    try (SwarmNode a = node("a");
        SwarmNode b = node("b");
        MovingSpan first = serve(b, file, half(file), 500, new Story(story), starter);
        MovingSpan second = serve(a, file, half(file), 700, new Story(story), starter)) {
      LayerRange before = first.range().orElseThrow();
      a.introduce(List.of(new Message.Contact(b.self(), List.of(b.ownAddress()))));
      assertThat(story.take()).isEqualTo("stays at " + before + ": slow today");
      assertThat(story.take()).isEqualTo("failed: slow today");
      assertThat(story.take()).isEqualTo("moved to " + before);
      assertThat(story.take()).startsWith("moved to ").isNotEqualTo("moved to " + before);
      assertThat(List.of(range(first), range(second))).doesNotHaveDuplicates();
    }
  }

  /** What a span tells, in words. */
  private record Story(BlockingQueue<String> told) implements MovingSpan.Listener {
    @Override
    public void moved(LayerRange to) {
      told.add("moved to " + to);
    }

    @Override
    public void stays(LayerRange at, FolkmootException why) {
      told.add("stays at " + at + ": " + why.getMessage());
    }

    @Override
    public void failed(FolkmootException why) {
      told.add("failed: " + why.getMessage());
    }
  }

  @Test
  void aSpanThatAPersonChoseStays() {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withLayers(LAYERS));
    try (SwarmNode a = node("a")) {
      ServedSpan.Wish wish =
          new ServedSpan.Wish(
              "tiny",
              SHA,
              file,
              Optional.of(new ServedSpan.LayerWish(0, 2)),
              OptionalLong.empty(),
              1,
              1 << 22,
              WeightShelf.NONE,
              false);
      try (MovingSpan span =
          MovingSpan.start(
              a,
              wish,
              _ -> {},
              () -> {
                throw new AssertionError("looks whether to move");
              },
              new MovingSpan.Listener() {
                @Override
                public void moved(LayerRange to) {
                  throw new AssertionError();
                }

                @Override
                public void stays(LayerRange at, FolkmootException why) {
                  throw new AssertionError(why);
                }

                @Override
                public void failed(FolkmootException why) {
                  throw new AssertionError(why);
                }
              })) {
        assertThat(span.range()).contains(new LayerRange(true, 0, 2, false));
      }
    }
  }
}
