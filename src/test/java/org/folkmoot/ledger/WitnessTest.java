package org.folkmoot.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.ledger.note.Base64Text;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The statuses of C2SP tlog-witness. */
class WitnessTest {
  private static final long SECONDS = 1_800_000_000;

  @TempDir Path folder;
  private final Identity log = Identities.of(1);
  private final Identity self = Identities.of(2);
  private final RandomEntries random = new RandomEntries(new Random(6));
  private final List<ForkProof> forks = new ArrayList<>();
  private long seconds = SECONDS;
  private LedgerStore logStore;
  private LedgerStore store;
  private Witness witness;

  @BeforeEach
  void open() {
    logStore = LedgerStore.open(folder.resolve("log"), log);
    openWitness();
  }

  private void openWitness() {
    store = LedgerStore.open(folder.resolve("witness"), self);
    witness =
        new Witness(
            store,
            self,
            () -> Instant.ofEpochSecond(seconds),
            origin ->
                origin.equals(FeedName.origin(log.peerId()))
                    ? Optional.of(FeedName.key(log.peerId()))
                    : Optional.empty(),
            forks::add);
  }

  @AfterEach
  void close() {
    logStore.close();
    store.close();
  }

  private Head grow(int entries) {
    List<Entry> some = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      some.add(random.any());
    }
    OwnFeed feed = new OwnFeed(logStore, log);
    feed.append(some);
    return feed.head().orElseThrow();
  }

  private List<Hash32> proof(long from, Head head) {
    return logStore.consistency(log.peerId(), from, head.size());
  }

  private static byte[] request(long old, List<Hash32> proof, String note) {
    StringBuilder body = new StringBuilder("old " + old + "\n");
    proof.forEach(hash -> body.append(Base64Text.encode(hash.bytes())).append('\n'));
    return body.append('\n').append(note).toString().getBytes(UTF_8);
  }

  private Witness.Answer add(long old, List<Hash32> proof, Head head) {
    return witness.addCheckpoint(request(old, proof, head.note().note()));
  }

  @Test
  void aLogThatGrowsIsCosigned() {
    Head first = grow(10);
    Witness.Answer answer = add(0, List.of(), first);
    assertThat(answer.status()).isEqualTo(200);
    SignedNote.Line line =
        SignedNote.Line.parse(answer.body().substring(0, answer.body().length() - 1));
    SignedNote cosigned = first.note().with(line);
    assertThat(cosigned.isBy(witness.key())).isTrue();
    assertThat(Cosignature.seconds(line)).hasValue(SECONDS);
    Head second = grow(300);
    assertThat(add(10, proof(10, second), second).status()).isEqualTo(200);
    // Once more the same: a witness may be asked again.
    assertThat(add(310, List.of(), second).status()).isEqualTo(200);
    store.close();
    openWitness();
    Witness.Answer late = add(10, proof(10, second), second);
    assertThat(late.status()).isEqualTo(409);
    assertThat(late.type()).isEqualTo("text/x.tlog.size");
    assertThat(late.body()).isEqualTo("310\n");
  }

  @Test
  void whatIsWrongIsRefused() {
    Head first = grow(10);
    Head second = grow(20);
    assertThat(add(0, List.of(), first).status()).isEqualTo(200);
    // A proof that is none, or of another.
    assertThat(add(10, List.of(), second).status()).isEqualTo(422);
    assertThat(add(10, proof(11, second), second).status()).isEqualTo(422);
    // The old size is not what was cosigned last, or larger than the new.
    assertThat(add(0, List.of(), second).status()).isEqualTo(409);
    assertThat(add(11, List.of(), first).status()).isEqualTo(400);
    // Of a log that is not known; by nobody that is.
    Identity stranger = Identities.of(9);
    Head strange = Head.sign(stranger, 1, first.root());
    assertThat(add(0, List.of(), strange).status()).isEqualTo(404);
    SignedNote forged =
        SignedNote.sign(second.note().text(), FeedName.origin(log.peerId()), stranger);
    assertThat(witness.addCheckpoint(request(10, proof(10, second), forged.note())).status())
        .isEqualTo(403);
    // Another root of the size that was cosigned.
    Head fork = Head.sign(log, 10, Hash32.sha256(new byte[0]));
    assertThat(add(10, List.of(), fork).status()).isEqualTo(409);
    for (String body : List.of("", "old", "old 1", "old 01\n\n", "old 1\nx\n\n", "\n\n")) {
      assertThat(witness.addCheckpoint((body + first.note().note()).getBytes(UTF_8)).status())
          .as(body)
          .isEqualTo(400);
    }
    assertThat(witness.addCheckpoint(new byte[Witness.MAX_REQUEST + 1]).status()).isEqualTo(400);
    assertThat(add(10, proof(10, second), second).status()).isEqualTo(200);
  }

  /** A copy of the log is here, which was not cosigned yet. */
  @Test
  void whoSignsOtherwiseThanTheCopyIsConvicted() {
    Head head = grow(10);
    var _ = store.appendCopy(head, 0, logStore.entries(log.peerId(), 0, 10), List.of());
    assertThat(add(0, List.of(), head).body()).as("it speaks of its copy first").isEqualTo("10\n");
    assertThat(add(10, List.of(), head).status()).isEqualTo(200);
    Head other = Head.sign(log, 10, Hash32.sha256(new byte[] {7}));
    assertThat(add(10, List.of(), other).status()).isEqualTo(422);
    assertThat(forks)
        .singleElement()
        .satisfies(fork -> assertThat(fork.peer()).isEqualTo(log.peerId()));
  }

  @Test
  void aClockThatIsBehindSignsNothing() {
    Head head = grow(10);
    assertThat(add(0, List.of(), head).status()).isEqualTo(200);
    store.close();
    seconds = 5;
    openWitness();
    Head next = grow(1);
    assertThat(add(10, proof(10, next), next).status()).isEqualTo(503);
    seconds = SECONDS;
    assertThat(add(10, proof(10, next), next).status()).isEqualTo(200);
  }

  @Test
  void anyBytesAreAnswered() {
    Head head = grow(5);
    byte[] body = request(0, List.of(), head.note().note());
    Random bits = new Random(1);
    for (int i = 0; i < 2000; i++) {
      byte[] changed = body.clone();
      changed[bits.nextInt(body.length)] ^= (byte) (1 << bits.nextInt(8));
      assertThat(witness.addCheckpoint(changed).status()).isIn(400, 403, 404, 409, 422);
    }
  }
}
