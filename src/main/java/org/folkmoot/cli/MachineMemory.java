package org.folkmoot.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * How much memory this process may at most have. On Linux from the kernel's own files: the
 * management library, which knows it everywhere, takes longer to load than a small model.
 */
final class MachineMemory {
  private static final String TOTAL = "MemTotal:";

  private MachineMemory() {}

  /** Bytes of the machine, or of the container where that has fewer. */
  static long bytes() {
    return bytes(Path.of("/"));
  }

  static long bytes(Path root) {
    long machine = machine(root.resolve("proc/meminfo"));
    long container =
        Math.min(
            limit(root.resolve("sys/fs/cgroup/memory.max")),
            limit(root.resolve("sys/fs/cgroup/memory/memory.limit_in_bytes")));
    return Math.min(machine > 0 ? machine : fromManagement(), container);
  }

  private static long machine(Path meminfo) {
    try (Stream<String> lines = Files.lines(meminfo)) {
      return lines
          .filter(line -> line.startsWith(TOTAL))
          .map(line -> line.substring(TOTAL.length()).replace("kB", "").strip())
          .mapToLong(kilobytes -> Long.parseLong(kilobytes) << 10)
          .findFirst()
          .orElse(0);
    } catch (IOException | NumberFormatException notLinux) {
      return 0;
    }
  }

  /** A control group's limit; the greatest number where there is none ("max", no such file). */
  private static long limit(Path file) {
    try {
      return Long.parseLong(Files.readString(file).strip());
    } catch (IOException | NumberFormatException none) {
      return Long.MAX_VALUE;
    }
  }

  private static long fromManagement() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getTotalMemorySize();
  }
}
