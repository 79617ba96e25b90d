package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/** What a client holds against peers, and for how long. */
class PeerScoresTest {
  private static final long SECOND = 1_000_000_000L;
  private static final PeerId PEER = new PeerId(Hash32.sha256(new byte[] {1}));

  private final Clock clock = new Clock();
  private final PeerScores scores = new PeerScores(clock);

  private boolean banned() {
    return scores.measured(PEER).banned();
  }

  @Test
  void aFailureThatTwoTellOfCountsOnce() {
    scores.failed(PEER, Message.Reason.UNREACHABLE);
    scores.failed(PEER, Message.Reason.SILENT);
    assertThat(scores.measured(PEER).failures()).isEqualTo(1);
    clock.now += 6 * SECOND;
    assertThat(banned()).isFalse();
    scores.failed(PEER, Message.Reason.UNREACHABLE);
    assertThat(scores.measured(PEER).failures()).isEqualTo(2);
    clock.now += 6 * SECOND;
    assertThat(banned()).isTrue();
  }

  @Test
  void whoCanBeReachedAgainIsAskedAgainButStillCountsAsFailed() {
    scores.failed(PEER, Message.Reason.UNREACHABLE);
    scores.reached(PEER);
    assertThat(banned()).isFalse();
    assertThat(scores.measured(PEER).failures()).isEqualTo(1);
    scores.computed(PEER, 4, 1, 1_000_000);
    assertThat(scores.measured(PEER).failures()).isZero();
  }

  @Test
  void whoComputedWronglyDoesNotShedItsBanByGoingAwayAndComingBack() {
    scores.failed(PEER, Message.Reason.FAILED);
    clock.now += 2 * SECOND;
    scores.failed(PEER, Message.Reason.UNREACHABLE);
    scores.reached(PEER);
    clock.now += 500 * SECOND;
    assertThat(banned()).isTrue();
    clock.now += 100 * SECOND;
    assertThat(banned()).isFalse();
  }

  @Test
  void whoIsBusyStaysAloneThoughThereIsALink() {
    scores.busy(PEER, 2000);
    scores.reached(PEER);
    assertThat(banned()).isTrue();
    clock.now += 2 * SECOND;
    assertThat(banned()).isFalse();
    assertThat(scores.measured(PEER).failures()).isZero();
  }

  /** Nothing but the time. */
  private static final class Clock implements PeerNetwork, Loop {
    long now = 1;

    @Override
    public Loop loop() {
      return this;
    }

    @Override
    public long nanoTime() {
      return now;
    }

    @Override
    public OptionalLong roundTripNanos(PeerId peer) {
      return OptionalLong.empty();
    }

    @Override
    public PeerId self() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void execute(Runnable task) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Timer after(long nanos, Runnable task) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long clockMillis() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void listen(Listener listener) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void ignore(Listener listener) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void know(PeerId peer, List<PeerAddress> addresses) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void hint(PeerId peer, List<PeerAddress> addresses) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void send(PeerId to, Message message) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void connect(PeerId peer) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Set<PeerId> connected() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void watch(PeerId peer) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void unwatch(PeerId peer) {
      throw new UnsupportedOperationException();
    }
  }
}
