package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.ProgressListener.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several pulls of one model at once: one downloads, the others wait and find it. */
@Timeout(600)
class ConcurrentPullTest {
  private static final byte[] BYTES = TestStore.model(200_000, 1);

  @TempDir Path home;

  @Test
  void threadsShareOneDownload() throws IOException, InterruptedException, ExecutionException {
    CountDownLatch othersWait = new CountDownLatch(3);
    try (LoopbackServer server = serverThatHoldsBackUntil(othersWait);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<StoredModel>> pulls = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        TestStore test = new TestStore(home).knowing("m:1", BYTES, server.url("/m.gguf"));
        test.patience = TestStore.LONG;
        pulls.add(
            threads.submit(() ->
                test.open()
                    .pull(
                        "m:1",
                        progress -> {
                          if (progress.stage() == Stage.WAITING) {
                            othersWait.countDown();
                          }
                        })));
      }
      for (Future<StoredModel> pull : pulls) {
        assertThat(pull.get().path()).hasBinaryContent(BYTES);
      }
      assertThat(server.ranges).hasSize(1);
    }
  }

  @Test
  void processesShareOneDownload() throws IOException, InterruptedException {
    CountDownLatch otherWaits = new CountDownLatch(1);
    CountDownLatch asked = new CountDownLatch(1);
    try (LoopbackServer server =
        new LoopbackServer(exchange -> {
          asked.countDown();
          otherWaits.await();
          LoopbackServer.good(BYTES).to(exchange);
        })) {
      Process first = puller(server.url("/m.gguf"));
      try {
        assertThat(asked.await(5, TimeUnit.MINUTES)).isTrue();
        Process second = puller(server.url("/m.gguf"));
        try (BufferedReader heard = second.inputReader()) {
          assertThat(heard.readLine()).isEqualTo("WAITING");
          otherWaits.countDown();
          assertThat(first.waitFor()).isZero();
          assertThat(second.waitFor()).isZero();
        } finally {
          second.destroyForcibly();
        }
      } finally {
        first.destroyForcibly();
      }
      assertThat(server.ranges).hasSize(1);
      assertThat(new TestStore(home).open().require("m:1").path()).hasBinaryContent(BYTES);
    }
  }

  private static LoopbackServer serverThatHoldsBackUntil(CountDownLatch event) throws IOException {
    return new LoopbackServer(exchange -> {
      event.await();
      LoopbackServer.good(BYTES).to(exchange);
    });
  }

  private Process puller(String url) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xshare:auto",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Puller.class.getName(),
            home.toString(),
            url)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** A process that pulls one model and says when it waits. */
  static final class Puller {
    private Puller() {}

    public static void main(String[] args) {
      TestStore test = new TestStore(Path.of(args[0])).knowing("m:1", BYTES, args[1]);
      test.patience = TestStore.LONG;
      test.open().pull("m:1", Puller::say);
    }

    private static void say(Progress progress) {
      if (progress.stage() == Stage.WAITING) {
        System.out.println(progress.stage());
      }
    }
  }
}
