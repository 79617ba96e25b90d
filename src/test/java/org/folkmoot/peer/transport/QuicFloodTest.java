package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.folkmoot.peer.transport.RawQuic.Kind;
import org.folkmoot.peer.transport.RawQuic.Retry;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Floods of first packets of QUIC: what each costs is bounded, and who is honest gets in meanwhile.
 */
class QuicFloodTest extends QuicFixture {
  private static final byte[] NO_TOKEN = {};

  /** Strangers that one address may have here, while there are few. */
  private static final int PLACES = 8;

  private static final TransportLimits FEW =
      limits(Duration.ofHours(1), new Share(64, PLACES, PLACES));

  /** Everybody must prove his address. */
  private static final TransportLimits WARY = limits(Duration.ofHours(1), new Share(3, 3, 3));

  private final Random random = new Random(11);
  private RawQuic.Hello hello = new RawQuic.Hello(new byte[0], new byte[0]);

  @BeforeEach
  void hearAPeer() throws IOException {
    hello = RawQuic.ofPeer(21);
  }

  private RawQuic stranger(String from) throws IOException {
    return new RawQuic(from, server().listenPort(), hello);
  }

  private byte[] beginning(RawQuic stranger) {
    return stranger.initial(RawQuic.newId(random), NO_TOKEN);
  }

  /** Of all that begin a connection, only as many as have a place cost more than a token. */
  @Test
  void tenThousandBeginningsFromOneAddressLeaveRoomForOthers()
      throws IOException, InterruptedException {
    listen(FEW);
    int count = 10_000;
    Answers answers = new Answers();
    try (RawQuic stranger = stranger("127.0.0.2")) {
      for (int i = 0; i < count; i++) {
        if (i == count / 2) {
          dial();
        }
        stranger.send(beginning(stranger));
        // More come of a handshake than of a token, so some are on their way: one may be lost.
        stranger.receiveSoon().ifPresent(answers::take);
        assertThat(server().connections()).isLessThanOrEqualTo(PLACES + 1);
      }
      stranger.pending().forEach(answers::take);
    }
    assertServed();
    // Some are still on their way, for who waits for an end of the handshake is reminded.
    assertThat(answers.retries).isGreaterThan(9 * count / 10);
    assertThat(answers.bytes).isLessThan(count * RawQuic.DATAGRAM / 5);
    assertThat(there.links).isEmpty();
    assertServes();
  }

  @Test
  void handshakesThatAreNotFinishedAreHungUpOn() throws IOException {
    listen(limits(Duration.ofMillis(200), new Share(64, PLACES, PLACES)));
    try (RawQuic stranger = stranger("127.0.0.2")) {
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < PLACES; i++) {
          stranger.send(beginning(stranger));
        }
        Answers answers = new Answers();
        while (answers.initials < PLACES) {
          answers.take(stranger.receive());
        }
        awaitConnections(0);
        stranger.pending();
      }
    }
  }

  /** Who forges addresses hears no answer: from some number on he must have heard one. */
  @Test
  void manyAddressesThatHearNothingTakeAQuarterOfThePlaces()
      throws IOException, InterruptedException {
    listen(FEW);
    for (int i = 0; i < 200; i++) {
      try (RawQuic stranger = stranger("127.0." + (1 + i / 100) + "." + (1 + i % 100))) {
        stranger.send(beginning(stranger));
        var _ = stranger.receive();
      }
    }
    assertThat(server().connections()).isBetween(1, 64 / 4); // the first of them may have ended
    assertServes();
  }

  @Test
  void aTokenThatIsShownAgainTakesThePlacesOfItsAddress() throws IOException, InterruptedException {
    listen(WARY);
    int count = 1000;
    Answers answers = new Answers();
    try (RawQuic stranger = stranger("127.0.0.2")) {
      Retry retry = retry(stranger);
      for (int i = 0; i < count; i++) {
        byte[] id = i == 0 ? retry.id() : RawQuic.newId(random);
        stranger.send(stranger.initial(id, retry.token()));
        if (i % 8 == 0) { // is answered when all before it are done
          answers.takeUntilRetry(stranger, beginning(stranger));
        }
      }
      answers.takeUntilRetry(stranger, beginning(stranger));
      awaitConnections(WARY.strangers().perAddress());
      assertThat(answers.initials).as("places and refusals").isLessThan(count / 2);
      assertThat(there.links).isEmpty();
    }
  }

  @Test
  void aTokenOfAnotherAddressOrAnAlteredOneIsNone() throws IOException, InterruptedException {
    listen(WARY);
    try (RawQuic owner = stranger("127.0.0.2");
        RawQuic thief = stranger("127.0.0.3");
        RawQuic otherPort = stranger("127.0.0.2")) {
      Retry retry = retry(owner);
      for (RawQuic other : List.of(thief, otherPort)) {
        other.send(other.initial(retry.id(), retry.token()));
        assertNothingCame(other);
      }
      for (int i = 0; i < retry.token().length; i++) {
        byte[] altered = retry.token().clone();
        altered[i] ^= 1;
        owner.send(owner.initial(retry.id(), altered));
        owner.send(owner.initial(retry.id(), Arrays.copyOf(retry.token(), Math.max(1, i))));
        assertNothingCame(owner);
      }
      owner.send(owner.initial(retry.id(), new byte[300]));
      assertNothingCame(owner);
      Retry fresh = retry(owner); // they are good for ten seconds
      owner.send(owner.initial(fresh.id(), fresh.token()));
      assertThat(RawQuic.kind(owner.receive())).isEqualTo(Kind.INITIAL);
    }
    assertServes();
  }

  /** Forged, they would have us send to their owner more than was sent to us. */
  @Test
  void shortDatagramsBeginNothingAndAreNotAnswered() throws IOException, InterruptedException {
    for (TransportLimits limits : List.of(FEW, WARY)) {
      listen(limits);
      try (RawQuic stranger = stranger("127.0.0.2")) {
        byte[] whole = beginning(stranger);
        byte[] unknown = whole.clone();
        unknown[4] = 9;
        for (int length = 1; length < RawQuic.DATAGRAM; length++) {
          stranger.send(Arrays.copyOf(whole, length));
          stranger.send(Arrays.copyOf(unknown, length));
          if (length % 8 == 0) {
            assertAnswersVersionsOnly(stranger);
          }
        }
        assertThat(server().connections()).isZero();
      }
      assertServes();
      server().close();
    }
  }

  @Test
  void anotherVersionIsAnsweredWithOurs() throws IOException, InterruptedException {
    listen(FEW);
    try (RawQuic stranger = stranger("127.0.0.2")) {
      assertAnswersVersionsOnly(stranger);
      assertThat(server().connections()).isZero();
    }
    assertServes();
  }

  /** All forms of packets, whole, altered, cut and in pieces behind each other. */
  @Test
  void packetsThatMakeNoSenseAreDroppedAtNoCost() throws IOException, InterruptedException {
    listen(FEW);
    try (RawQuic stranger = stranger("127.0.0.2")) {
      List<byte[]> genuine = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        genuine.add(beginning(stranger));
      }
      for (int i = 0; i < 5000; i++) {
        stranger.send(nonsense(genuine.get(random.nextInt(genuine.size()))));
        if (i % 8 == 0) {
          stranger.send(unknownVersion(stranger));
          while (RawQuic.kind(stranger.receive()) != Kind.VERSIONS) {
            assertThat(server().connections()).isLessThanOrEqualTo(PLACES + 1);
          }
        }
      }
    }
    assertThat(server().connections()).isLessThanOrEqualTo(PLACES);
    assertThat(there.links).isEmpty();
    assertServes();
  }

  private byte[] nonsense(byte[] genuine) {
    byte[] packet = genuine.clone();
    switch (random.nextInt(6)) {
      case 0 -> random.nextBytes(packet);
      case 1 -> packet[0] = (byte) random.nextInt(); // another form, or no QUIC at all
      case 2 -> packet[random.nextInt(60)] = (byte) random.nextInt(); // ids, lengths, token
      case 3 -> packet = Arrays.copyOf(packet, 1 + random.nextInt(packet.length));
      case 4 -> {
        byte[] form = new byte[] {(byte) 0xc0, (byte) 0xd0, (byte) 0xe0, (byte) 0xf0, 0x40};
        packet[0] = form[random.nextInt(form.length)];
        for (int i = 0; i < 20; i++) {
          packet[6 + random.nextInt(packet.length - 6)] = (byte) random.nextInt();
        }
      }
      default -> {
        int cut = random.nextInt(packet.length);
        byte[] behind = Arrays.copyOf(packet, 1500);
        System.arraycopy(packet, 0, behind, cut, Math.min(packet.length, 1500 - cut));
        packet = behind;
      }
    }
    return packet;
  }

  /** What comes next was sent for this, and not for anything before. */
  private void assertAnswersVersionsOnly(RawQuic stranger) throws IOException {
    stranger.send(unknownVersion(stranger));
    byte[] answer = stranger.receive();
    assertThat(RawQuic.kind(answer)).isEqualTo(Kind.VERSIONS);
    assertThat(answer.length).isLessThan(RawQuic.DATAGRAM);
    assertThat(Arrays.copyOfRange(answer, answer.length - 4, answer.length))
        .containsExactly(0, 0, 0, 1);
  }

  private void assertNothingCame(RawQuic stranger) throws IOException {
    assertAnswersVersionsOnly(stranger);
    assertThat(server().connections()).isZero();
  }

  private byte[] unknownVersion(RawQuic stranger) {
    byte[] packet = beginning(stranger);
    packet[4] = 9;
    return packet;
  }

  private Retry retry(RawQuic stranger) throws IOException {
    stranger.send(beginning(stranger));
    return RawQuic.retry(stranger.receive()).orElseThrow();
  }

  /** What a server has sent. */
  private static final class Answers {
    private int initials;
    private int retries;
    private long bytes;

    void take(byte[] packet) {
      bytes += packet.length;
      switch (RawQuic.kind(packet)) {
        case INITIAL -> initials++;
        case RETRY -> retries++;
        case VERSIONS, OTHER -> {}
      }
    }

    void takeUntilRetry(RawQuic stranger, byte[] beginning) throws IOException {
      stranger.send(beginning);
      int before = retries;
      while (retries == before) {
        take(stranger.receive());
      }
    }
  }
}
