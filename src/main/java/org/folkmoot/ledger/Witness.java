package org.folkmoot.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.note.Base64Text;
import org.folkmoot.ledger.note.Checkpoint;
import org.folkmoot.ledger.note.Cosignature;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.peer.Signer;

/**
 * Cosigns other logs' checkpoints, each only if it grew out of the one before (C2SP tlog-witness).
 * What was cosigned is on disk before anybody gets the cosignature, so that a witness that crashed
 * cannot be led to vouch for a second history.
 */
public final class Witness {
  /** Bytes of a request: a checkpoint, and 63 lines of 45 bytes. */
  public static final int MAX_REQUEST = SignedNote.MAX_BYTES + (4 << 10);

  private static final int MAX_PROOF = 63;
  private static final String SIZE_TYPE = "text/x.tlog.size";
  private static final String TEXT_TYPE = "text/plain; charset=utf-8";

  /**
   * What a request is answered with.
   *
   * @param status of HTTP
   */
  public record Answer(int status, String type, String body) {}

  private final LedgerStore store;
  private final Signer signer;
  private final InstantSource clock;
  private final Function<String, Optional<NoteKey>> logs;
  private final Consumer<ForkProof> convict;

  /** When it cosigned last; negative until that is looked up. Under the store's lock. */
  private long latest = -1;

  /**
   * A witness.
   *
   * @param logs the key of a log that it cosigns, by its origin
   * @param convict told, from any thread, of a feed that signs otherwise than what is here
   */
  public Witness(
      LedgerStore store,
      Signer signer,
      InstantSource clock,
      Function<String, Optional<NoteKey>> logs,
      Consumer<ForkProof> convict) {
    this.store = store;
    this.signer = signer;
    this.clock = clock;
    this.logs = logs;
    this.convict = convict;
  }

  /** With which key it cosigns. */
  public NoteKey key() {
    return FeedName.witnessKey(signer.peerId());
  }

  private record Request(long old, List<Hash32> proof, SignedNote note, Checkpoint checkpoint) {}

  private static FolkmootException bad() {
    return new FolkmootException(BAD_FILE, "this is no request to a witness");
  }

  private static Request parse(byte[] body) {
    if (body.length > MAX_REQUEST) {
      throw bad();
    }
    String text;
    try {
      text = UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException notUtf8) {
      throw bad();
    }
    int blank = text.indexOf("\n\n");
    if (blank < 0) {
      throw bad();
    }
    String[] lines = text.substring(0, blank).split("\n", MAX_PROOF + 3);
    if (lines.length > 1 + MAX_PROOF || !lines[0].matches("old (0|[1-9][0-9]{0,17})")) {
      throw bad();
    }
    List<Hash32> proof = new ArrayList<>();
    for (String line : Arrays.asList(lines).subList(1, lines.length)) {
      proof.add(
          Base64Text.decode(line)
              .filter(hash -> hash.length == Hash32.BYTES)
              .map(Hash32::of)
              .orElseThrow(Witness::bad));
    }
    SignedNote note = SignedNote.parse(text.substring(blank + 2));
    return new Request(
        Long.parseLong(lines[0].substring("old ".length())),
        proof,
        note,
        Checkpoint.parse(note.text()));
  }

  /** Answers an {@code add-checkpoint} of any bytes. */
  public Answer addCheckpoint(byte[] body) {
    Request request;
    try {
      request = parse(body);
    } catch (FolkmootException malformed) {
      return refusal(400, "this is no request to a witness");
    }
    Optional<NoteKey> key = logs.apply(request.checkpoint.origin());
    if (key.isEmpty()) {
      return refusal(404, "this log is not known here");
    }
    if (!request.note.isBy(key.get())) {
      return refusal(403, "the checkpoint is not signed by its log");
    }
    if (request.old > request.checkpoint.size()) {
      return refusal(400, "the old size is the larger one");
    }
    Optional<ForkProof> fork = contradiction(request);
    if (fork.isPresent()) {
      convict.accept(fork.get());
      return refusal(422, "its log has signed another history, of which a copy is here");
    }
    try {
      cosignCopy(request.checkpoint.origin());
      return answer(request, key.get());
    } catch (FolkmootException clockBehind) {
      return refusal(503, String.valueOf(clockBehind.getMessage()));
    }
  }

  /** What is here of a feed comes first: from then on it can only grow out of that. */
  private void cosignCopy(String origin) {
    FeedName.peer(origin)
        .flatMap(store::feed)
        .filter(feed -> feed.isWhole() && feed.fork().isEmpty())
        .filter(feed -> !feed.peer().equals(signer.peerId()))
        .ifPresent(feed -> {
          SignedNote.Line _ = cosign(feed.head());
        });
  }

  private Answer answer(Request request, NoteKey log) {
    return store.witness(
        request.checkpoint.origin(),
        (last, next) -> {
          Optional<Checkpoint> before = last.map(note -> Checkpoint.parse(note.text()));
          long size = before.map(Checkpoint::size).orElse(0L);
          if (request.old != size) {
            return new Answer(409, SIZE_TYPE, size + "\n");
          }
          boolean same = request.old == request.checkpoint.size();
          if (same && before.isPresent() && !agree(before.get(), request.checkpoint)) {
            return new Answer(409, SIZE_TYPE, size + "\n");
          }
          Hash32 root = before.map(Checkpoint::root).orElse(Hash32.sha256(new byte[0]));
          if (!MerkleTree.consistent(
              size, root, request.checkpoint.size(), request.checkpoint.root(), request.proof)) {
            return refusal(422, "the proof does not show that the log only grew");
          }
          SignedNote.Line line = sign(request.note.text());
          next.accept(kept(request.note, log, line));
          return new Answer(200, TEXT_TYPE, line.line());
        });
  }

  /** Whether a member's checkpoint is not of the feed that was copied from it. */
  private Optional<ForkProof> contradiction(Request request) {
    return FeedName.peer(request.checkpoint.origin())
        .map(FeedName::key)
        .filter(request.note::isBy)
        .flatMap(_ -> store.contradiction(Head.of(request.note)));
  }

  private static boolean agree(Checkpoint one, Checkpoint other) {
    return one.size() == other.size() && one.root().equals(other.root());
  }

  private static Answer refusal(int status, String why) {
    return new Answer(status, TEXT_TYPE, why + "\n");
  }

  /** What is remembered of a note: the log's signature and ours, for others may fill it. */
  private static SignedNote kept(SignedNote note, NoteKey log, SignedNote.Line ours) {
    return new SignedNote(note.text(), List.of(note.by(log).orElseThrow(Witness::bad), ours));
  }

  /** A clock that is behind what was signed by it would antedate what it signs next. */
  private SignedNote.Line sign(String text) {
    long now = clock.millis() / 1000;
    if (latest < 0) {
      latest = store.lastWitnessed(key());
    }
    if (now < latest) {
      throw new FolkmootException(
          BUSY,
          "this machine's clock is %d s behind what it has cosigned: set it right"
              .formatted(latest - now));
    }
    latest = now;
    return Cosignature.sign(text, key().name(), signer, now);
  }

  /**
   * Cosigns the head of a feed of which a whole copy is here; of the same head, at the same time.
   *
   * @throws FolkmootException BAD_FILE if the copy is not what was cosigned before
   */
  public SignedNote.Line cosign(Head head) {
    String origin = FeedName.origin(head.peer());
    return store.witness(
        origin,
        (last, next) -> {
          if (last.isPresent()) {
            Checkpoint before = Checkpoint.parse(last.get().text());
            Optional<SignedNote.Line> then = last.get().by(key());
            if (before.equals(Checkpoint.parse(head.note().text())) && then.isPresent()) {
              return then.get();
            }
            boolean grew =
                before.size() <= head.size()
                    && TreeProofs.root(before.size(), store.hashes(head.peer(), head.size()))
                        .equals(before.root());
            if (!grew) {
              throw new FolkmootException(
                  BAD_FILE, "this feed is not what was cosigned before: " + head.peer());
            }
          }
          SignedNote.Line line = sign(head.note().text());
          next.accept(kept(head.note(), FeedName.key(head.peer()), line));
          return line;
        });
  }
}
