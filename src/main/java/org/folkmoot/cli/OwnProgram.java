package org.folkmoot.cli;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How to start this program again, as another process. */
final class OwnProgram {
  private OwnProgram() {}

  /** The command line, with the JVM and the options that this process was started with. */
  static List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(program());
    command.addAll(arguments);
    return command;
  }

  /** Only {@code -jar} reads the manifest that VectorApi needs. */
  private static List<String> program() {
    String classPath = System.getProperty("java.class.path");
    return classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)
        ? List.of("-jar", classPath)
        : List.of("-cp", classPath, Main.class.getName());
  }
}
