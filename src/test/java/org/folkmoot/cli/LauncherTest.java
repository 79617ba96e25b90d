package org.folkmoot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.folkmoot.testing.Eventually;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher script, in a copy of the project that has scripts in place of Maven and the JDK: the
 * one notes its calls and makes a jar, the other prints how it was called.
 */
@Timeout(300)
class LauncherTest {
  @TempDir Path folder;
  private Path project;
  private Path tools;

  private record Ran(int status, String out, String err) {}

  @BeforeEach
  void copyProject() throws IOException {
    project = Files.createDirectories(folder.resolve("a project with spaces"));
    tools = Files.createDirectories(folder.resolve("tools"));
    Path here = Path.of("").toAbsolutePath();
    Files.createDirectories(project.resolve("bin"));
    Files.copy(here.resolve("folkmoot"), project.resolve("folkmoot"));
    Files.copy(here.resolve("bin/find-jdk"), project.resolve("bin/find-jdk"));
    Files.createDirectories(project.resolve("src/main/java"));
    Files.writeString(project.resolve("src/main/java/A.java"), "class A {}");
    Files.writeString(project.resolve("pom.xml"), "<project/>");
    script(
        tools.resolve("mvn"),
        "echo call >> '" + folder.resolve("builds") + "'",
        "mkdir -p target && echo jar > target/folkmoot.jar");
    Path jdk = folder.resolve("jdk");
    Files.createDirectories(jdk.resolve("bin"));
    script(jdk.resolve("bin/javac"), "exit 0");
    script(
        jdk.resolve("bin/java"),
        "for a in \"$@\"; do case $a in",
        "  -XX:AOTCacheOutput=*) [ ! -f '" + folder.resolve("refused") + "' ] || exit 1",
        "    echo x >\"${a#*=}\"; echo training; exit 0 ;;",
        "  -XX:ArchiveClassesAtExit=*) echo x >\"${a#*=}\"; echo training; exit 0 ;;",
        "esac; done",
        "echo \"pid $$\"",
        "for a in \"$@\"; do echo \"[$a]\"; done",
        "exit 7");
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
  }

  private static void script(Path file, String... lines) throws IOException {
    Files.writeString(file, "#!/bin/bash\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private ProcessBuilder launcher(Path script, String... args) {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    Map<String, String> environment = builder.environment();
    environment.put("PATH", tools + ":" + environment.get("PATH"));
    environment.put("FOLKMOOT_JDK", folder.resolve("jdk").toString());
    environment.remove("FOLKMOOT_JAVA_OPTS");
    return builder;
  }

  private Ran run(ProcessBuilder builder) throws IOException, InterruptedException {
    Path err = Files.createTempFile(folder, "err", "");
    Process process = builder.redirectError(err.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ran(process.waitFor(), out, Files.readString(err));
  }

  private Ran run(String... args) throws IOException, InterruptedException {
    return run(launcher(project.resolve("folkmoot"), args));
  }

  private long builds() throws IOException {
    Path file = folder.resolve("builds");
    return Files.exists(file) ? Files.readAllLines(file).size() : 0;
  }

  @Test
  void buildsOnceAndPassesArgumentsAndStatusThrough() throws Exception {
    Ran first = run("run", "two words", "", "*");
    assertThat(first.err).isEqualTo("building Folkmoot (once) …\n");
    assertThat(first.status).isEqualTo(7);
    assertThat(first.out.lines().toList())
        .contains("[-jar]", "[-XX:AOTCache=" + project + "/target/folkmoot.aot]")
        .endsWith("[" + project + "/target/folkmoot.jar]", "[run]", "[two words]", "[]", "[*]");
    Ran second = run("ls");
    assertThat(second.err).isEmpty();
    assertThat(builds()).isEqualTo(1);
  }

  /** Where the program needs the Vector API the JVM cannot make the better cache. */
  @Test
  void aRefusedCacheIsReplacedByAnArchive() throws Exception {
    Files.createFile(folder.resolve("refused"));
    assertThat(run("ls").out.lines())
        .contains("[-XX:SharedArchiveFile=" + project + "/target/folkmoot.jsa]")
        .noneMatch(line -> line.contains("AOT"));
  }

  @Test
  void buildsAgainWhenASourceIsNewer() throws Exception {
    run();
    Instant later = Files.getLastModifiedTime(project.resolve("target/folkmoot.built")).toInstant();
    Files.setLastModifiedTime(
        project.resolve("src/main/java/A.java"), FileTime.from(later.plusSeconds(2)));
    run();
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void worksThroughALinkAndFromAnywhere() throws Exception {
    Path link = folder.resolve("link");
    Files.createSymbolicLink(link, Path.of("a project with spaces/folkmoot"));
    Path linkToLink = Files.createSymbolicLink(tools.resolve("folkmoot"), link);
    Ran ran = run(launcher(linkToLink, "x").directory(Path.of("/").toFile()));
    assertThat(ran.status).isEqualTo(7);
    ProcessBuilder byName = launcher(Path.of("bash"), "-c", "folkmoot y");
    assertThat(run(byName).out).contains("[y]");
    ProcessBuilder inPlace = launcher(Path.of("bash"), "folkmoot", "z");
    assertThat(run(inPlace.directory(project.toFile())).out).contains("[z]");
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void aFailedBuildShowsItsErrorsAndTriesAgainNextTime() throws Exception {
    script(tools.resolve("mvn"), "echo noise", "echo '[ERROR] it does not compile'", "exit 1");
    Ran ran = run("ls");
    assertThat(ran.status).isEqualTo(1);
    assertThat(ran.out).isEmpty();
    assertThat(ran.err)
        .contains("the build failed", "[ERROR] it does not compile", "build.log")
        .doesNotContain("noise");
    assertThat(project.resolve("target/build.lock")).doesNotExist();
    assertThat(run("ls").status).isEqualTo(1);
  }

  @Test
  void aFailedTrainingRunOnlyMeansNoArchive() throws Exception {
    script(
        folder.resolve("jdk/bin/java"),
        "case \"$*\" in *ArchiveClassesAtExit*) echo oops >&2; exit 1 ;; esac",
        "echo \"$@\"");
    Ran ran = run("ls");
    assertThat(ran.status).isZero();
    assertThat(ran.err).isEqualTo("building Folkmoot (once) …\n");
    assertThat(ran.out).doesNotContain("SharedArchiveFile").contains("folkmoot.jar ls");
  }

  @Test
  void optionsForTheJvmAreSplitButNotGlobbed() throws Exception {
    ProcessBuilder builder = launcher(project.resolve("folkmoot"), "ls");
    builder.environment().put("FOLKMOOT_JAVA_OPTS", "-Xmx1g -Da=*");
    assertThat(run(builder.directory(project.toFile())).out).contains("[-Xmx1g]\n[-Da=*]\n[-jar]");
  }

  @Test
  void theLauncherBecomesTheProgram() throws Exception {
    run("ls");
    Process process = launcher(project.resolve("folkmoot"), "ls").start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    // The same process id: a signal to the launcher is a signal to the JVM.
    assertThat(out).startsWith("pid " + process.pid() + "\n");
    process.waitFor();
  }

  @Test
  void twoLaunchesDoNotBuildAtOnce() throws Exception {
    script(
        tools.resolve("mvn"),
        "echo call >> '" + folder.resolve("builds") + "'",
        "mkdir -p target; while [ ! -e '" + folder.resolve("go") + "' ]; do sleep 0.05; done",
        "echo jar > target/folkmoot.jar");
    Path waitingNote = folder.resolve("second.err");
    Process first = launcher(project.resolve("folkmoot"), "a").start();
    assertThat(Eventually.holds(() -> folder.resolve("builds").toFile().length() > 0)).isTrue();
    Process second =
        launcher(project.resolve("folkmoot"), "b").redirectError(waitingNote.toFile()).start();
    assertThat(Eventually.holds(() -> waitingNote.toFile().length() > 0)).isTrue();
    Files.createFile(folder.resolve("go"));
    assertThat(first.waitFor()).isEqualTo(7);
    assertThat(second.waitFor()).isEqualTo(7);
    assertThat(waitingNote).content().contains("another launch is building");
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void aLockOfADeadLaunchIsTaken() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    Files.createDirectories(project.resolve("target"));
    Files.createSymbolicLink(
        project.resolve("target/build.lock"), Path.of(Long.toString(dead.pid())));
    assertThat(run("ls").status).isEqualTo(7);
    assertThat(builds()).isEqualTo(1);
  }
}
