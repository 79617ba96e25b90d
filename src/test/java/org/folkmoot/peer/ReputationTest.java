package org.folkmoot.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.folkmoot.wire.Message.Reason;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

class ReputationTest {
  private static final long SECOND = VirtualTime.SECOND;

  private final VirtualTime time = new VirtualTime();
  private final Reputation reputation = new Reputation(time.loop(0));
  private final PeerId peer = FakeKeys.id(new Random(1));

  @Test
  void aConnectThatFailsCountsAsACallThatFails() {
    reputation.failed(peer);
    assertThat(reputation.bannedNanos(peer)).isEqualTo(5 * SECOND);
    reputation.lost(peer, Reason.UNREACHABLE);
    assertThat(reputation.bannedNanos(peer)).isEqualTo(10 * SECOND);
    reputation.lost(peer, Reason.STOPPING);
    assertThat(reputation.failures(peer)).isEqualTo(2);
    reputation.connected(peer);
    assertThat(reputation.failures(peer)).isEqualTo(1);
    assertThat(reputation.banned(peer)).isFalse();
  }

  @Test
  void aLinkAloneDoesNotForgiveWrongAnswers() {
    reputation.failed(peer);
    reputation.connected(peer);
    assertThat(reputation.banned(peer)).isTrue();
    reputation.succeeded(peer);
    assertThat(reputation.banned(peer)).isFalse();
    assertThat(reputation.failures(peer)).isZero();
  }

  @Test
  void bansDoubleUpToTenMinutesAndFailuresFade() {
    for (int i = 0; i < 40; i++) {
      reputation.failed(peer);
    }
    assertThat(reputation.bannedNanos(peer)).isEqualTo(600 * SECOND);
    assertThat(reputation.failures(peer)).isEqualTo(16);
    time.pass(600);
    assertThat(reputation.banned(peer)).isFalse();
    assertThat(reputation.failures(peer)).isEqualTo(15);
    time.pass(6000);
    assertThat(reputation.failures(peer)).isEqualTo(5);
    time.pass(60_000);
    assertThat(reputation.failures(peer)).isZero();
  }
}
