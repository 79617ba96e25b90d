package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.ProgressListener.Stage;
import org.folkmoot.store.StoreSettings.Patience;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls over HTTP from good, bad and lying servers. */
class HttpPullTest {
  private static final byte[] BYTES = TestStore.model(300_000, 1);
  private static final byte[] OTHER = TestStore.model(300_000, 2);
  private static final String BLOB = "blobs/" + TestStore.sha256(BYTES) + ".gguf";

  @TempDir Path home;
  private TestStore test;

  @BeforeEach
  void newStore() {
    test = new TestStore(home);
  }

  private StoredModel pull(LoopbackServer server) {
    test.knowing("m:1", BYTES, server.url("/m.gguf"));
    return test.open().pull("m:1", test.heard);
  }

  private static void assertFails(
      FolkmootException.Code code, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FolkmootException.class, failure -> assertThat(failure.code()).isEqualTo(code))
        .hasMessageContaining(message);
  }

  @Test
  void bringsTheFileAndSaysHowFarItIs() throws IOException {
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(BYTES))) {
      StoredModel model = pull(server);
      assertThat(model.name()).isEqualTo("m:1");
      assertThat(model.sha256()).isEqualTo(TestStore.sha256(BYTES));
      assertThat(model.licence()).isEqualTo("MIT");
      assertThat(model.pulledAt()).isEqualTo(TestStore.NOW);
      assertThat(model.path()).hasBinaryContent(BYTES);
      assertThat(test.files()).containsExactly(BLOB, "names/m@1.json");
      assertThat(test.heard.progress.getLast().bytes()).isEqualTo(BYTES.length);
      assertThat(test.heard.progress.getLast().total()).isEqualTo(BYTES.length);
    }
  }

  @Test
  void aModelThatIsHereIsNotFetchedAgain() throws IOException {
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(BYTES))) {
      pull(server);
      test.open().pull("m:1", test.heard);
      assertThat(server.ranges).hasSize(1);
    }
  }

  @Test
  void goesOnWhereTheLineBroke() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          boolean early = requests.incrementAndGet() <= 2;
          (early ? LoopbackServer.breakingAfter(100_000, BYTES) : LoopbackServer.good(BYTES))
              .to(exchange);
        })) {
      assertThat(pull(server).path()).hasBinaryContent(BYTES);
      assertThat(server.ranges).containsExactly("", "bytes=100000-", "bytes=200000-");
    }
  }

  @Test
  void aLaterPullGoesOnFromWhatAnEarlierOneLeft() throws IOException {
    try (LoopbackServer dying =
        new LoopbackServer(exchange -> {
          boolean first = exchange.getRequestHeaders().getFirst("Range") == null;
          (first ? LoopbackServer.breakingAfter(100_000, BYTES) : LoopbackServer.status(503))
              .to(exchange);
        })) {
      assertFails(UNREACHABLE, "what came is kept", () -> pull(dying));
    }
    assertThat(Files.size(test.partial(BYTES))).isEqualTo(100_000);

    // Another source: the same content is the same content.
    test = new TestStore(home);
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(BYTES))) {
      assertThat(pull(server).path()).hasBinaryContent(BYTES);
      assertThat(server.ranges).containsExactly("bytes=100000-");
      assertThat(test.heard.heard(Stage.CHECKING)).isTrue();
    }
    assertThat(test.files()).containsExactly(BLOB, "names/m@1.json");
  }

  @Test
  void aWholePartialFileNeedsNoServer() throws IOException {
    leavePartial(BYTES);
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.status(500))) {
      assertThat(pull(server).path()).hasBinaryContent(BYTES);
      assertThat(server.ranges).isEmpty();
    }
  }

  @Test
  void aDamagedPartialFileCostsOneMoreDownload() throws IOException {
    byte[] damaged = Arrays.copyOf(BYTES, 100_000);
    damaged[50_000] ^= 1;
    leavePartial(damaged);
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(BYTES))) {
      assertThat(pull(server).path()).hasBinaryContent(BYTES);
      assertThat(server.ranges).containsExactly("bytes=100000-", "");
      assertThat(test.heard.notes).anyMatch(note -> note.contains("starting again"));
    }
  }

  private void leavePartial(byte[] bytes) throws IOException {
    Path partial = test.partial(BYTES);
    Files.createDirectories(partial.getParent());
    Files.write(partial, bytes);
    Files.writeString(
        partial.resolveSibling(partial.getFileName() + ".json"),
        "{\"sha256\": \""
            + TestStore.sha256(BYTES)
            + "\", \"source\": \"x\", \"validator\": \"\"}");
  }

  @Test
  void aServerWithoutRangesIsReadFromTheStart() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          exchange.sendResponseHeaders(200, BYTES.length);
          int count = requests.incrementAndGet() == 1 ? 100_000 : BYTES.length;
          exchange.getResponseBody().write(BYTES, 0, count);
        })) {
      assertThat(pull(server).path()).hasBinaryContent(BYTES);
      assertThat(server.ranges).containsExactly("", "bytes=100000-");
    }
  }

  @Test
  void aServerThatSendsAnotherRangeIsAskedAnew() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          switch (requests.incrementAndGet()) {
            case 1 -> LoopbackServer.breakingAfter(100_000, BYTES).to(exchange);
            case 2 -> {
              exchange.getResponseHeaders().set("Content-Range", "bytes 5-299999/300000");
              exchange.sendResponseHeaders(206, BYTES.length - 5);
              exchange.getResponseBody().write(BYTES, 5, BYTES.length - 5);
            }
            default -> LoopbackServer.good(BYTES).to(exchange);
          }
        })) {
      assertThat(pull(server).path()).hasBinaryContent(BYTES);
      assertThat(server.ranges).containsExactly("", "bytes=100000-", "");
    }
  }

  @Test
  void aFileThatChangedOnTheServerStartsAnew() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    try (LoopbackServer server =
        new LoopbackServer(exchange ->
            (requests.incrementAndGet() == 1
                    ? LoopbackServer.breakingAfter(100_000, OTHER)
                    : LoopbackServer.good(BYTES))
                .to(exchange))) {
      // Nobody promised a hash, so only the server's ETag tells the two apart.
      StoredModel model = test.open().pull(server.url("/m.gguf"), test.heard);
      assertThat(model.path()).hasBinaryContent(BYTES);
      assertThat(model.hashOrigin()).isEqualTo(HashOrigin.FIRST_PULL);
    }
  }

  @Test
  void aWrongHashIsDeletedAndSaid() throws IOException {
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(OTHER))) {
      assertFails(WRONG_HASH, "it was deleted", () -> pull(server));
      assertThat(test.files()).isEmpty();
    }
  }

  @Test
  void aTruncatedFileIsNotTaken() throws IOException {
    byte[] half = Arrays.copyOf(BYTES, 150_000);
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(half))) {
      assertFails(WRONG_HASH, "150000 bytes, but m:1 has 300000", () -> pull(server));
      assertThat(test.files()).isEmpty();
    }
  }

  @Test
  void aServerThatPromisesMoreThanItSendsIsGivenUp() throws IOException {
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          exchange.sendResponseHeaders(200, BYTES.length);
          exchange.getResponseBody().write(BYTES, 0, 10);
        })) {
      assertFails(UNREACHABLE, "cannot be read", () -> pull(server));
      // It moved ten bytes once; then four tries brought nothing new.
      assertThat(server.ranges.size()).isBetween(4, 8);
    }
  }

  @Test
  void aServerThatSendsMoreThanItShouldIsStopped() throws IOException {
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          // No length: chunks without end.
          exchange.sendResponseHeaders(200, 0);
          for (int i = 0; i < 10; i++) {
            exchange.getResponseBody().write(BYTES);
          }
        })) {
      assertFails(WRONG_HASH, "more bytes than it should", () -> pull(server));
    }
  }

  @Test
  void aStalledServerIsGivenUp() throws IOException {
    CountDownLatch never = new CountDownLatch(1);
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          exchange.sendResponseHeaders(200, BYTES.length);
          exchange.getResponseBody().write(BYTES, 0, 100);
          exchange.getResponseBody().flush();
          never.await();
        })) {
      test.patience =
          new Patience(
              Duration.ofSeconds(20), Duration.ofMillis(50), Duration.ZERO, Duration.ofSeconds(20));
      assertFails(UNREACHABLE, "nothing came", () -> pull(server));
    } finally {
      never.countDown();
    }
  }

  @Test
  void aWebPageIsNotTakenForAModel() throws IOException {
    byte[] page = "<!DOCTYPE html><title>Log in</title>".getBytes(StandardCharsets.UTF_8);
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(page))) {
      assertFails(
          BAD_FILE,
          "is not a GGUF file",
          () -> test.open().pull(server.url("/m.gguf"), test.heard));
      assertThat(test.files()).isEmpty();
    }
  }

  @Test
  void refusalsAreNotRetried() throws IOException {
    try (LoopbackServer server =
        new LoopbackServer(exchange ->
            LoopbackServer.status(
                    Integer.parseInt(exchange.getRequestURI().getPath().substring(1, 4)))
                .to(exchange))) {
      ModelStore store = test.open();
      assertFails(NOT_FOUND, "is not there", () -> store.pull(server.url("/404.gguf"), test.heard));
      assertFails(
          UNREACHABLE,
          "not open to everyone",
          () -> store.pull(server.url("/403.gguf"), test.heard));
      assertFails(UNREACHABLE, "HTTP 418", () -> store.pull(server.url("/418.gguf"), test.heard));
      assertThat(server.ranges).hasSize(3);
      assertThat(test.files()).isEmpty();
    }
  }

  @Test
  void aServerInTroubleIsAskedFourTimes() throws IOException {
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.status(503))) {
      assertFails(UNREACHABLE, "HTTP 503", () -> pull(server));
      assertThat(server.ranges).hasSize(4);
    }
  }

  @Test
  void redirectsLeadOnlyToAllowedAddresses() throws IOException {
    try (LoopbackServer files = new LoopbackServer(LoopbackServer.good(BYTES));
        LoopbackServer circle =
            new LoopbackServer(exchange -> LoopbackServer.redirect("/again").to(exchange));
        LoopbackServer server =
            new LoopbackServer(exchange ->
                LoopbackServer.redirect(
                        switch (exchange.getRequestURI().getPath()) {
                          case "/good.gguf" -> files.url("/m.gguf");
                          case "/plain.gguf" -> "http://192.0.2.1/m.gguf";
                          case "/disk.gguf" -> "file:///etc/passwd";
                          default -> "::";
                        })
                    .to(exchange))) {
      ModelStore store = test.open();
      assertThat(store.pull(server.url("/good.gguf"), test.heard).path()).hasBinaryContent(BYTES);
      for (String path : new String[] {"/plain.gguf", "/disk.gguf", "/nonsense.gguf"}) {
        assertFails(UNREACHABLE, "redirects to", () -> store.pull(server.url(path), test.heard));
      }
      assertFails(UNREACHABLE, "in a circle", () -> store.pull(circle.url("/m.gguf"), test.heard));
    }
  }

  @Test
  void plainHttpIsForThisMachineOnly() {
    assertFails(
        BAD_REQUEST,
        "only https",
        () -> test.open().pull("http://192.0.2.1/m.gguf?token=secret", test.heard));
    assertFails(
        BAD_REQUEST, "password", () -> test.open().pull("https://me:pw@x.test/m.gguf", test.heard));
    assertFails(
        BAD_REQUEST, "only https", () -> test.open().pull("ftp://x.test/m.gguf", test.heard));
  }

  @Test
  void hfStandsForTheHubsAddress() throws IOException {
    AtomicInteger hits = new AtomicInteger();
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          if (exchange.getRequestURI().getPath().equals("/me/repo/resolve/main/sub/m.gguf")) {
            hits.incrementAndGet();
            LoopbackServer.good(BYTES).to(exchange);
          } else {
            LoopbackServer.status(404).to(exchange);
          }
        })) {
      test.hub = URI.create(server.url("/"));
      StoredModel model = test.open().pull("hf:me/repo/sub/m.gguf", test.heard);
      assertThat(model.name()).isEqualTo("hf:me/repo/sub/m.gguf");
      assertThat(test.open().resolve("hf:me/repo/sub/m.gguf")).contains(model);
      assertThat(hits).hasValue(1);
    }
  }

  @Test
  void theNextSourceIsTriedAndTheWrongOneNamed() throws IOException {
    try (LoopbackServer wrong = new LoopbackServer(LoopbackServer.good(OTHER));
        LoopbackServer right = new LoopbackServer(LoopbackServer.good(BYTES))) {
      test.knowing("m:1", BYTES, wrong.url("/m.gguf"), right.url("/m.gguf"));
      assertThat(test.open().pull("m:1", test.heard).source()).isEqualTo(right.url("/m.gguf"));
      assertThat(test.heard.notes).anyMatch(note -> note.contains("trying the next source"));
    }
  }

  @Test
  void whenNoSourceWorksAllAreNamed() throws IOException {
    try (LoopbackServer wrong = new LoopbackServer(LoopbackServer.good(OTHER));
        LoopbackServer gone = new LoopbackServer(LoopbackServer.status(404))) {
      test.knowing("m:1", BYTES, wrong.url("/a.gguf"), gone.url("/b.gguf"));
      assertFails(WRONG_HASH, "/b.gguf is not there", () -> test.open().pull("m:1", test.heard));
      assertThat(test.files()).isEmpty();
    }
  }

  @Test
  void tokensInAddressesAreNotKept() throws IOException {
    try (LoopbackServer server = new LoopbackServer(LoopbackServer.good(BYTES))) {
      StoredModel model = test.open().pull(server.url("/m.gguf?token=secret"), test.heard);
      assertThat(model.name()).doesNotContain("secret").startsWith(server.url("/m.gguf?~"));
      for (String file : test.files()) {
        if (file.endsWith(".json")) {
          assertThat(Files.readString(home.resolve("models").resolve(file)))
              .doesNotContain("secret");
        }
      }
      assertThat(test.open().resolve(server.url("/m.gguf?token=secret"))).contains(model);
      assertThat(test.open().resolve(server.url("/m.gguf?token=other"))).isEmpty();
    }
  }
}
