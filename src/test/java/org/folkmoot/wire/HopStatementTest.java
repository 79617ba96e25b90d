package org.folkmoot.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.junit.jupiter.api.Test;

/** Against bytes that a few lines of Python gave, written from {@code docs/receipt.md}. */
class HopStatementTest {
  static Hash32 filled(int value) {
    byte[] bytes = new byte[Hash32.BYTES];
    Arrays.fill(bytes, (byte) value);
    return Hash32.of(bytes);
  }

  private static HopStatement statement(LayerRange range, Optional<HopStatement.Sampled> sampled) {
    return new HopStatement(
        new SessionId(1, -2),
        new ModelId(filled(3)),
        List.of(),
        range,
        9,
        filled(4),
        filled(5),
        filled(6),
        sampled,
        Optional.of(filled(9)));
  }

  private static HopStatement last() {
    return statement(
        new LayerRange(false, 20, 30, true),
        Optional.of(new HopStatement.Sampled(filled(7), 6, 4, filled(10), filled(8))));
  }

  @Test
  void hasOneLayout() {
    byte[] bytes = last().signedBytes();
    assertThat(bytes).hasSize(319);
    assertThat(Hash32.sha256(bytes).hex())
        .isEqualTo("28ecba631be662b52686d99d37c8728ee7d88c4d54bd5c4374ac8fad5c272fd2");
  }

  @Test
  void isReadAsWritten() throws WireException {
    for (HopStatement one :
        List.of(last(), statement(new LayerRange(true, 0, 20, false), Optional.empty()))) {
      WireWriter w = new WireWriter(0);
      one.write(w);
      WireReader r = new WireReader(w.toBytes());
      assertThat(HopStatement.read(r)).isEqualTo(one);
      r.end();
    }
  }

  @Test
  void impossibleOnesAreMalformed() {
    WireWriter w = new WireWriter(0);
    last().write(w);
    byte[] bytes = w.toBytes();
    int length = 16 + 32 + 2 + 6;
    bytes[length] = 10; // then its tokens do not reach to the end
    assertThatThrownBy(() -> HopStatement.read(new WireReader(bytes)))
        .isInstanceOf(WireException.class);
    assertThatThrownBy(() -> statement(new LayerRange(false, 0, 5, true), Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keysAndLeaves() {
    byte[] salt = new byte[Hash32.BYTES];
    for (int i = 0; i < salt.length; i++) {
      salt[i] = (byte) i;
    }
    TraceKey key = TraceKey.ofSalt(Hash32.of(salt));
    assertThat(key.key().hex())
        .isEqualTo("fc15a2c7244218d8bbc6728bfb73c0710e2598278a3e3ccfb4a4042a6cafab77");
    assertThat(key.hash().hex())
        .isEqualTo("009b4fbb38dd0baf9637daae8096f9aaefc1fb4aaaa586b81c2eeb51398886b6");
    assertThat(key.toString()).doesNotContain(key.key().toString());
    assertThat(MerkleTree.of(List.of(key.inputLeaf(7, 0x01020304))).root().hex())
        .isEqualTo("2b1045a8a9de6c7a8147d5910392e743e49a35f6a62c27810499f932bd7e5da1");
    assertThat(MerkleTree.of(List.of(key.tokenLeaf(7, 0x01020304))).root().hex())
        .isEqualTo("2adee7d6c0a452da1e8a14b67649fd45b68b11d81cd481a94b30785ac26e2cba");
  }

  @Test
  void samplingHashNamesAllThatDecidesAToken() {
    Message.Sampling settings =
        new Message.Sampling(
            0.7f, 40, 0.95f, 0.05f, 1, 64, -2, Map.of(9, 2f, 3, -1.5f), new int[] {1}, 5);
    assertThat(SamplingHash.of(settings).hex())
        .isEqualTo("7ca7c7074b97473b3e19db9914f4305dc9497ac773506e687efe05ef5ecc0d3c");
    assertThat(SamplingHash.of(settings.withHistory(new int[] {1, 2})))
        .isEqualTo(SamplingHash.of(settings));
  }
}
