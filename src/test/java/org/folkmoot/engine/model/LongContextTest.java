package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.folkmoot.testing.GoldenFiles;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole context of {@code smollm2:135m}, 8,192 tokens, in memory that is bounded. */
@Tag("soak")
class LongContextTest {
  private static final int TOKENS = 8192;

  /**
   * What may be resident besides the model's file and its cache: the JVM with its code and
   * compiler, some 90 MiB, the heap, and a pass's activations.
   */
  private static final long REST = 192L << 20;

  /** Neither weights nor cache could be in it. */
  private static final String HEAP = "-Xmx64m";

  /** Only against a child that hangs. */
  private static final int PATIENCE_MINUTES = 10;

  private static final Pattern SAID =
      Pattern.compile("peak=(-?\\d+) cache=(\\d+) file=(\\d+) tokens=8192 same=true");

  @TempDir Path folder;

  @Test
  void fillsTheContext() throws Exception {
    String said = run(GoldenFiles.smolLm2Model());
    System.out.println(said);
    Matcher figures = SAID.matcher(said);
    assertThat(figures.find()).as(said).isTrue();
    long peak = Long.parseLong(figures.group(1));
    Assumptions.assumeTrue(peak > 0, "SKIPPED: this system does not tell resident memory");
    long cache = Long.parseLong(figures.group(2));
    // 30 layers, three heads of 64, a key and a value in binary16 each.
    assertThat(cache).isEqualTo(TOKENS * 30L * 3 * 64 * 2 * 2);
    assertThat(peak).isLessThan(Long.parseLong(figures.group(3)) + cache + REST);
  }

  private String run(Path model) throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            HEAP,
            "-cp",
            System.getProperty("java.class.path"),
            LongContext.class.getName(),
            model.toString(),
            String.valueOf(TOKENS));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).as("in time").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(out);
  }
}
