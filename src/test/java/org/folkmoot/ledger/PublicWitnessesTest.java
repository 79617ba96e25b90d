package org.folkmoot.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.ledger.note.Base64Text;
import org.folkmoot.ledger.note.Checkpoint;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints sent to witnesses over loopback: our own answering side, a strict one, bad ones. */
class PublicWitnessesTest {
  private static final long SECONDS = 1_800_000_000;
  private static final Identity OTHER = Identities.of(50);
  private static final NoteKey KEY =
      NoteKey.of("witness.example/w", NoteKey.Kind.COSIGNATURE, OTHER.peerId());

  @TempDir Path folder;
  private final Identity self = Identities.of(1);
  private final RandomEntries random = new RandomEntries(new Random(6));
  private final List<Integer> statuses = new ArrayList<>();
  private LedgerStore store;
  private PublicWitnesses witnesses;
  private HttpServer server;

  /** What is answered; set before each call. */
  private Function<String, Reply> answering = _ -> new Reply(500, "text/plain", "");

  private record Reply(int status, String type, String body) {}

  @BeforeEach
  void open() throws IOException {
    store = LedgerStore.open(folder.resolve("own"), self);
    witnesses = new PublicWitnesses(store, Duration.ofSeconds(30));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/witness/add-checkpoint", this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      Reply reply = answering.apply(body);
      statuses.add(reply.status);
      exchange.getResponseHeaders().add("Content-Type", reply.type);
      byte[] bytes = reply.body.getBytes(UTF_8);
      exchange.sendResponseHeaders(reply.status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @AfterEach
  void close() {
    witnesses.close();
    server.stop(0);
    store.close();
  }

  private WitnessKeys.Known at(NoteKey key) {
    String address = "http://127.0.0.1:%d/witness".formatted(server.getAddress().getPort());
    return new WitnessKeys.Known(key, Optional.of(URI.create(address)));
  }

  private void grow(int entries) {
    List<Entry> some = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      some.add(random.any());
    }
    var _ = new OwnFeed(store, self).append(some);
  }

  private List<CosignedHead> cosigned() {
    return store.cosignedHeads(self.peerId());
  }

  @Test
  void ourOwnAnsweringSideCosigns() {
    NoteKey key = FeedName.witnessKey(OTHER.peerId());
    try (LedgerStore theirs = LedgerStore.open(folder.resolve("theirs"), OTHER)) {
      Witness witness =
          new Witness(
              theirs,
              OTHER,
              () -> Instant.ofEpochSecond(SECONDS),
              origin -> FeedName.peer(origin).map(FeedName::key),
              _ -> {});
      answering =
          body -> {
            Witness.Answer answer = witness.addCheckpoint(body.getBytes(UTF_8));
            return new Reply(answer.status(), answer.type(), answer.body());
          };
      assertThat(witnesses.cosign(self.peerId(), at(key))).as("an empty feed").isFalse();
      grow(10);
      assertThat(witnesses.cosign(self.peerId(), at(key))).isTrue();
      assertThat(witnesses.cosign(self.peerId(), at(key))).as("again").isFalse();
      grow(300);
      assertThat(witnesses.cosign(self.peerId(), at(key))).isTrue();
      assertThat(statuses).containsExactly(200, 200);
      assertThat(cosigned().stream().map(CosignedHead::size)).containsExactly(310L, 10L);
    }
  }

  /**
   * A witness as C2SP's tlog-witness has it, and nothing more: it knows the log by its key,
   * remembers a size, and refuses what does not follow it.
   */
  private static final class Strict implements Function<String, Reply> {
    private final NoteKey log;
    private long size;
    private Hash32 root = Hash32.sha256(new byte[0]);

    private Strict(NoteKey log) {
      this.log = log;
    }

    @Override
    public Reply apply(String body) {
      String[] parts = body.split("\n\n", 2);
      String[] lines = parts[0].split("\n");
      SignedNote note = SignedNote.parse(parts[1]);
      Checkpoint checkpoint = Checkpoint.parse(note.text());
      List<Hash32> proof = new ArrayList<>();
      for (int i = 1; i < lines.length; i++) {
        proof.add(Hash32.of(Base64Text.decode(lines[i]).orElseThrow()));
      }
      if (!note.isBy(log) || note.lines().size() != 1) {
        return new Reply(403, "text/plain", "");
      }
      if (!lines[0].equals("old " + size)) {
        return new Reply(409, "text/x.tlog.size", size + "\n");
      }
      if (!MerkleTree.consistent(size, root, checkpoint.size(), checkpoint.root(), proof)) {
        return new Reply(422, "text/plain", "");
      }
      size = checkpoint.size();
      root = checkpoint.root();
      return new Reply(
          200, "text/plain", Cosignature.sign(note.text(), KEY.name(), OTHER, SECONDS).line());
    }
  }

  @Test
  void aStrictWitnessIsToldTheSizeThatItKnows() {
    Strict strict = new Strict(FeedName.key(self.peerId()));
    answering = strict;
    grow(7);
    assertThat(witnesses.cosign(self.peerId(), at(KEY))).isTrue();
    grow(600);
    assertThat(witnesses.cosign(self.peerId(), at(KEY))).isTrue();
    assertThat(statuses).containsExactly(200, 200);
    // It has cosigned what never reached us: its size is learnt from its 409, and proven from.
    statuses.clear();
    strict.size = 300;
    strict.root = MerkleTree.of(store.entries(self.peerId(), 0, 300)).root();
    grow(1);
    assertThat(witnesses.cosign(self.peerId(), at(KEY))).isTrue();
    assertThat(statuses).containsExactly(409, 200);
    assertThat(cosigned().getFirst().cosigners())
        .containsExactly(new CosignedHead.Cosigner(KEY.name(), KEY.id(), SECONDS));
    // It knows more than is here: a restored backup. Nothing is sent again.
    statuses.clear();
    strict.size = 10_000;
    grow(1);
    assertThat(refused(Code.BAD_REQUEST)).contains("10000");
    assertThat(statuses).containsExactly(409);
  }

  private String refused(Code code) {
    FolkmootException thrown =
        catchThrowableOfType(
            FolkmootException.class, () -> witnesses.cosign(self.peerId(), at(KEY)));
    assertThat(thrown).isNotNull();
    assertThat(thrown.code()).as(thrown.getMessage()).isEqualTo(code);
    assertThat(thrown.getMessage()).doesNotContain("\n");
    return String.valueOf(thrown.getMessage());
  }

  @Test
  void badAnswersAreNamedAndNothingIsKept() {
    grow(5);
    String text = store.feed(self.peerId()).orElseThrow().head().note().text();
    List<String> bodies =
        List.of(
            "",
            "nonsense\n",
            Cosignature.sign(text, KEY.name(), Identities.of(9), SECONDS).line(),
            Cosignature.sign(text + "x\n", KEY.name(), OTHER, SECONDS).line(),
            Cosignature.sign(text, "witness.example/other", OTHER, SECONDS).line(),
            "x".repeat(1 << 20));
    for (String body : bodies) {
      answering = _ -> new Reply(200, "text/plain", body);
      String _ = refused(Code.UNREACHABLE);
    }
    for (String body : List.of("", "x\n", "-1\n", "07\n", "99999999999999999999\n")) {
      answering = _ -> new Reply(409, "text/x.tlog.size", body);
      String _ = refused(Code.UNREACHABLE);
    }
    // It names another size each time.
    int[] asked = {0};
    answering = _ -> new Reply(409, "text/x.tlog.size", (asked[0]++ % 5) + "\n");
    String _ = refused(Code.UNREACHABLE);
    assertThat(asked[0]).isEqualTo(3);
    for (int status : new int[] {302, 400, 403, 404, 422, 500}) {
      answering = _ -> new Reply(status, "text/plain", "no\nwhy");
      assertThat(refused(Code.BAD_REQUEST)).contains("" + status);
    }
    server.stop(0);
    String _ = refused(Code.UNREACHABLE);
    assertThat(cosigned()).isEmpty();
  }
}
