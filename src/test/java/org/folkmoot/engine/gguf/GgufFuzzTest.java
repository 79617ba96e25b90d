package org.folkmoot.engine.gguf;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Hostile bytes. Whatever they are, the outcome is a file whose tensors lie where they may or one
 * line for a person, and the memory used is in proportion to the bytes given.
 *
 * <p>For longer: {@code ./check -Dtest=GgufFuzzTest -Dtest.excluded.groups=
 * -Dfolkmoot.fuzz.rounds=10000000}
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GgufFuzzTest {
  private static final int ROUNDS = 20_000;

  /** Messages, exceptions, and the classes that the first of each kind loads. */
  private static final long FIXED_BYTES = 4 << 20;

  /** The dearest byte is that of an empty array in an array: 12 bytes make a long[0] and a slot. */
  private static final long BYTES_PER_BYTE = 64;

  private static final long[] WORDS = {
    0,
    1,
    -1,
    2,
    31,
    33,
    127,
    255,
    1 << 16,
    1 << 18,
    1L << 31,
    1L << 32,
    1L << 44,
    1L << 62,
    Long.MAX_VALUE,
    Long.MAX_VALUE - 31,
    Long.MIN_VALUE
  };

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Test
  void everyBitFlipped() {
    byte[] whole = RawGguf.valid();
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] file = whole.clone();
      file[bit / 8] ^= (byte) (1 << bit % 8);
      check(file, "bit " + bit);
    }
  }

  @Test
  void everyPlaceWithEveryAwkwardNumber() {
    byte[] whole = RawGguf.valid();
    for (int at = 0; at + 8 <= whole.length; at++) {
      for (long word : WORDS) {
        byte[] file = whole.clone();
        little(file).putInt(at, (int) word);
        check(file, "int " + word + " at " + at);
        little(file).putLong(at, word);
        check(file, "long " + word + " at " + at);
      }
    }
  }

  @Test
  void damagedFiles() {
    fuzzDamaged(1, ROUNDS);
  }

  @Test
  void randomBytes() {
    fuzzRandom(2, ROUNDS);
  }

  @Test
  void wellSpelledNonsense() {
    fuzzNonsense(3, ROUNDS);
  }

  @Test
  @Soak
  void soak() {
    int rounds = Integer.getInteger("folkmoot.fuzz.rounds", 1_000_000);
    int seed = Integer.getInteger("folkmoot.fuzz.seed", 4);
    fuzzDamaged(seed, rounds);
    fuzzRandom(seed, rounds);
    fuzzNonsense(seed, rounds);
  }

  private void fuzzDamaged(int seed, int rounds) {
    byte[] whole = RawGguf.valid();
    for (int round = 0; round < rounds; round++) {
      SplittableRandom random = random(seed, round);
      byte[] file = whole.clone();
      for (int i = random.nextInt(1, 6); i > 0; i--) {
        file = damage(file, random);
      }
      check(file, "seed %d, round %d".formatted(seed, round));
    }
  }

  private static byte[] damage(byte[] file, SplittableRandom random) {
    if (file.length < 16) {
      return file;
    }
    int at = random.nextInt(file.length - 8);
    switch (random.nextInt(6)) {
      case 0 -> file[at] = (byte) random.nextInt();
      case 1 -> little(file).putInt(at, random.nextInt(64));
      case 2 -> little(file).putLong(at, WORDS[random.nextInt(WORDS.length)]);
      case 3 -> {
        int from = random.nextInt(file.length - 8);
        int length = Math.min(random.nextInt(64), file.length - Math.max(from, at));
        System.arraycopy(file.clone(), from, file, at, length);
      }
      case 4 -> {
        return Arrays.copyOf(file, at + random.nextInt(64));
      }
      default -> {
        int gap = random.nextInt(1, 9);
        byte[] shorter = Arrays.copyOf(file, file.length - gap);
        System.arraycopy(
            file, Math.min(at + gap, file.length), shorter, at, Math.max(0, shorter.length - at));
        return shorter;
      }
    }
    return file;
  }

  private void fuzzRandom(int seed, int rounds) {
    for (int round = 0; round < rounds; round++) {
      SplittableRandom random = random(seed, round);
      byte[] tail = new byte[random.nextInt(400)];
      random.nextBytes(tail);
      RawGguf raw = RawGguf.head(random.nextInt(3), random.nextInt(4));
      check(round % 4 == 0 ? tail : join(raw.toBytes(), tail), seed + ", round " + round);
    }
  }

  private void fuzzNonsense(int seed, int rounds) {
    for (int round = 0; round < rounds; round++) {
      SplittableRandom random = random(seed, round);
      int keys = random.nextInt(6);
      int tensors = random.nextInt(6);
      RawGguf raw = RawGguf.head(tensors, keys);
      for (int i = 0; i < keys; i++) {
        raw.string(random.nextInt(20) == 0 ? "general.alignment" : "k" + random.nextInt(20));
        int type = random.nextInt(14);
        raw.int32(type);
        value(raw, type, random);
      }
      TensorType[] types = TensorType.values();
      for (int i = 0; i < tensors; i++) {
        long[] shape = new long[random.nextInt(10) == 0 ? random.nextInt(6) : 1];
        Arrays.setAll(shape, _ -> 32L * random.nextInt(random.nextInt(9) == 0 ? 1 : 4));
        raw.tensor(
            "t" + random.nextInt(40),
            types[random.nextInt(types.length)],
            32L * random.nextInt(64),
            shape);
      }
      raw.pad(32).zeros(random.nextInt(4096));
      check(raw.toBytes(), "seed %d, round %d".formatted(seed, round));
    }
  }

  private static void value(RawGguf raw, int type, SplittableRandom random) {
    switch (type) {
      case 0, 1 -> raw.int8(random.nextInt());
      case 7 -> raw.int8(random.nextInt(12) == 0 ? 2 : random.nextInt(2));
      case 2, 3 -> raw.int8(0).int8(1);
      case 4, 5, 6 -> raw.int32(1 << random.nextInt(32));
      case RawGguf.STRING -> {
        byte[] text = new byte[random.nextInt(20)];
        random.nextBytes(text);
        raw.int64(random.nextInt(20) == 0 ? random.nextLong() : text.length);
        for (byte b : text) {
          raw.int8(b);
        }
      }
      case RawGguf.ARRAY -> {
        int inner = random.nextInt(13);
        int length = random.nextInt(4);
        raw.int32(inner).int64(random.nextInt(20) == 0 ? random.nextLong() : length);
        for (int i = 0; i < length; i++) {
          value(raw, inner, random);
        }
      }
      default -> raw.int64(random.nextLong());
    }
  }

  /** The promise of this class. */
  private void check(byte[] file, String how) {
    GgufParser parser = new GgufParser(MemorySegment.ofArray(file));
    long before = threads.getCurrentThreadAllocatedBytes();
    try {
      parser.parse();
      demand(wellPlaced(parser.tensors().values().stream().toList(), file), how, file);
    } catch (FolkmootException fault) {
      demand(oneLine(String.valueOf(fault.getMessage())), how + ": " + fault, file);
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError unexpected) {
      throw new AssertionError(how + ": " + HexFormat.of().formatHex(file), unexpected);
    }
    long used = threads.getCurrentThreadAllocatedBytes() - before;
    demand(used <= FIXED_BYTES + BYTES_PER_BYTE * file.length, how + ": used " + used, file);
  }

  private static boolean wellPlaced(List<GgufTensor> tensors, byte[] file) {
    long end = 0;
    for (GgufTensor tensor :
        tensors.stream().sorted(Comparator.comparingLong(GgufTensor::offset)).toList()) {
      long bytes = tensor.type().rowBytes(tensor.columns()) * tensor.rows();
      if (tensor.offset() < end || tensor.bytes() != bytes || bytes <= 0) {
        return false;
      }
      end = tensor.offset() + bytes;
    }
    return end <= file.length;
  }

  private static boolean oneLine(String message) {
    return !message.isBlank()
        && message.length() < 500
        && message
            .codePoints()
            .noneMatch(c ->
                switch (Character.getType(c)) {
                  case Character.CONTROL,
                      Character.FORMAT,
                      Character.SURROGATE,
                      Character.LINE_SEPARATOR,
                      Character.PARAGRAPH_SEPARATOR ->
                      true;
                  default -> false;
                });
  }

  private static void demand(boolean kept, String how, byte[] file) {
    if (!kept) {
      throw new AssertionError(how + ": " + HexFormat.of().formatHex(file));
    }
  }

  private static SplittableRandom random(int seed, int round) {
    return new SplittableRandom(((long) seed << 32) + round);
  }

  private static ByteBuffer little(byte[] file) {
    return ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
