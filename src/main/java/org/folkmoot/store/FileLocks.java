package org.folkmoot.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks that hold between processes and between the threads of one: the JDK's file locks know only
 * processes. The lock files stay; to delete one while another process waits for it would give two
 * processes the lock.
 */
final class FileLocks {
  private static final Map<Path, ReentrantLock> IN_THIS_PROCESS = new ConcurrentHashMap<>();

  private FileLocks() {}

  /** A lock that is held until it is closed, by the thread that took it. */
  interface Held extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  /**
   * Takes a lock, waiting for it as long as it takes.
   *
   * @param whenBusy called once if somebody else holds it now
   */
  static Held hold(Path lockFile, Runnable whenBusy) throws IOException {
    Path key = lockFile.toAbsolutePath().normalize();
    ReentrantLock inProcess = IN_THIS_PROCESS.computeIfAbsent(key, _ -> new ReentrantLock());
    boolean told = false;
    if (!inProcess.tryLock()) {
      whenBusy.run();
      told = true;
      inProcess.lock();
    }
    try {
      return acrossProcesses(key, inProcess, told ? () -> {} : whenBusy);
    } catch (IOException | RuntimeException | Error failure) {
      inProcess.unlock();
      throw failure;
    }
  }

  private static Held acrossProcesses(Path file, ReentrantLock inProcess, Runnable whenBusy)
      throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        whenBusy.run();
        channel.lock();
      }
    } catch (IOException | RuntimeException | Error failure) {
      channel.close();
      throw failure;
    }
    return () -> {
      try {
        channel.close();
      } finally {
        inProcess.unlock();
      }
    };
  }
}
