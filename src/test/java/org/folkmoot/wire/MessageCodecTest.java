package org.folkmoot.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

class MessageCodecTest {
  /** Types of messages that are known, and some beyond. */
  private static final int MOST_TYPES = 80;

  private static final HexFormat HEX = HexFormat.of();

  @Test
  void everyMessageComesBackAsItWas() throws WireException {
    Set<Class<?>> kinds = new HashSet<>();
    for (int seed = 0; seed < 50; seed++) {
      RandomMessages messages = new RandomMessages(new Random(seed));
      for (int kind = 0; kind < RandomMessages.KINDS; kind++) {
        Message message = messages.message(kind);
        kinds.add(message.getClass());
        byte[] frame = MessageCodec.encode(message);
        Message back = MessageCodec.decode(frame);
        assertThat(back).as("seed %d", seed).usingRecursiveComparison().isEqualTo(message);
        assertThat(MessageCodec.encode(back)).isEqualTo(frame);
      }
    }
    assertThat(kinds).containsExactlyInAnyOrder(Message.class.getPermittedSubclasses());
  }

  @Test
  void everyAnnouncementComesBackAsItWas() throws WireException {
    for (int seed = 0; seed < 300; seed++) {
      Announcement announcement = new RandomMessages(new Random(seed)).announcement();
      byte[] body = MessageCodec.encode(announcement);
      assertThat(MessageCodec.announcement(body)).isEqualTo(announcement);
    }
  }

  /** The bytes of one message of each kind: whoever changes them changes the protocol. */
  @Test
  void theFormatHasNotDrifted() {
    List<String> lines = new ArrayList<>();
    for (int kind = 0; kind < RandomMessages.KINDS; kind++) {
      // java.util.Random's numbers are fixed by its specification.
      Message message = new RandomMessages(new Random(7L * kind + 1)).message(kind);
      lines.add(
          message.getClass().getSimpleName() + " " + HEX.formatHex(MessageCodec.encode(message)));
    }
    assertThat(lines).isEqualTo(golden());
  }

  private static List<String> golden() {
    try (InputStream in = MessageCodecTest.class.getResourceAsStream("messages.hex")) {
      if (in == null) {
        return List.of();
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  @Test
  void anotherVersionIsNamed() {
    byte[] frame = MessageCodec.encode(new Message.Ping(1));
    frame[0] = 2;
    assertThatThrownBy(() -> MessageCodec.decode(frame))
        .isInstanceOfSatisfying(
            WireException.class,
            wrong -> assertThat(wrong.reason()).isEqualTo(Message.Reason.VERSION))
        .hasMessageContaining("version 2")
        .hasMessageContaining("update");
  }

  /** As from a peer that is newer than its version says. */
  @Test
  void anUnknownTypeIsAQuestionOfVersions() {
    for (int type : new int[] {0, 17, 99, 255}) {
      assertThatThrownBy(() -> MessageCodec.decode(new byte[] {Limits.VERSION, (byte) type, 1, 2}))
          .isInstanceOfSatisfying(
              WireException.class,
              wrong -> assertThat(wrong.reason()).isEqualTo(Message.Reason.VERSION))
          .hasMessageContaining("type " + type)
          .hasMessageContaining("version " + Limits.VERSION)
          .hasMessageContaining("update the older");
    }
  }

  @Test
  void theProtocolsPageListsAllTypes() throws IOException {
    List<String> rows =
        Files.readAllLines(Path.of("docs/protocol.md")).stream()
            .filter(line -> line.matches("\\| \\d+ \\| .*"))
            .map(line -> line.substring(0, line.lastIndexOf('|', line.length() - 2) + 1))
            .toList();
    List<String> types = new ArrayList<>();
    for (int kind = 0; kind < RandomMessages.KINDS; kind++) {
      Message message = new RandomMessages(new Random(kind)).message(kind);
      types.add(
          "| %d | `%s` |"
              .formatted(MessageCodec.encode(message)[1], message.getClass().getSimpleName()));
    }
    assertThat(rows).containsExactlyInAnyOrderElementsOf(types);
  }

  @Test
  void whatIsCutShortOrTooLongIsNoMessage() {
    for (int kind = 0; kind < RandomMessages.KINDS; kind++) {
      byte[] frame = MessageCodec.encode(new RandomMessages(new Random(kind)).message(kind));
      for (int length = 0; length < frame.length; length++) {
        byte[] cut = Arrays.copyOf(frame, length);
        assertThatThrownBy(() -> MessageCodec.decode(cut)).isInstanceOf(WireException.class);
      }
      byte[] longer = Arrays.copyOf(frame, frame.length + 1);
      assertThatThrownBy(() -> MessageCodec.decode(longer)).isInstanceOf(WireException.class);
    }
  }

  @Test
  void lengthsAreCheckedBeforeMemoryIsTaken() {
    // Two thousand million numbers are promised, and nothing comes.
    byte[] frame =
        MessageCodec.encode(
            new Message.Forward(new SessionId(1, 2), 0, 0, 1, 0, new int[] {5}, new float[0]));
    int idCount = 2 + 16 + 4 * 4;
    for (int huge : new int[] {Integer.MAX_VALUE, -1, 1 << 21, 4097}) {
      byte[] lying = frame.clone();
      for (int i = 0; i < 4; i++) {
        lying[idCount + i] = (byte) (huge >> (8 * i));
      }
      assertThatThrownBy(() -> MessageCodec.decode(lying)).isInstanceOf(WireException.class);
    }
  }

  @Test
  void noBytesDoHarm() {
    fuzz(1, 100_000);
  }

  @Test
  @Soak
  void noBytesDoHarmForLong() {
    fuzz(
        Long.getLong("folkmoot.soak.seed", 2),
        Integer.getInteger("folkmoot.soak.runs", 50_000_000));
  }

  private static void fuzz(long seed, int runs) {
    Random random = new Random(seed);
    RandomMessages messages = new RandomMessages(random);
    Set<Integer> seen = new HashSet<>();
    Set<Integer> types = new HashSet<>();
    int understood = 0;
    for (int run = 0; run < runs; run++) {
      byte[] bytes;
      if (run % 8 == 0) {
        bytes = new byte[random.nextInt(200)];
        random.nextBytes(bytes);
        if (bytes.length > 1 && random.nextBoolean()) {
          bytes[0] = Limits.VERSION;
          bytes[1] = (byte) random.nextInt(MOST_TYPES);
          seen.add((int) bytes[1]);
        }
      } else {
        bytes = MessageCodec.encode(messages.message(run % RandomMessages.KINDS));
        types.add((int) bytes[1]);
        for (int flips = random.nextInt(4); flips >= 0; flips--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
      }
      understood += survives(bytes, seed, run);
    }
    assertThat(types).hasSize(RandomMessages.KINDS);
    assertThat(seen).as("types with bodies at random").containsAll(types);
    // Flips in numbers and hashes make other messages, not broken ones.
    assertThat(understood).isBetween(runs / 10, runs);
  }

  private static int survives(byte[] bytes, long seed, int run) {
    try {
      Message message = MessageCodec.decode(bytes);
      MessageCodec.encode(message);
      if (message instanceof Message.Gossip(List<SignedAnnouncement> announcements)) {
        for (SignedAnnouncement one : announcements) {
          MessageCodec.announcement(one.body());
        }
      }
      return 1;
    } catch (WireException noMessage) {
      return 0;
    } catch (RuntimeException | Error defect) {
      throw new AssertionError(
          "seed %d, run %d, bytes %s".formatted(seed, run, HEX.formatHex(bytes)), defect);
    }
  }

  @Test
  void textsThatAreTooLongAreCutBetweenCharacters() throws WireException {
    String much = "語".repeat(200);
    Message back =
        MessageCodec.decode(MessageCodec.encode(new Message.Goodbye(Message.Reason.BUSY, much)));
    assertThat(back).isInstanceOf(Message.Goodbye.class);
    String text = ((Message.Goodbye) back).text();
    assertThat(much).startsWith(text);
    assertThat(text.length()).isBetween(98, 100);
  }

  @Test
  void aPolicyStandsBehindWhatWasThereBefore() throws WireException {
    SwarmId swarm = new SwarmId(Hash32.of(new byte[32]));
    PeerId peer = new PeerId(Hash32.of(new byte[32]));
    Announcement plain = new Announcement(swarm, peer, 1, 240, List.of(), List.of());
    Optional<Hash32> policy = Optional.of(Hash32.sha256(new byte[1]));
    Announcement declared = new Announcement(swarm, peer, 1, 240, List.of(), List.of(), policy);
    byte[] before = MessageCodec.encode(plain);
    byte[] body = MessageCodec.encode(declared);
    assertThat(body).startsWith(before).hasSize(before.length + 1 + Hash32.BYTES);
    assertThat(MessageCodec.announcement(body)).isEqualTo(declared);
    body[before.length] = 2;
    assertThatThrownBy(() -> MessageCodec.announcement(body)).isInstanceOf(WireException.class);
  }

  @Test
  void anOfferThatCannotBeIsNone() {
    byte[] body =
        MessageCodec.encode(
            new Announcement(
                new SwarmId(Hash32.of(new byte[32])),
                new PeerId(Hash32.of(new byte[32])),
                1,
                240,
                List.of(),
                List.of(
                    new Offer(
                        new ModelId(Hash32.of(new byte[32])),
                        "m",
                        4,
                        1,
                        Hash32.of(new byte[32]),
                        LayerRange.whole(4),
                        1,
                        0,
                        0))));
    byte[] nan = body.clone();
    int pace = body.length - 12;
    nan[pace + 2] = (byte) 0xc0;
    nan[pace + 3] = 0x7f;
    assertThatThrownBy(() -> MessageCodec.announcement(nan)).isInstanceOf(WireException.class);
  }
}
