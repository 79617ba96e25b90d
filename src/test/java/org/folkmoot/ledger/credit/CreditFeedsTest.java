package org.folkmoot.ledger.credit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Works as feeds tell of them: what of it counts, once, and after everything else is lost. */
class CreditFeedsTest {
  private static final long NOW = 1_800_000_000_000L;

  @TempDir private Path folder;

  private final Identity us = identity();
  private final Identity friend = identity();
  private final Identity stranger = identity();
  private final CreditBook book = book();
  private LedgerStore store;

  private static Identity identity() {
    return Identity.random(new SecureRandom());
  }

  private CreditBook book() {
    return new CreditBook(us.peerId(), Identity::verify, _ -> Optional.of(Claims.SHAPE), () -> NOW);
  }

  /** Feeds of all in one store: what a node has copied. */
  @BeforeEach
  void open() {
    store = LedgerStore.open(folder, us);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static long worth(CreditClaim claim) {
    return Claims.SHAPE.megaflops(Claims.RANGE, claim.settled());
  }

  private static Entry entry(CreditClaim claim) {
    return CreditEntries.of(claim, worth(claim), NOW);
  }

  private void write(Identity writer, Entry entry) {
    var _ = new OwnFeed(store, writer).append(entry);
  }

  private static void readAll(LedgerStore store, CreditBook book, PeerId self) {
    List<PeerId> feeds = new ArrayList<>(List.of(self));
    store.feeds().stream().map(Feed::peer).filter(peer -> !peer.equals(self)).forEach(feeds::add);
    for (PeerId feed : feeds) {
      if (book.follows(feed)) {
        int _ = book.take(CreditPage.read(store, feed, book.read(feed), Identity::verify));
      }
    }
  }

  /** The friend has worked for us, and the stranger for the friend. */
  @Test
  void whoWorkedForAFriendIsOwed() {
    CreditClaim forUs = Claims.of(friend, us, 1, 2000, 2000);
    CreditClaim forFriend = Claims.of(stranger, friend, 2, 900, 800);
    assertThat(book.take(forUs)).isPresent();
    write(us, entry(forUs));
    write(friend, entry(forUs));
    write(friend, entry(forFriend));
    write(stranger, entry(forFriend));
    readAll(store, book, us.peerId());
    long owed = worth(forFriend);
    assertThat(owed).isEqualTo(Claims.SHAPE.megaflops(Claims.RANGE, 800));
    assertThat(book.standing(stranger.peerId(), Long.MAX_VALUE))
        .isEqualTo(CreditBook.ALLOWANCE + owed);
    assertThat(book.graph().capacity(friend.peerId(), us.peerId())).isEqualTo(worth(forUs));

    readAll(store, book, us.peerId());
    assertThat(book.graph().flow(stranger.peerId(), us.peerId(), Long.MAX_VALUE))
        .as("read again")
        .isEqualTo(CreditBook.ALLOWANCE + owed);

    CreditBook restored = book();
    restored.restore(book.toBytes());
    readAll(store, restored, us.peerId());
    assertThat(restored.toBytes()).as("after a restart").isEqualTo(book.toBytes());

    CreditBook anew = book();
    readAll(store, anew, us.peerId());
    assertThat(anew.graph().flow(stranger.peerId(), us.peerId(), Long.MAX_VALUE))
        .as("with nothing but the feeds")
        .isEqualTo(owed);
    assertThat(Balance.all(store, us.peerId(), Identity::verify))
        .isEqualTo(Map.of(friend.peerId(), new Balance(0, worth(forUs), 1)));
    assertThat(Balance.all(store, friend.peerId(), Identity::verify))
        .isEqualTo(
            Map.of(
                us.peerId(),
                new Balance(worth(forUs), 0, 1),
                stranger.peerId(),
                new Balance(0, owed, 1)));
  }

  @Test
  void forgedDoubledAndSelfDealtEntriesCountNothing() {
    assertThat(book.take(Claims.of(friend, us, 1, 5000, 5000))).isPresent();
    byte[] before = book.toBytes();
    CreditClaim honest = Claims.of(stranger, friend, 2, 900, 900);
    long owed = worth(honest);
    // Only the server's word, in its own feed: who owes has not written it.
    book.standing(stranger.peerId(), 1);
    write(stranger, entry(honest));
    // Somebody else's work, with the friend's name on it, and the other way round.
    write(
        friend,
        new Entry.Credit(
            NOW,
            honest.id(),
            stranger.peerId(),
            us.peerId(),
            owed,
            Optional.of(new Entry.Blob(honest.toBytes()))));
    write(
        friend,
        new Entry.Credit(
            NOW,
            honest.id(),
            friend.peerId(),
            stranger.peerId(),
            owed,
            Optional.of(new Entry.Blob(honest.toBytes()))));
    // A word without signatures.
    write(friend, ((Entry.Credit) entry(honest)).word());
    // For oneself.
    write(friend, entry(Claims.of(friend, friend, 3, 900, 900)));
    // Signed by one side only.
    CreditClaim ofAnother = Claims.of(identity(), friend, 4, 900, 900);
    CreditClaim halfSigned =
        new CreditClaim(ofAnother.work(), friend.peerId(), 901, ofAnother.signature());
    write(friend, entry(halfSigned));
    // About ourselves, in another's feed.
    write(friend, entry(Claims.of(us, friend, 5, 900, 900)));
    readAll(store, book, us.peerId());
    assertThat(book.graph().flow(stranger.peerId(), us.peerId(), Long.MAX_VALUE))
        .isEqualTo(CreditBook.ALLOWANCE);
    assertThat(book.graph().capacity(us.peerId(), friend.peerId())).isZero();

    // The same work three times, first a hundredfold: by the model's shape, once.
    write(friend, CreditEntries.of(honest, 100 * owed, NOW));
    write(friend, entry(honest));
    write(friend, entry(honest));
    readAll(store, book, us.peerId());
    assertThat(book.graph().flow(stranger.peerId(), us.peerId(), Long.MAX_VALUE))
        .isEqualTo(CreditBook.ALLOWANCE + owed);
    assertThat(before).isNotEqualTo(book.toBytes());
  }

  @Test
  void everyFlippedBitOfAnEntryMakesItTellNothing() {
    CreditClaim claim = Claims.of(stranger, friend, 2, 900, 900);
    byte[] bytes = EntryCodec.encode(entry(claim));
    assertThat(CreditEntries.told(friend.peerId(), EntryCodec.decode(bytes), Identity::verify))
        .isPresent();
    assertThat(CreditEntries.told(us.peerId(), EntryCodec.decode(bytes), Identity::verify))
        .as("in the feed of one who took no part")
        .isEmpty();
    String good = HexFormat.of().formatHex(claim.toBytes());
    for (int at = 0; at < bytes.length; at++) {
      byte[] turned = bytes.clone();
      turned[at] ^= (byte) (1 << at % 8);
      try {
        CreditEntries.told(friend.peerId(), EntryCodec.decode(turned), Identity::verify)
            .ifPresent(told ->
                // Its date and its writer's figure are no part of what both signed.
                assertThat(HexFormat.of().formatHex(told.claim().toBytes())).isEqualTo(good));
      } catch (FolkmootException noEntry) {
        assertThat(noEntry).hasMessageNotContaining("\n");
      }
    }
  }

  /** Works among others do not make a book forget its own: those could count again. */
  @Test
  void othersWorksPushOutNoneOfOurs() {
    CreditClaim ours = Claims.of(friend, us, 1, 100, 100);
    assertThat(book.take(ours)).isPresent();
    for (int i = 0; i <= CreditBook.MAX_SEEN; i++) {
      Hash32 id = Hash32.sha256(Integer.toString(i).getBytes(US_ASCII));
      assertThat(book.take(new Work(id, stranger.peerId(), friend.peerId(), 1))).isTrue();
    }
    assertThat(book.take(ours)).isEmpty();
  }
}
