package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A process that is told to stop. By SIGTERM: SIGINT may be ignored where tests run. */
@Timeout(60)
class InterruptsTest {
  /** What the other process does. */
  static final class Child {
    /** Longer than any machine sleeps. */
    private static final Duration PATIENCE = Duration.ofSeconds(50);

    private Child() {}

    public static void main(String[] args) throws InterruptedException {
      CountDownLatch told = new CountDownLatch(1);
      try (Interrupts.Watch _ = Interrupts.ofProcess(PATIENCE).watch(told::countDown)) {
        System.out.println("ready");
        told.await();
        System.out.println("brought to an end");
      }
      // The process is ending; this blocks until it has.
      System.exit(7);
    }
  }

  @Test
  void whatIsWatchedComesToItsEnd() throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName());
    Process child =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader out = child.inputReader()) {
      assertThat(out.readLine()).isEqualTo("ready");
      child.toHandle().destroy(); // Process.destroy would also close what we read from
      assertThat(out.lines().collect(Collectors.toList())).containsExactly("brought to an end");
      assertThat(child.waitFor()).as("the JVM's own status").isEqualTo(143);
    } finally {
      child.destroyForcibly();
    }
  }
}
