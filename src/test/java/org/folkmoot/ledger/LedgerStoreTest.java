package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerStoreTest {
  @TempDir Path folder;
  private final Identity self = Identities.of(1);
  private final RandomEntries random = new RandomEntries(new Random(5));

  private List<Entry> some(int count) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(random.any());
    }
    return entries;
  }

  private Fsck.Report fsck() {
    return Fsck.check(folder, self.peerId());
  }

  @Test
  void whatIsAppendedIsThereAndProven() {
    List<Entry> all = new ArrayList<>();
    MerkleTree oracle = new MerkleTree();
    for (int round = 0; round < 6; round++) {
      try (LedgerStore store = LedgerStore.open(folder, self)) {
        OwnFeed feed = new OwnFeed(store, self);
        List<Entry> more = some(1 + 117 * round);
        List<Ledger.Receipt> receipts = feed.append(more);
        for (Ledger.Receipt receipt : receipts) {
          Entry entry = more.get(receipts.indexOf(receipt));
          byte[] bytes = EntryCodec.encode(entry);
          oracle.add(bytes);
          assertThat(receipt.position()).isEqualTo(all.size());
          assertThat(receipt.id()).isEqualTo(EntryId.of(self.peerId(), bytes));
          all.add(entry);
        }
        Head head = feed.head().orElseThrow();
        assertThat(head.size()).isEqualTo(all.size());
        assertThat(head.root()).isEqualTo(oracle.root());
        assertThat(
                store.entries(self.peerId(), 0, 10_000).stream().map(EntryCodec::decode).toList())
            .isEqualTo(all);
        InclusionProof.TrustRoot trust =
            new InclusionProof.TrustRoot(FeedName.key(self.peerId()), List.of(), 1);
        for (Ledger.Receipt receipt : receipts) {
          InclusionProof proof = feed.prove(receipt, head);
          byte[] bytes = EntryCodec.encode(all.get((int) receipt.position()));
          assertThat(
                  InclusionProof.parse(
                      proof.text().getBytes(java.nio.charset.StandardCharsets.UTF_8)))
              .isEqualTo(proof);
          assertThat(proof.verify(bytes, trust)).contains(Ledger.Finality.LOCAL);
          bytes[0] ^= 1;
          assertThat(proof.verify(bytes, trust)).isEmpty();
        }
      }
      assertThat(fsck()).isEqualTo(new Fsck.Report(1, all.size(), true, List.of()));
    }
  }

  @Test
  void finalityIsWhatTheReaderAsksFor() {
    try (LedgerStore store = LedgerStore.open(folder, self)) {
      OwnFeed feed = new OwnFeed(store, self);
      Entry entry = random.any();
      Ledger.Receipt receipt = feed.append(entry);
      List<NoteKey> witnesses = new ArrayList<>();
      for (int i = 2; i < 5; i++) {
        Identity witness = Identities.of(i);
        Head head = feed.head().orElseThrow();
        witnesses.add(FeedName.witnessKey(witness.peerId()));
        assertThat(
                store.cosign(
                    head,
                    List.of(
                        Cosignature.sign(
                            head.note().text(),
                            FeedName.witness(witness.peerId()),
                            witness,
                            1000 + i))))
            .isPresent();
      }
      InclusionProof proof = feed.prove(receipt, feed.head().orElseThrow());
      NoteKey key = FeedName.key(self.peerId());
      byte[] bytes = EntryCodec.encode(entry);
      assertThat(proof.verify(bytes, new InclusionProof.TrustRoot(key, witnesses, 3)))
          .contains(Ledger.Finality.WITNESSED);
      assertThat(proof.verify(bytes, new InclusionProof.TrustRoot(key, witnesses, 4)))
          .contains(Ledger.Finality.LOCAL);
      // The same witness twice is one witness.
      List<NoteKey> twice = List.of(witnesses.getFirst(), witnesses.getFirst());
      assertThat(proof.verify(bytes, new InclusionProof.TrustRoot(key, twice, 2)))
          .contains(Ledger.Finality.LOCAL);
    }
    assertThat(fsck().faults()).isEmpty();
  }

  @Test
  void manyThreadsShareTheDisk() throws Exception {
    List<Ledger.Receipt> told = new ArrayList<>();
    try (LedgerStore store = LedgerStore.open(folder, self);
        ExecutorService threads = Executors.newFixedThreadPool(16)) {
      OwnFeed feed = new OwnFeed(store, self);
      List<Long> subscribed = new ArrayList<>();
      feed.subscribe(
          0,
          placed -> {
            synchronized (subscribed) {
              subscribed.add(placed.position());
            }
          });
      List<Future<Ledger.Receipt>> waiting = new ArrayList<>();
      for (Entry entry : some(400)) {
        waiting.add(threads.submit(() -> feed.append(entry)));
      }
      for (Future<Ledger.Receipt> one : waiting) {
        told.add(one.get());
      }
      assertThat(told.stream().map(Ledger.Receipt::position).distinct()).hasSize(400);
      synchronized (subscribed) {
        assertThat(subscribed).hasSize(400).isSorted();
      }
      for (Ledger.Receipt receipt : told) {
        byte[] bytes = store.entries(self.peerId(), receipt.position(), 1).getFirst();
        assertThat(EntryId.of(self.peerId(), bytes)).isEqualTo(receipt.id());
      }
    }
    assertThat(fsck().faults()).isEmpty();
  }

  @Test
  void twoProcessesOfAHomeAppendInTurn() {
    try (LedgerStore one = LedgerStore.open(folder, self);
        LedgerStore other = LedgerStore.open(folder, self)) {
      OwnFeed first = new OwnFeed(one, self);
      OwnFeed second = new OwnFeed(other, self);
      for (int i = 0; i < 20; i++) {
        Entry entry = random.any();
        assertThat((i % 3 == 0 ? first : second).append(entry).position()).isEqualTo(i);
      }
    }
    assertThat(fsck()).isEqualTo(new Fsck.Report(1, 20, true, List.of()));
  }

  @Test
  void aFullDiskLosesNothingThatWasAcknowledged() {
    long acknowledged = 0;
    try (LedgerStore store = LedgerStore.open(folder, self)) {
      OwnFeed feed = new OwnFeed(store, self);
      feed.append(some(10));
      acknowledged = 10;
      store.limitPages(40);
      FolkmootException full = null;
      while (full == null) {
        try {
          acknowledged += feed.append(some(50)).size();
        } catch (FolkmootException failed) {
          full = failed;
        }
      }
      assertThat(full.code()).isEqualTo(FolkmootException.Code.NO_ROOM);
      assertThat(full).hasMessageContaining("disk has room");
      assertThat(feed.head().orElseThrow().size()).isEqualTo(acknowledged);
      store.limitPages(4000);
      assertThat(feed.append(random.any()).position()).isEqualTo(acknowledged);
    }
    assertThat(fsck()).isEqualTo(new Fsck.Report(1, acknowledged + 1, true, List.of()));
  }

  @Test
  void copiesAreTakenOnlyAsTheMemberSignedThem(@TempDir Path other) {
    try (LedgerStore theirs = LedgerStore.open(other, Identities.of(2));
        LedgerStore ours = LedgerStore.open(folder, self)) {
      Identity author = Identities.of(2);
      OwnFeed feed = new OwnFeed(theirs, author);
      feed.append(some(700));
      Head head = feed.head().orElseThrow();
      List<byte[]> first = theirs.entries(author.peerId(), 0, 256);
      List<Hash32> growth = theirs.consistency(author.peerId(), 256, 700);
      List<byte[]> forged = new ArrayList<>(first);
      forged.set(17, EntryCodec.encode(random.any()));
      assertThatThrownBy(() -> ours.appendCopy(head, 0, forged, growth))
          .isInstanceOf(FolkmootException.class);
      assertThat(ours.feed(author.peerId())).isEmpty();
      assertThat(ours.appendCopy(head, 0, first, growth).size()).isEqualTo(256);
      assertThatThrownBy(() -> ours.appendCopy(head, 0, first, growth))
          .isInstanceOf(FolkmootException.class);
      assertThat(ours.feed(author.peerId()).orElseThrow().isWhole()).isFalse();
      List<byte[]> rest = theirs.entries(author.peerId(), 256, 1000);
      assertThat(ours.appendCopy(head, 256, rest, List.of()).isWhole()).isTrue();
    }
    assertThat(fsck()).isEqualTo(new Fsck.Report(1, 700, true, List.of()));
  }

  @Test
  void aSealOfAnotherHomeOrOfAnotherFileDoesNotHold() throws Exception {
    try (LedgerStore store = LedgerStore.open(folder, self)) {
      new OwnFeed(store, self).append(some(3));
      assertThat(Files.exists(folder.resolve(StoreSeal.FILE))).isFalse();
    }
    assertThat(fsck().sealed()).isTrue();
    assertThat(Fsck.check(folder, Identities.of(9).peerId()).faults()).isNotEmpty();
    assertThatThrownBy(() -> Fsck.check(folder.resolve("nothing"), self.peerId()))
        .isInstanceOf(FolkmootException.class);
  }
}
