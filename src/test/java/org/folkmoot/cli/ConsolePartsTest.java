package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.session.Generation;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** The small parts that the commands which answer are made of. */
class ConsolePartsTest {
  @TempDir Path folder;

  @Test
  void statisticsFitOnALine() {
    Generation.Usage usage = new Generation.Usage(36, 58, 182_000_000L, 647_000_000L);
    assertThat(Statistics.line(usage, 170730L))
        .isEqualTo("36 in, 198/s · 58 out, 88.1 tokens/s · first after 0.18 s · seed 170730")
        .hasSizeLessThan(80);
    Generation.Usage kept = new Generation.Usage(151, 1, 129, 160_000_000L, 0);
    assertThat(Statistics.line(kept, null))
        .isEqualTo("151 in (129 kept), 138/s · 1 out · first after 0.16 s");
    assertThat(Statistics.line(new Generation.Usage(5, 0, 0, 0), null)).isEqualTo("5 in · 0 out");
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "512k, 524288",
    "1M, 1048576",
    "1.5G, 1610612736",
    "2GiB, 2147483648",
    "1TB, 1099511627776",
    "64MB, 67108864"
  })
  void readsAmountsOfMemory(String text, long bytes) {
    assertThat(new MemorySize().convert(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-1", "1X", "G", "1e9", "9999999999999", "99999999T", " 1G"})
  void refusesWhatIsNoAmountOfMemory(String text) {
    assertThatThrownBy(() -> new MemorySize().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("such as 512M");
  }

  @Test
  void aContainerHasLessMemoryThanItsMachine() throws IOException {
    Path root = folder.resolve("root");
    Files.createDirectories(root.resolve("proc"));
    Files.createDirectories(root.resolve("sys/fs/cgroup"));
    Files.writeString(root.resolve("proc/meminfo"), "MemTotal:   1024 kB\nMemFree: 7 kB\n");
    assertThat(MachineMemory.bytes(root)).isEqualTo(1 << 20);
    Path limit = root.resolve("sys/fs/cgroup/memory.max");
    Files.writeString(limit, "max\n");
    assertThat(MachineMemory.bytes(root)).isEqualTo(1 << 20);
    Files.writeString(limit, "65536\n");
    assertThat(MachineMemory.bytes(root)).isEqualTo(65536);
    assertThat(MachineMemory.bytes()).isBetween(1L << 20, 1L << 60);
    assertThat(MachineMemory.bytes(folder.resolve("no Linux"))).isBetween(1L << 20, 1L << 60);
  }

  @Test
  void aLineSaysHowFarABigModelIs() {
    TestConsole console = new TestConsole();
    console.terminal = true;
    try (LoadingLine line = new LoadingLine(console.surroundings(), "big:70b")) {
      line.accept(0.1);
      assertThat(console.err()).as("nothing for what is soon over").isEmpty();
      console.pass(Duration.ofSeconds(1));
      line.accept(0.439);
      assertThat(console.err()).contains("loading big:70b … 43%");
      String before = console.err();
      line.accept(0.44);
      assertThat(console.err()).as("not with every matrix").isEqualTo(before);
    }
    assertThat(console.err()).endsWith("\r\u001b[K");
  }

  @Test
  void theLineFitsANarrowTerminal() {
    TestConsole console = new TestConsole();
    console.terminal = true;
    String path = "/a/long/way/down/" + "x".repeat(50) + ".gguf";
    try (LoadingLine line = new LoadingLine(console.surroundings(), path)) {
      console.pass(Duration.ofSeconds(1));
      line.accept(1);
      String shown = console.err().replaceAll("\u001b\\[[0-9]*[mK]|\r", "");
      assertThat(shown).hasSizeLessThan(40).contains("xxx…").doesNotContain("/");
    }
  }

  @Test
  void nobodySeesAProgressLineInALog() {
    TestConsole console = new TestConsole();
    try (LoadingLine line = new LoadingLine(console.surroundings(), "big:70b")) {
      console.pass(Duration.ofSeconds(9));
      line.accept(0.5);
    }
    assertThat(console.err()).isEmpty();
  }

  @Test
  void answersBeginWithAWordAndEndWithALine() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AnswerWriter writer = AnswerWriter.plain(new PrintStream(out, true, StandardCharsets.UTF_8));
    writer.write(" \n");
    writer.write(" Hello");
    writer.write(" there\u0007");
    writer.finish();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("Hello there\u0007\n");
  }

  @Test
  void continuationsAreShownAsTheyAre() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AnswerWriter writer =
        AnswerWriter.plain(new PrintStream(out, true, StandardCharsets.UTF_8)).continuing();
    writer.write(" Hello\n");
    writer.finish();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(" Hello\n");
  }

  @Test
  void noModelSteersATerminal() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AnswerWriter writer =
        AnswerWriter.wrapped(new PrintStream(out, true, StandardCharsets.UTF_8), () -> 80);
    writer.write("a\u001b]0;title\u0007b\u009b2J");
    writer.finish();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("a\ufffd]0;title\ufffdb\ufffd2J\n");
  }

  @Test
  void outputThatIsNotWholeIsAFailure() throws IOException {
    Path full = Path.of("/dev/full");
    Assumptions.assumeTrue(Files.exists(full), "a device that is always full");
    try (FileOutputStream device = new FileOutputStream(full.toFile());
        StandardStream stream = new StandardStream(device.getFD())) {
      stream.print("text");
      assertThatThrownBy(() -> StandardStream.requireWritten(stream))
          .isInstanceOf(FolkmootException.class)
          .hasMessageContaining("could not be written");
    }
    try (FileOutputStream file = new FileOutputStream(folder.resolve("file").toFile());
        StandardStream stream = new StandardStream(file.getFD())) {
      stream.print("text");
      StandardStream.requireWritten(stream);
    }
  }
}
