package org.folkmoot.cli.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A span is offered when the node has answered a stranger's request, and not before. */
@Timeout(300)
class ServedSpanTest {
  private static final int LAYERS = 3;

  @TempDir private Path folder;

  private SwarmNode node() {
    return TestNode.start(folder.resolve("home"), Identity.random(new SecureRandom()), 0);
  }

  private ServedSpan.Wish wish(int from, int to) {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withLayers(LAYERS));
    return new ServedSpan.Wish(
        "tiny",
        "1".repeat(64),
        file,
        Optional.of(new ServedSpan.LayerWish(from, to)),
        OptionalLong.empty(),
        1,
        1 << 22,
        WeightShelf.NONE,
        false);
  }

  private static boolean offers(SwarmNode node) {
    return node.announcements().stream().anyMatch(each -> !each.offers().isEmpty());
  }

  /** What came to a node, and whether it offered anything then. */
  private record Heard(PeerId from, Message message, boolean offering) {}

  @ParameterizedTest
  @CsvSource({"0,3", "0,2", "1,2", "2,3"})
  void itIsOfferedOnceAStrangersRequestWasAnswered(int from, int to) {
    List<Heard> heard = new CopyOnWriteArrayList<>();
    try (SwarmNode node = node()) {
      node.run(() ->
          node.links()
              .listen(
                  new PeerNetwork.Listener() {
                    @Override
                    public void received(PeerId by, Message message) {
                      heard.add(new Heard(by, message, offers(node)));
                    }
                  }));
      ServedSpan span = ServedSpan.start(node, wish(from, to), _ -> {});
      assertThat(node.call(() -> offers(node))).isTrue();
      assertThat(span.range().from()).isEqualTo(from);
      List<Message> asked = heard.stream().map(Heard::message).toList();
      assertThat(asked).hasAtLeastOneElementOfType(Message.Open.class);
      assertThat(asked).hasAtLeastOneElementOfType(Message.Forward.class);
      assertThat(asked)
          .as("an output is wanted: hidden states, or a token")
          .anyMatch(each ->
              each instanceof Message.Forward step
                  && step.wantFrom() < step.position() + step.tokens());
      assertThat(heard).noneMatch(each -> each.from().equals(node.self()));
      // The close may come when it is offered already.
      assertThat(heard)
          .filteredOn(each -> !(each.message() instanceof Message.Close))
          .noneMatch(Heard::offering);
      assertThat(node.await(Duration.ofSeconds(60), () -> node.server().seats() == 0))
          .as("nothing of it is left")
          .isTrue();
      span.close();
    }
  }

  @Test
  void whereThePortDoesNotAnswerNothingIsOffered() {
    SwarmNode node = node();
    node.run(() -> node.links().close());
    assertThatThrownBy(() -> ServedSpan.start(node, wish(0, 3), _ -> {}, Duration.ofSeconds(2)))
        .isInstanceOfSatisfying(
            FolkmootException.class,
            failed -> assertThat(failed.code()).isEqualTo(FolkmootException.Code.UNREACHABLE))
        .hasMessageContaining("does not answer its own request through its port");
    assertThat(node.call(() -> offers(node))).isFalse();
    node.close();
  }
}
