package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;
import static org.folkmoot.store.ProgressListener.Progress.UNKNOWN;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.PartialFile.Resumption;
import org.folkmoot.store.ProgressListener.Stage;

/**
 * Downloads one file over HTTP (RFC 9110), going on where an earlier try stopped: {@code Range}
 * with {@code If-Range}, so that a file that changed meanwhile starts anew. A server that knows no
 * ranges is read from the start. Redirects are followed to allowed addresses only.
 */
final class HttpDownload {
  /** As browsers and curl allow, with room to spare: hubs use two. */
  private static final int MAX_REDIRECTS = 10;

  /** Failures in a row, with no byte between them, after which a server counts as gone. */
  private static final int MAX_FAILURES = 4;

  /** Tries in all: a line that breaks this often will not bring a model. */
  private static final int MAX_TRIES = 100;

  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

  private final URI address;
  private final String label;
  private final PartialFile target;
  private final StoreSettings.Patience patience;
  private final HttpClient client;

  private HttpDownload(
      URI address,
      String label,
      PartialFile target,
      StoreSettings.Patience patience,
      HttpClient client) {
    this.address = address;
    this.label = label;
    this.target = target;
    this.patience = patience;
    this.client = client;
  }

  /**
   * Downloads into the target, which is whole afterwards but not yet checked.
   *
   * @throws FolkmootException UNREACHABLE or NOT_FOUND, with what had come kept for another try
   */
  static void fetch(
      URI address, String label, PartialFile target, StoreSettings.Patience patience) {
    WebAddress.requireAllowed(address);
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience.connect())
            .build();
    try {
      new HttpDownload(address, label, target, patience, client).untilWhole();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(BUSY, "the download was interrupted", interrupted);
    } finally {
      client.shutdownNow();
    }
  }

  private void untilWhole() throws InterruptedException {
    int failures = 0;
    boolean everMoved = false;
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      long before = target.length();
      try {
        once();
        return;
      } catch (IOException broken) {
        boolean moved = target.length() > before;
        everMoved |= moved;
        failures = moved ? 1 : failures + 1;
        // Without a network at all there is no point in waiting; when one is lost on the way
        // there is.
        boolean hopeless = broken instanceof SSLException || (isUnconnected(broken) && !everMoved);
        if (hopeless || failures >= MAX_FAILURES) {
          throw gone(broken);
        }
        Thread.sleep(patience.retryPause().multipliedBy(1L << (failures - 1)));
      }
    }
    throw gone(new IOException("it broke " + MAX_TRIES + " times"));
  }

  private static boolean isUnconnected(IOException failure) {
    return failure instanceof ConnectException || failure instanceof HttpConnectTimeoutException;
  }

  private FolkmootException gone(IOException why) {
    String kept = target.isKept() ? "; what came is kept, another pull goes on from there" : "";
    return new FolkmootException(
        UNREACHABLE, label + " cannot be read (" + Reason.of(why) + ")" + kept, why);
  }

  /** One request and its body. An IOException means: try again. */
  private void once() throws IOException, InterruptedException {
    Resumption resumption = target.resume();
    if (target.isWhole()) {
      return;
    }
    HttpResponse<Flow.Publisher<List<ByteBuffer>>> response = request(resumption);
    try (BodyReader body = new BodyReader(patience.stall())) {
      response.body().subscribe(body);
      long whole = begin(response, resumption);
      target.describe(validator(response));
      target.expect(whole, Stage.DOWNLOADING);
      for (List<ByteBuffer> piece = body.next(); piece != null; piece = body.next()) {
        piece.forEach(target::write);
      }
    }
    if (target.total() != UNKNOWN && target.length() < target.total()) {
      throw new IOException(
          "it ended after " + target.length() + " of " + target.total() + " bytes");
    }
  }

  /** Reads the status, readies the target for the body, and returns the whole file's length. */
  private long begin(HttpResponse<?> response, Resumption resumption) throws IOException {
    int status = response.statusCode();
    return switch (status) {
      case 200 -> {
        if (resumption.from() > 0) {
          target.restart();
        }
        yield response.headers().firstValueAsLong("content-length").orElse(UNKNOWN);
      }
      case 206 -> {
        Matcher range =
            CONTENT_RANGE.matcher(response.headers().firstValue("content-range").orElse(""));
        if (!range.matches() || Long.parseLong(range.group(1)) != resumption.from()) {
          target.restart();
          throw new IOException("it sent another range than the one asked for");
        }
        yield range.group(3).equals("*") ? UNKNOWN : Long.parseLong(range.group(3));
      }
      case 416 -> {
        target.restart();
        throw new IOException("it has no such range");
      }
      case 408, 429, 500, 502, 503, 504 -> throw new IOException("HTTP " + status);
      case 401, 403 ->
          throw new FolkmootException(
              UNREACHABLE,
              label
                  + " is not open to everyone (HTTP "
                  + status
                  + "): download it by hand and call 'folkmoot pull ./file.gguf'");
      case 404, 410 ->
          throw new FolkmootException(NOT_FOUND, label + " is not there (HTTP " + status + ")");
      default -> throw new FolkmootException(UNREACHABLE, label + " answers with HTTP " + status);
    };
  }

  private HttpResponse<Flow.Publisher<List<ByteBuffer>>> request(Resumption resumption)
      throws IOException, InterruptedException {
    URI at = address;
    for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(at)
              .timeout(patience.connect())
              .header("User-Agent", "folkmoot")
              // Offsets in a compressed stream would mean nothing.
              .header("Accept-Encoding", "identity");
      if (resumption.from() > 0) {
        request.header("Range", "bytes=" + resumption.from() + "-");
        if (resumption.validator() != null) {
          request.header("If-Range", resumption.validator());
        }
      }
      HttpResponse<Flow.Publisher<List<ByteBuffer>>> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofPublisher());
      String location = response.headers().firstValue("location").orElse("");
      if (response.statusCode() / 100 != 3 || location.isEmpty()) {
        return response;
      }
      discard(response);
      at = redirected(at, location);
    }
    throw new FolkmootException(UNREACHABLE, label + " redirects in a circle");
  }

  private void discard(HttpResponse<Flow.Publisher<List<ByteBuffer>>> response) {
    BodyReader unread = new BodyReader(Duration.ZERO);
    response.body().subscribe(unread);
    unread.close();
  }

  private URI redirected(URI from, String location) {
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException invalid) {
      throw new FolkmootException(UNREACHABLE, label + " redirects to no address", invalid);
    }
    try {
      WebAddress.requireAllowed(to);
    } catch (FolkmootException refused) {
      throw new FolkmootException(
          UNREACHABLE, label + " redirects to where it must not: " + refused.getMessage(), refused);
    }
    if (from.getScheme().equals("https") && !to.getScheme().equals("https")) {
      throw new FolkmootException(UNREACHABLE, label + " redirects away from https");
    }
    return to;
  }

  /** What tells this version of the file from others: a strong ETag, else its date. */
  private static String validator(HttpResponse<?> response) {
    String tag = response.headers().firstValue("etag").orElse("");
    return tag.startsWith("\"") ? tag : response.headers().firstValue("last-modified").orElse("");
  }
}
