package org.folkmoot.ledger.credit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.WireException;
import org.junit.jupiter.api.Test;

/** Claims: who signs what, what counts, how often. */
class CreditBookTest {
  private static final Hash32 HASH = Hash32.sha256(new byte[] {1});
  private static final ModelId MODEL = Claims.MODEL;
  private static final ModelShape SHAPE = Claims.SHAPE;
  private static final LayerRange RANGE = Claims.RANGE;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Identity server = Identity.random(RANDOM);
  private final Identity asker = Identity.random(RANDOM);
  private long now = 1_800_000_000_000L;
  private final CreditBook book = book(server.peerId());

  private CreditBook book(PeerId self) {
    return new CreditBook(
        self,
        Identity::verify,
        model -> model.equals(MODEL) ? Optional.of(SHAPE) : Optional.empty(),
        () -> now);
  }

  private CreditClaim claim(long session, int served, int acknowledged) {
    return Claims.of(server, asker, session, served, acknowledged);
  }

  @Test
  void theSmallerClaimCountsOnce() {
    long expected = SHAPE.megaflops(RANGE, 70);
    assertThat(book.take(claim(1, 100, 70)).orElseThrow().megaflops()).isEqualTo(expected);
    assertThat(book.take(claim(2, 70, 100)).orElseThrow().megaflops()).isEqualTo(expected);
    assertThat(book.take(claim(2, 70, 100))).as("again").isEmpty();
    assertThat(book.take(claim(2, 70, 90))).as("the same work, claimed higher").isEmpty();
    assertThat(book.graph().capacity(server.peerId(), asker.peerId())).isEqualTo(2 * expected);
  }

  @Test
  void bothSignaturesMustHold() {
    CreditClaim good = claim(1, 100, 100);
    assertThat(book.take(new CreditClaim(good.work(), good.asker(), 99, good.signature())))
        .isEmpty();
    assertThat(book.take(new CreditClaim(good.work(), server.peerId(), 100, good.signature())))
        .as("for oneself")
        .isEmpty();
    SignedStatement forged =
        new SignedStatement(server.peerId(), good.work().statement(), new byte[64]);
    byte[] signature = asker.sign(CreditClaim.signedBytes(forged, asker.peerId(), 100));
    assertThat(book.take(new CreditClaim(forged, asker.peerId(), 100, signature))).isEmpty();
  }

  @Test
  void everyFlippedByteOfAClaimIsNoClaim() throws WireException {
    byte[] bytes = claim(1, 100, 100).toBytes();
    assertThat(CreditClaim.parse(bytes)).isEqualTo(claim(1, 100, 100));
    for (int at = 0; at < bytes.length; at++) {
      byte[] turned = bytes.clone();
      turned[at] ^= (byte) (1 << at % 8);
      try {
        assertThat(book.take(CreditClaim.parse(turned))).as("byte %d", at).isEmpty();
      } catch (WireException noClaim) {
        assertThat(noClaim).hasMessageNotContaining("\n");
      }
    }
  }

  @Test
  void whatStrangersTellOfEachOtherIsNotKept() {
    CreditBook third = book(Identity.random(RANDOM).peerId());
    assertThat(third.take(claim(1, 100, 100))).isEmpty();
    assertThat(third.graph().peers()).isZero();
    third.standing(asker.peerId(), 1);
    assertThat(third.take(claim(1, 100, 100))).as("of somebody known").isPresent();
  }

  @Test
  void newcomersAreTrustedALittleAndNotTooMany() {
    assertThat(book.standing(asker.peerId(), Long.MAX_VALUE)).isEqualTo(CreditBook.ALLOWANCE);
    Random random = new Random(3);
    int trusted = 1;
    for (int i = 0; i < 1000; i++) {
      byte[] key = new byte[32];
      random.nextBytes(key);
      trusted += book.standing(new PeerId(Hash32.of(key)), 1) > 0 ? 1 : 0;
    }
    assertThat(trusted).isEqualTo(CreditBook.NEWCOMERS_AN_HOUR);
    now += 3_600_000;
    assertThat(book.standing(new PeerId(HASH), 1)).isEqualTo(1);
    assertThat(book.graph().edges(server.peerId()).size())
        .isLessThanOrEqualTo(CreditBook.MAX_NEWCOMERS);
  }

  @Test
  void comesBackFromItsBytes() {
    book.standing(asker.peerId(), 1);
    book.take(claim(1, 100, 100));
    byte[] bytes = book.toBytes();
    CreditBook again = book(server.peerId());
    again.restore(bytes);
    assertThat(again.toBytes()).isEqualTo(bytes);
    assertThat(again.take(claim(1, 100, 100))).as("counted before").isEmpty();
    CreditBook anothers = book(asker.peerId());
    anothers.restore(bytes);
    assertThat(anothers.graph().peers()).isZero();
    for (int length = 0; length < bytes.length; length += 7) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> book(server.peerId()).restore(cut))
          .isInstanceOf(FolkmootException.class);
    }
  }

  /** SmolLM2's 30 layers have 106 million weights: 2 operations each, and attention. */
  @Test
  void flopsAreThoseOfTheShape() {
    LayerRange all = new LayerRange(true, 0, 30, true);
    long one = SHAPE.megaflops(all, 1);
    assertThat(one).isEqualTo((2L * (30L * 3_538_944 + 576 * 49152) + 30L * 4 * 576) / 1_000_000);
    assertThat(SHAPE.megaflops(all, 1000)).isGreaterThan(1000 * one);
  }
}
