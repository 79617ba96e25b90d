package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The goldens of sem/1 in other JVMs: other vector widths, none, no compiler, one compiler or the
 * other. What processor and system this runs on must not matter either.
 */
class JvmFlagsTest {
  /** SHA-256 of the logits of {@link GoldenHash}'s runs. A change here is another sem. */
  private static final List<String> GOLDEN =
      List.of(
          "2b07906b4a1a7aa20f9753be65daa6bcf78dcdfe507c11f1173d0981f5134f98",
          "6ccc59c2a753a3bf5b600c52e8d2db333ad6e4f3ec4df2669e8724ea8fb54095",
          "627c62dcf70c60e37c3c95c65cd1fa3022f78882cd8274aaaf95c2f70abc6b63",
          "c9235130fe2f490206dbfbb8d7c3ce7620e861d01bac6bea81e547b469d4268b",
          "eaa0e37201c04731cdb9a1475f5f013ea1a837e8a67f32c200feaecde639ab47",
          "42e41ffa973d3591148a6abe518ac01f01676fb98ef8409f78941547730607c3");

  /** SHA-256 of what {@link GoldenHash} quantises: others compare their own files with it. */
  private static final List<String> QUANTISED =
      List.of(
          "e7c3c974a44254bd2564fd5a45e803c438547e1a5d37d707bd7f33f8cd46b820",
          "a093bd5248a7dd17fbed5a0dbe3b3274704febd2b10a206febb17b299316554a");

  /** What the children are started with, one each. */
  private static final List<String> FLAGS =
      List.of(
          "-Dfolkmoot.kernels=machine", // as it is
          "-Dfolkmoot.kernels=avx2",
          "-XX:UseAVX=0",
          "-XX:UseAVX=1",
          "-XX:UseAVX=2",
          "-XX:UseAVX=3",
          "-XX:MaxVectorSize=16",
          "-XX:MaxVectorSize=32",
          "-XX:MaxVectorSize=64",
          "-Xint",
          "-XX:TieredStopAtLevel=1",
          "-XX:CompileThresholdScaling=0.02");

  /** Children at a time: they share the machine with whatever else runs. */
  private static final int AT_A_TIME = 2;

  /** Only against a child that hangs. */
  private static final int PATIENCE_MINUTES = 10;

  @TempDir Path folder;

  @Test
  void hereAndByTheOracle() {
    List<Path> models = GoldenHash.write(folder);
    assertThat(models.stream().map(GoldenHash::oracleHash)).isEqualTo(GOLDEN);
    assertThat(models.stream().map(GoldenHash::hash)).isEqualTo(GOLDEN);
    assertThat(GoldenHash.quantised(folder)).isEqualTo(QUANTISED);
  }

  @Test
  void underEveryFlag() throws Exception {
    List<Path> models = GoldenHash.write(folder);
    try (ExecutorService children = Executors.newFixedThreadPool(AT_A_TIME)) {
      List<Future<Child>> all = new ArrayList<>();
      for (String flag : FLAGS) {
        all.add(children.submit(() -> run(flag, models)));
      }
      for (Future<Child> child : all) {
        child.get().check();
      }
    }
  }

  private Child run(String flag, List<Path> models) throws IOException, InterruptedException {
    Path out = folder.resolve(FLAGS.indexOf(flag) + ".out");
    Path err = folder.resolve(FLAGS.indexOf(flag) + ".err");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    // The flags are about the kernels in Java.
    String kernels = "-Dfolkmoot.kernels=java";
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx128m", kernels, flag));
    // What the JVM has to say is no part of the result.
    command.addAll(List.of("-Xlog:disable", "-Xlog:all=warning:stderr"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(GoldenHash.class.getName());
    models.forEach(model -> command.add(model.toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      if (!process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)) {
        throw new AssertionError(flag + ": no result in " + PATIENCE_MINUTES + " minutes");
      }
    } finally {
      process.destroyForcibly();
    }
    return new Child(flag, process.exitValue(), Files.readAllLines(out), Files.readString(err));
  }

  private record Child(String flag, int status, List<String> out, String err) {
    void check() {
      String said = String.join("\n", out) + "\n" + err;
      if (said.contains("Unrecognized VM option") || said.contains("not supported on this CPU")) {
        System.err.println("LEFT OUT: this machine has no " + flag);
        return;
      }
      assertThat(status).as("%s: %s", flag, said).isZero();
      List<String> expected = Stream.of(GOLDEN, QUANTISED).flatMap(List::stream).toList();
      assertThat(out).as("%s: %s", flag, err).isEqualTo(expected);
    }
  }
}
