package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.CosignedHead.Cosigner;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cosigned heads are kept, travel, and date entries alike everywhere. */
class CosigningTest {
  private static final long SECOND = FeedSwarm.SECOND;

  @TempDir Path folder;
  private final RandomEntries random = new RandomEntries(new Random(9));

  private List<Entry> some(int count) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(random.any());
    }
    return entries;
  }

  @Test
  void allMembersDateAnEntryAlikeWhoCameLateToo() {
    PeerId writer;
    try (FeedSwarm swarm = new FeedSwarm(folder, 5)) {
      for (int i = 0; i < 4; i++) {
        swarm.add(i != 3);
      }
      swarm.link(2);
      writer = swarm.members.getFirst().self();
      for (int round = 0; round < 36; round++) {
        swarm.members.getFirst().feed.append(some(1));
        swarm.members.getFirst().exchange.grown();
        swarm.pass((1 + round % 4) * SECOND / 2);
      }
      swarm.pass(60 * SECOND);
      FeedSwarm.Member late = swarm.add(false);
      late.link(swarm.members.get(3));
      swarm.pass(60 * SECOND);
      List<CosignedHead> heads = late.store.cosignedHeads(writer);
      // More than one message carries, and each covers more than the one below it.
      assertThat(heads).hasSizeGreaterThan(32);
      assertThat(heads.stream().map(CosignedHead::size))
          .isSortedAccordingTo((a, b) -> Long.compare(b, a));
      assertThat(heads.getFirst().size()).isEqualTo(36);
      assertThat(heads.getFirst().cosigners()).hasSize(2);
      for (FeedSwarm.Member member : swarm.members) {
        assertThat(member.store.cosignedHeads(writer)).isEqualTo(heads);
        assertThat(member.store.feed(writer).orElseThrow().mark())
            .isEqualTo(late.store.feed(writer).orElseThrow().mark());
      }
      Set<String> witnesses =
          Set.of(
              FeedName.witness(swarm.members.get(1).self()),
              FeedName.witness(swarm.members.get(2).self()));
      long last = 0;
      for (int position = 0; position < 36; position++) {
        OptionalLong attested = CosignedHead.attested(heads, position, witnesses, 2);
        assertThat(attested.orElseThrow()).isGreaterThanOrEqualTo(last);
        last = attested.getAsLong();
      }
      assertThat(CosignedHead.attested(heads, 36, witnesses, 2)).isEmpty();
      assertThat(CosignedHead.attested(heads, 0, witnesses, 3)).isEmpty();
      // All is told: what remains is a digest now and then.
      long before = swarm.messages;
      swarm.pass(100 * SECOND);
      assertThat(swarm.messages - before).isLessThan(5 * 2 * 22);
    }
    for (int i = 0; i < 5; i++) {
      assertThat(Fsck.check(folder.resolve("m" + i), Identities.of(100 + i).peerId()).faults())
          .isEmpty();
    }
  }

  @Test
  void attestedIsWhenTheQuorumWasReached() {
    Hash32 root = Hash32.sha256(new byte[0]);
    List<CosignedHead> heads =
        new ArrayList<>(
            List.of(
                new CosignedHead(
                    5, root, List.of(new Cosigner("a", 1, 10), new Cosigner("b", 1, 40))),
                new CosignedHead(
                    7, root, List.of(new Cosigner("a", 1, 20), new Cosigner("c", 1, 30)))));
    for (int i = 0; i < 2; i++) {
      assertThat(CosignedHead.attested(heads, 4, Set.of("a", "b", "c"), 1)).hasValue(10);
      assertThat(CosignedHead.attested(heads, 4, Set.of("a", "b", "c"), 2)).hasValue(30);
      assertThat(CosignedHead.attested(heads, 4, Set.of("a", "b", "c"), 3)).hasValue(40);
      assertThat(CosignedHead.attested(heads, 4, Set.of("a", "b"), 2)).hasValue(40);
      assertThat(CosignedHead.attested(heads, 5, Set.of("a", "b", "c"), 1)).hasValue(20);
      assertThat(CosignedHead.attested(heads, 5, Set.of("a", "b", "c"), 3)).isEmpty();
      assertThat(CosignedHead.attested(heads, 7, Set.of("a", "b", "c"), 1)).isEmpty();
      assertThat(CosignedHead.attested(heads, 4, Set.of("a"), 0)).isEmpty();
      Collections.reverse(heads);
    }
  }

  @Test
  void theSameCosignaturesAreKeptInWhateverOrderTheyCame() {
    Random order = new Random(1);
    Identity writer = Identities.of(1);
    Head head = Head.sign(writer, 3, Hash32.sha256(new byte[] {1}));
    List<SignedNote.Line> lines = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Identity witness = Identities.of(200 + i);
      for (int again = 0; again < 2; again++) {
        lines.add(
            Cosignature.sign(
                head.note().text(),
                FeedName.witness(witness.peerId()),
                witness,
                1000 + order.nextInt(50)));
      }
    }
    Head all = head.with(lines, Set.of());
    assertThat(all.cosignatures()).hasSize(Cosignatures.MOST);
    for (int trial = 0; trial < 20; trial++) {
      Collections.shuffle(lines, order);
      Head one = head;
      for (int at = 0; at < lines.size(); at += 7) {
        one = one.with(lines.subList(at, Math.min(lines.size(), at + 7)), Set.of());
      }
      assertThat(one).isEqualTo(all);
      assertThat(Cosignatures.mark(one.cosignatures()))
          .isEqualTo(Cosignatures.mark(all.cosignatures()));
    }
  }

  /** Strangers who say that they saw a head in 1970 push nobody out whose word counts. */
  @Test
  void strangersTakeNoPlaceOfMembers() {
    Identity writer = Identities.of(1);
    Head head = Head.sign(writer, 3, Hash32.sha256(new byte[] {1}));
    List<SignedNote.Line> members = cosigned(head, 400, 5, 1_800_000_000);
    List<SignedNote.Line> strangers = cosigned(head, 500, Cosignatures.MOST, 1);
    Set<String> names = new TreeSet<>();
    members.forEach(line -> names.add(line.name()));
    Head both = head.with(members, names).with(strangers, names);
    assertThat(both.cosignatures()).hasSize(Cosignatures.MOST).containsAll(members);
    assertThat(head.with(strangers, names).with(members, names)).isEqualTo(both);
  }

  private static List<SignedNote.Line> cosigned(Head head, int first, int count, long seconds) {
    List<SignedNote.Line> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Identity witness = Identities.of(first + i);
      lines.add(
          Cosignature.sign(
              head.note().text(), FeedName.witness(witness.peerId()), witness, seconds));
    }
    return lines;
  }

  /** Who wants its vote to be late writes more: what dated the vote stays, whoever cosigns what. */
  @Test
  void whatDatesAVoteIsKept() {
    Identity writer = Identities.of(1);
    Identity member = Identities.of(2);
    Identity puppet = Identities.of(3);
    try (LedgerStore store = LedgerStore.open(folder.resolve("s"), writer)) {
      store.limitHeads(8);
      OwnFeed feed = new OwnFeed(store, writer);
      Hash32 some = Hash32.sha256(new byte[0]);
      for (int i = 0; i < 100; i++) {
        boolean vote = i == 3 || i == 50;
        var _ =
            feed.append(
                vote
                    ? new Entry.Vote(i, some, some, Entry.Choice.YES, "")
                    : new Entry.ReceiptRoot(i, some, 1, i, i));
        Head head = feed.head().orElseThrow();
        // The puppet is first on every head; the member comes to each third.
        var _ = store.cosign(head, List.of(line(head, puppet, 1000 + i)));
        if (i % 3 == 2) {
          var _ = store.cosign(head, List.of(line(head, member, 1000 + i)));
        }
      }
      List<CosignedHead> heads = store.cosignedHeads(writer.peerId());
      assertThat(heads).hasSize(9);
      Set<String> witness = Set.of(FeedName.witness(member.peerId()));
      assertThat(CosignedHead.attested(heads, 3, witness, 1)).hasValue(1005);
      assertThat(CosignedHead.attested(heads, 50, witness, 1)).hasValue(1050);
      assertThat(heads.getFirst().size()).isEqualTo(100);
    }
    assertThat(Fsck.check(folder.resolve("s"), writer.peerId()).faults()).isEmpty();
  }

  private static SignedNote.Line line(Head head, Identity witness, long seconds) {
    return Cosignature.sign(
        head.note().text(), FeedName.witness(witness.peerId()), witness, seconds);
  }

  /** A witness as others run them, with a key of ML-DSA-44; the message is written out by hand. */
  @Test
  void aWitnessWithAPostQuantumKeyCounts() throws Exception {
    KeyPair pair = KeyPairGenerator.getInstance("ML-DSA-44").generateKeyPair();
    byte[] encoded = pair.getPublic().getEncoded();
    byte[] raw = Arrays.copyOfRange(encoded, encoded.length - 1312, encoded.length);
    NoteKey key = new NoteKey("witness.example/pq", NoteKey.Kind.ML_DSA_44, raw);
    Identity other = Identities.of(300);
    try (FeedSwarm swarm = new FeedSwarm(folder, 6)) {
      swarm.others = Set.of(key);
      FeedSwarm.Member writer = swarm.add(false);
      FeedSwarm.Member reader = swarm.add(false);
      writer.feed.append(some(3));
      Head head = writer.feed.head().orElseThrow();
      SignedNote.Line good = pqLine(pair, key, head, 1_800_000_001L);
      SignedNote.Line bad = new SignedNote.Line(key.name(), key.id(), flipped(good.signature()));
      SignedNote.Line unknown =
          Cosignature.sign(head.note().text(), "witness.example/other", other, 5);
      assertThat(key.verifies(head.note().text(), good)).isTrue();
      assertThat(key.verifies(head.note().text(), bad)).isFalse();
      assertThat(writer.store.cosign(head, List.of(good, unknown))).isPresent();
      writer.exchange.grown();
      swarm.pass(SECOND);
      writer.link(reader);
      swarm.pass(30 * SECOND);
      CosignedHead there = reader.store.cosignedHeads(writer.self()).getFirst();
      assertThat(there.cosigners())
          .containsExactly(new Cosigner(key.name(), key.id(), 1_800_000_001L));
      assertThat(CosignedHead.attested(List.of(there), 2, Set.of(key.name()), 1))
          .hasValue(1_800_000_001L);
    }
    assertThat(Fsck.check(folder.resolve("m1"), Identities.of(101).peerId()).faults()).isEmpty();
  }

  private static byte[] flipped(byte[] signature) {
    signature[100] ^= 1;
    return signature;
  }

  private static SignedNote.Line pqLine(KeyPair pair, NoteKey key, Head head, long seconds)
      throws Exception {
    byte[] name = key.name().getBytes(StandardCharsets.UTF_8);
    byte[] origin = FeedName.origin(head.peer()).getBytes(StandardCharsets.UTF_8);
    byte[] label = "subtree/v1\n\0".getBytes(StandardCharsets.UTF_8);
    ByteBuffer message =
        ByteBuffer.allocate(label.length + 1 + name.length + 8 + 1 + origin.length + 8 + 8 + 32);
    message.put(label).put((byte) name.length).put(name).putLong(seconds);
    message.put((byte) origin.length).put(origin);
    message.putLong(0).putLong(head.size()).put(head.root().bytes());
    Signature signer = Signature.getInstance("ML-DSA-44");
    signer.initSign(pair.getPrivate());
    signer.update(message.array());
    byte[] signature = signer.sign();
    return new SignedNote.Line(
        key.name(),
        key.id(),
        ByteBuffer.allocate(8 + signature.length).putLong(seconds).put(signature).array());
  }
}
