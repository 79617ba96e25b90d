package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.wire.PeerAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Time as a peer's link feels it, on a clock of the test. */
class LinkHandlerTest {
  private static final Duration FRAME = Duration.ofSeconds(30);

  private final Recorder recorder = new Recorder();
  private final EmbeddedChannel channel = new EmbeddedChannel();

  private final ChannelLink link;

  LinkHandlerTest() {
    channel.freezeTime();
    link =
        new ChannelLink(
            new TlsCarrier(channel),
            SeededRandom.identity(1).peerId(),
            PeerAddress.parse("tls://127.0.0.1:1"),
            false,
            1);
    link.start(recorder, () -> {});
    channel.pipeline().addLast(new LinkHandler(link, FRAME, () -> link.ended("over")));
  }

  /**
   * This channel's loop takes every thread for its own, and runs nothing by itself: tests that came
   * later on this thread would leave their passes to it, and wait for ever.
   */
  @AfterEach
  void thisThreadReadsNoMore() {
    ReadingThread.readsNoMore();
    assertThat(ReadingThread.afterReading(() -> {})).isFalse();
  }

  @Test
  void aFrameThatComesTooSlowlyEndsTheLink() {
    bytes(10, 0, 0, 0, 1);
    pass(29);
    bytes(2);
    assertThat(recorder.closes).isEmpty();
    pass(1);
    assertThat(recorder.closes).containsExactly("a frame took longer than 30 s");
  }

  @Test
  void aHeadThatComesTooSlowlyToo() {
    bytes(1);
    pass(30);
    assertThat(recorder.closes).hasSize(1);
  }

  @Test
  void eachFrameHasItsOwnTime() {
    bytes(1, 0, 0, 0);
    pass(20);
    bytes(7, 1, 0, 0, 0);
    pass(20);
    assertThat(recorder.closes).isEmpty();
    pass(10);
    assertThat(recorder.closes).hasSize(1);
    assertThat(recorder.frames).hasSize(1);
  }

  @Test
  void silenceBetweenFramesIsNoFault() {
    bytes(1, 0, 0, 0, 7);
    pass(1000);
    bytes(1, 0, 0, 0, 8);
    assertThat(recorder.closes).isEmpty();
    assertThat(recorder.frames).hasSize(2);
  }

  @Test
  void aLengthThatNoneMayHaveEndsTheLink() {
    bytes(0, 0, 0, 0, 1, 0, 0, 0, 7);
    assertThat(recorder.closes)
        .containsExactly("the other side sent a frame of 0 bytes, which none may have");
    assertThat(recorder.frames).isEmpty();
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void answersToFramesThatCameTogetherLeaveTogether() {
    List<Integer> waiting = new ArrayList<>();
    link.start(
        new Recorder() {
          @Override
          public void frame(PeerTransport.Link from, byte[] frame) {
            from.send(frame);
            waiting.add(channel.outboundMessages().size());
          }
        },
        () -> {});
    bytes(1, 0, 0, 0, 7);
    assertThat(waiting).as("alone, it does not wait").containsExactly(1);
    bytes(1, 0, 0, 0, 8, 1, 0, 0, 0, 9);
    assertThat(waiting).containsExactly(1, 1, 1);
    assertThat(channel.outboundMessages()).hasSize(3);
  }

  @Test
  void whatIsSaidTogetherLeavesWhenAllIsSaid() {
    ReadingThread.together(() -> {
      link.send(new byte[] {1});
      ReadingThread.together(() -> link.send(new byte[] {2}));
      assertThat(channel.outboundMessages()).isEmpty();
    });
    assertThat(channel.outboundMessages()).hasSize(2);
    link.send(new byte[] {3});
    assertThat(channel.outboundMessages()).hasSize(3);
  }

  /** The channel says so while its flush is still under way. */
  @Test
  void whatAFullChannelTakesAgainFollowsAtOnce() {
    channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(100, 200));
    ReadingThread.together(() -> {
      for (int i = 0; i < 5; i++) {
        link.send(new byte[300]);
      }
    });
    assertThat(channel.outboundMessages()).hasSize(5);
  }

  private void bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    channel.writeInbound(Unpooled.wrappedBuffer(bytes));
    channel.runPendingTasks();
  }

  private void pass(int seconds) {
    channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
    channel.runPendingTasks();
  }
}
