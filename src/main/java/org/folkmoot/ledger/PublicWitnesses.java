package org.folkmoot.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.note.Base64Text;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * Asks witnesses that are no peers to cosign our own feed's head, by C2SP's {@code add-checkpoint}.
 * Only those whose address a person has given. Not on the loop: each is waited for.
 */
public final class PublicWitnesses implements AutoCloseable {
  /** Bytes of an answer: cosignatures of all of a witness's keys, or a line of text. */
  private static final int MAX_ANSWER = 16 << 10;

  /** What the old size was is learnt from the first answer; then it has to be right. */
  private static final int MAX_TRIES = 3;

  private static final int MAX_SIZE_DIGITS = 18;

  private final LedgerStore store;
  private final Duration deadline;
  private final HttpClient http;

  /**
   * Asks nobody yet.
   *
   * @param deadline for each answer
   */
  public PublicWitnesses(LedgerStore store, Duration deadline) {
    this.store = store;
    this.deadline = deadline;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(deadline)
            .build();
  }

  /**
   * Has a feed's head cosigned, and keeps the cosignature.
   *
   * @return whether that is news; false if the head was cosigned before, or the feed is empty
   * @throws FolkmootException UNREACHABLE if there is no sound answer; BAD_REQUEST if the witness
   *     refuses
   */
  public boolean cosign(PeerId feed, WitnessKeys.Known witness) {
    Optional<Head> found = store.feed(feed).filter(Feed::isWhole).map(Feed::head);
    if (found.isEmpty() || found.get().size() == 0 || witness.address().isEmpty()) {
      return false;
    }
    Head head = found.get();
    if (head.cosignatures().stream().anyMatch(witness.key()::isNamedBy)) {
      return false;
    }
    long old = lastCosigned(head, witness);
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      HttpResponse<byte[]> response = post(witness.address().get(), request(head, old));
      String body = new String(response.body(), UTF_8);
      switch (response.statusCode()) {
        case 200 -> {
          List<SignedNote.Line> lines = lines(body, head, witness);
          return store.cosign(head.bare(), lines).isPresent();
        }
        case 409 -> old = size(body, head, witness);
        default -> throw refused(witness, response.statusCode(), body);
      }
    }
    throw unreachable(witness, "it names another size each time", null);
  }

  /** The largest size that the witness is known here to have cosigned. */
  private long lastCosigned(Head head, WitnessKeys.Known witness) {
    return store.cosignedHeads(head.peer()).stream()
        .filter(one ->
            one.cosigners().stream()
                .anyMatch(by ->
                    by.name().equals(witness.key().name()) && by.keyId() == witness.key().id()))
        .mapToLong(CosignedHead::size)
        .max()
        .orElse(0);
  }

  private byte[] request(Head head, long old) {
    StringBuilder body = new StringBuilder("old ").append(old).append('\n');
    List<Hash32> proof =
        old == 0 || old == head.size()
            ? List.of()
            : store.consistency(head.peer(), old, head.size());
    proof.forEach(hash -> body.append(Base64Text.encode(hash.bytes())).append('\n'));
    // The log's own signature only: others' are no business of the witness.
    return body.append('\n').append(head.bare().note().note()).toString().getBytes(UTF_8);
  }

  private static long size(String body, Head head, WitnessKeys.Known witness) {
    String text = body.endsWith("\n") ? body.substring(0, body.length() - 1) : body;
    if (!text.matches("0|[1-9][0-9]{0,%d}".formatted(MAX_SIZE_DIGITS - 1))) {
      throw unreachable(witness, "it answers 409 without a size", null);
    }
    long size = Long.parseLong(text);
    if (size > head.size()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the witness %s has cosigned %d entries of this feed, and only %d are here: let the ledger catch up first"
              .formatted(witness.key().name(), size, head.size()));
    }
    return size;
  }

  /** The cosignatures of an answer: at least one by the key that we know, and each sound. */
  private static List<SignedNote.Line> lines(String body, Head head, WitnessKeys.Known witness) {
    List<SignedNote.Line> sound = new ArrayList<>();
    try {
      for (String line : body.lines().limit(SignedNote.MAX_LINES).toList()) {
        SignedNote.Line parsed = SignedNote.Line.parse(line);
        if (witness.key().verifies(head.note().text(), parsed)) {
          sound.add(parsed);
        }
      }
    } catch (FolkmootException noLine) {
      throw unreachable(witness, "its answer is no cosignature", noLine);
    }
    if (sound.isEmpty()) {
      throw unreachable(witness, "its cosignature is not by the key that is known here", null);
    }
    return sound;
  }

  private HttpResponse<byte[]> post(URI prefix, byte[] body) {
    URI address =
        URI.create(prefix + (prefix.toString().endsWith("/") ? "" : "/") + "add-checkpoint");
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .timeout(deadline)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    CompletableFuture<HttpResponse<byte[]>> coming =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER));
    try {
      return coming.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw unreachable(prefix, "interrupted", stopped);
    } catch (TimeoutException slow) {
      throw unreachable(prefix, "no answer within %d s".formatted(deadline.toSeconds()), slow);
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause();
      throw unreachable(
          prefix,
          cause instanceof IOException io ? String.valueOf(io.getMessage()) : "failed",
          cause);
    } finally {
      coming.cancel(true);
    }
  }

  private static FolkmootException refused(WitnessKeys.Known witness, int status, String body) {
    String why = body.lines().findFirst().orElse("").replaceAll("\\p{Cntrl}", " ");
    return new FolkmootException(
        BAD_REQUEST,
        "the witness %s refuses this feed's checkpoint (HTTP status %d%s): it may have to be told of the log first"
            .formatted(
                witness.key().name(),
                status,
                why.isEmpty() ? "" : ", " + why.substring(0, Math.min(why.length(), 100))));
  }

  private static FolkmootException unreachable(
      WitnessKeys.Known witness, String why, @Nullable Throwable cause) {
    return new FolkmootException(
        UNREACHABLE, "the witness %s: %s".formatted(witness.key().name(), why), cause);
  }

  private static FolkmootException unreachable(URI address, String why, @Nullable Throwable cause) {
    return new FolkmootException(
        UNREACHABLE,
        "the witness at %s: %s; it is asked again later".formatted(address.getHost(), why),
        cause);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
