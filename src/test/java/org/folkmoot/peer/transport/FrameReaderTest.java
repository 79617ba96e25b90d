package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.folkmoot.testing.Soak;
import org.folkmoot.wire.Limits;
import org.junit.jupiter.api.Test;

class FrameReaderTest {
  @Test
  void framesAreTheSameHoweverTheBytesAreCut() throws FrameReader.Malformed {
    for (int seed = 0; seed < 300; seed++) {
      cutAtRandom(seed, 5_000);
    }
  }

  @Test
  void greatFramesToo() throws FrameReader.Malformed {
    for (int seed = 0; seed < 5; seed++) {
      cutAtRandom(seed, 1_000_000);
    }
  }

  @Test
  void anyBytesAreFramesOrMalformed() {
    for (int seed = 0; seed < 5_000; seed++) {
      readNoise(seed);
    }
  }

  /** For as many seconds as the property {@code soak.seconds} says. */
  @Soak
  @Test
  void anyBytesForLong() throws FrameReader.Malformed {
    int rounds = Integer.getInteger("soak.seconds", 60) * 10_000;
    for (int seed = 0; seed < rounds; seed++) {
      readNoise(seed);
      if (seed % 50 == 0) {
        cutAtRandom(seed, 100_000);
      }
    }
  }

  @Test
  void lengthsThatNoneMayHaveAreMalformedBeforeAByteOfTheFrame() {
    for (int length : new int[] {0, -1, Limits.MAX_FRAME + 1, Integer.MIN_VALUE}) {
      ByteBuf head = Unpooled.buffer().writeIntLE(length);
      assertThatThrownBy(() -> new FrameReader().read(head, frame -> {}))
          .isInstanceOf(FrameReader.Malformed.class);
    }
  }

  @Test
  void midwayIsSaidFromTheFirstByteOfTheHeadToTheLastOfTheFrame() throws FrameReader.Malformed {
    FrameReader reader = new FrameReader();
    List<byte[]> frames = new ArrayList<>();
    ByteBuf bytes = Unpooled.buffer().writeIntLE(2).writeByte(7).writeByte(8);
    assertThat(reader.midway()).isFalse();
    for (int i = 0; i < 5; i++) {
      reader.read(bytes.readSlice(1), frames::add);
      assertThat(reader.midway()).isTrue();
    }
    reader.read(bytes, frames::add);
    assertThat(reader.midway()).isFalse();
    assertThat(reader.completed()).isEqualTo(1);
    assertThat(frames).containsExactly(new byte[] {7, 8});
  }

  private static void cutAtRandom(int seed, int most) throws FrameReader.Malformed {
    Random random = new Random(seed);
    List<byte[]> sent = new ArrayList<>();
    ByteBuf stream = Unpooled.buffer();
    for (int i = random.nextInt(1, 8); i > 0; i--) {
      byte[] frame = new byte[random.nextInt(4) == 0 ? 1 : random.nextInt(1, most)];
      random.nextBytes(frame);
      sent.add(frame);
      stream.writeIntLE(frame.length).writeBytes(frame);
    }
    FrameReader reader = new FrameReader();
    List<byte[]> read = new ArrayList<>();
    while (stream.isReadable()) {
      int piece = random.nextInt(1, random.nextBoolean() ? 8 : most);
      reader.read(stream.readSlice(Math.min(piece, stream.readableBytes())), read::add);
    }
    assertThat(read.size()).as("frames, seed %d", seed).isEqualTo(sent.size());
    for (int i = 0; i < sent.size(); i++) {
      assertThat(read.get(i)).as("frame %d, seed %d", i, seed).isEqualTo(sent.get(i));
    }
  }

  private static void readNoise(int seed) {
    Random random = new Random(seed);
    byte[] noise = new byte[random.nextInt(400)];
    random.nextBytes(noise);
    // Half of the noise begins with a head that may be true.
    if (noise.length > 4 && random.nextBoolean()) {
      noise[1] = (byte) random.nextInt(2);
      noise[2] = 0;
      noise[3] = 0;
    }
    long[] bytes = new long[1];
    try {
      new FrameReader()
          .read(
              Unpooled.wrappedBuffer(noise), frame -> bytes[0] += FrameReader.HEAD + frame.length);
    } catch (FrameReader.Malformed refused) {
      assertThat(refused).hasMessageContaining("bytes");
    }
    assertThat(bytes[0]).as("seed %d", seed).isLessThanOrEqualTo(noise.length);
  }
}
