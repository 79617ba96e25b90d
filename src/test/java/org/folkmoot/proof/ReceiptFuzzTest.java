package org.folkmoot.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.upokecenter.cbor.CBORObject;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

/**
 * Strangers' bytes as receipts and disclosures: refused with a reason, or reported by the check.
 */
class ReceiptFuzzTest {
  private static final int ROUNDS = 20_000;

  private final MadeReceipt made = new MadeReceipt(1, 3, 5, 8);
  private final byte[] receipt = ReceiptCodec.encode(made.receipt);
  private final byte[] disclosure = made.disclosure.encode();

  /** What is read, or empty if it was refused in the right way. */
  private static <T> Optional<T> read(byte[] bytes, Function<byte[], T> codec) {
    try {
      return Optional.of(codec.apply(bytes));
    } catch (FolkmootException refused) {
      assertThat(refused.code()).isIn(Code.BAD_FILE, Code.UNSUPPORTED);
      assertThat(refused.getMessage()).doesNotContain("\n");
      return Optional.empty();
    }
  }

  private boolean receiptHolds(byte[] bytes) {
    return read(bytes, ReceiptCodec::decode)
        .map(read -> Finding.noneFailed(MadeReceipt.check(read, made.disclosure)))
        .orElse(false);
  }

  private boolean disclosureHolds(byte[] bytes) {
    return read(bytes, Disclosure::decode)
        .map(read -> Finding.noneFailed(MadeReceipt.check(made.receipt, read)))
        .orElse(false);
  }

  @Test
  void everyFlippedByteShows() {
    SplittableRandom random = new SplittableRandom(2);
    for (int at = 0; at < receipt.length; at++) {
      for (int flip : List.of(1, 128, 1 + random.nextInt(255))) {
        byte[] changed = receipt.clone();
        changed[at] ^= (byte) flip;
        if (receiptHolds(changed)) {
          fail("byte %d of the receipt, flipped by %d, is not noticed", at, flip);
        }
      }
    }
    for (int at = 0; at < disclosure.length; at++) {
      for (int flip : List.of(1, 128, 1 + random.nextInt(255))) {
        byte[] changed = disclosure.clone();
        changed[at] ^= (byte) flip;
        if (disclosureHolds(changed)) {
          fail("byte %d of the disclosure, flipped by %d, is not noticed", at, flip);
        }
      }
    }
  }

  @Test
  void whatIsCutOrLengthenedIsRefused() {
    for (int length = 0; length < receipt.length; length++) {
      assertThat(read(Arrays.copyOf(receipt, length), ReceiptCodec::decode)).isEmpty();
    }
    for (int length = 0; length < disclosure.length; length++) {
      assertThat(read(Arrays.copyOf(disclosure, length), Disclosure::decode)).isEmpty();
    }
    assertThat(read(Arrays.copyOf(receipt, receipt.length + 1), ReceiptCodec::decode)).isEmpty();
    assertThat(read(new byte[ReceiptCodec.MAX_BYTES + 1], ReceiptCodec::decode)).isEmpty();
  }

  @Test
  void otherEncodingsOfTheSameAreRefused() {
    CBORObject map = CBORObject.DecodeFromBytes(receipt);
    byte[] ordered = CBORObject.DecodeFromBytes(receipt).EncodeToBytes();
    // The same number in two bytes: major type 0, one byte follows.
    int version = 2;
    assertThat(receipt[version]).isEqualTo((byte) 2);
    byte[] longer = new byte[receipt.length + 1];
    System.arraycopy(receipt, 0, longer, 0, version);
    longer[version] = 0x18;
    System.arraycopy(receipt, version, longer, version + 1, receipt.length - version);
    assertThat(CBORObject.DecodeFromBytes(longer)).isEqualTo(map);
    assertThat(read(longer, ReceiptCodec::decode)).isEmpty();
    assertThat(read(ordered, ReceiptCodec::decode)).isPresent();

    map.set(CBORObject.FromObject(20), CBORObject.FromObject(0)); // a field that does not exist
    assertThat(read(map.EncodeToBytes(), ReceiptCodec::decode)).isEmpty();
    map.Remove(CBORObject.FromObject(20));
    map.set(CBORObject.FromObject(4), CBORObject.NewArray()); // an empty list is left out
    assertThat(read(map.EncodeToBytes(), ReceiptCodec::decode)).isEmpty();
    map.Remove(CBORObject.FromObject(4));
    assertThat(read(map.EncodeToBytes(), ReceiptCodec::decode)).isPresent();
    CBORObject hops = map.get(CBORObject.FromObject(16));
    // What the hop before gave is not said twice.
    hops.get(1).set(CBORObject.FromObject(4), hops.get(0).get(CBORObject.FromObject(5)));
    assertThat(read(map.EncodeToBytes(), ReceiptCodec::decode)).isEmpty();
  }

  @Test
  void nestingAndHugeCountsAreRefused() {
    byte[] deep = new byte[ReceiptCodec.MAX_BYTES];
    Arrays.fill(deep, (byte) 0x81);
    assertThat(read(deep, ReceiptCodec::decode)).isEmpty();
    assertThat(read(deep, Disclosure::decode)).isEmpty();
    for (int major = 2; major <= 5; major++) {
      byte[] huge = {(byte) (major << 5 | 27), 0x7f, -1, -1, -1, -1, -1, -1, -1};
      assertThat(read(huge, ReceiptCodec::decode)).isEmpty();
      assertThat(read(huge, Disclosure::decode)).isEmpty();
    }
  }

  @Test
  void randomBytes() {
    fuzz(new SplittableRandom(3), ROUNDS);
  }

  @Test
  @Soak
  void randomBytesForLong() {
    fuzz(new SplittableRandom(4), Integer.getInteger("folkmoot.fuzz.rounds", 5_000_000));
  }

  private void fuzz(SplittableRandom random, int rounds) {
    for (int i = 0; i < rounds; i++) {
      byte[] bytes = random.nextInt(4) == 0 ? noise(random) : mutated(random, receipt);
      if (!Arrays.equals(bytes, receipt)) {
        assertThat(read(bytes, ReceiptCodec::decode).filter(made.receipt::equals)).isEmpty();
      }
      byte[] other = random.nextInt(4) == 0 ? bytes : mutated(random, disclosure);
      if (!Arrays.equals(other, disclosure)) {
        assertThat(read(other, Disclosure::decode).filter(made.disclosure::equals)).isEmpty();
      }
    }
  }

  private static byte[] noise(SplittableRandom random) {
    byte[] bytes = new byte[random.nextInt(200)];
    random.nextBytes(bytes);
    if (bytes.length > 0 && random.nextBoolean()) {
      bytes[0] = (byte) (0xa0 + random.nextInt(24)); // a map
    }
    return bytes;
  }

  /** Several bytes changed, removed, repeated or put in. */
  private static byte[] mutated(SplittableRandom random, byte[] valid) {
    byte[] bytes = valid.clone();
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(bytes.length);
      int to = Math.min(bytes.length, at + 1 + random.nextInt(8));
      bytes =
          switch (random.nextInt(4)) {
            case 0 -> joined(bytes, 0, at, to);
            case 1 -> joined(bytes, 0, to, at);
            case 2 -> joined(bytes, 0, bytes.length, at);
            default -> {
              bytes[at] = (byte) random.nextInt();
              yield bytes;
            }
          };
      if (bytes.length == 0) {
        return bytes;
      }
    }
    return bytes;
  }

  /** A beginning, then what follows from a place on. */
  private static byte[] joined(byte[] bytes, int from, int to, int on) {
    byte[] all = Arrays.copyOf(Arrays.copyOfRange(bytes, from, to), to - from + bytes.length - on);
    System.arraycopy(bytes, on, all, to - from, bytes.length - on);
    return all;
  }
}
