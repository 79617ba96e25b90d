package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.peer.Signer;

/**
 * The file of a store, who has it open, and its seal: processes share a lock; who closes it last
 * has it alone for a moment, and seals it.
 */
final class StoreFile {
  private static final String LOCK = "ledger.lock";

  private final Path path;
  private final Signer sealer;
  private final FileChannel lockFile;
  private final Optional<FileLock> lock;

  private StoreFile(Path path, Signer sealer, FileChannel lockFile, Optional<FileLock> lock) {
    this.path = path;
    this.sealer = sealer;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Takes a share of the file; waits while another process is sealing it.
   *
   * @throws FolkmootException NO_ROOM if it cannot be written
   */
  static StoreFile open(Path folder, Signer sealer) {
    try {
      PrivateFile.create(folder.resolve(LOCK));
      FileChannel lockFile =
          FileChannel.open(folder.resolve(LOCK), StandardOpenOption.READ, StandardOpenOption.WRITE);
      try {
        return new StoreFile(folder.resolve(LedgerStore.FILE), sealer, lockFile, share(lockFile));
      } catch (IOException | RuntimeException failed) {
        lockFile.close();
        throw failed;
      }
    } catch (IOException failed) {
      throw unwritable(folder, failed);
    }
  }

  private static Optional<FileLock> share(FileChannel lockFile) throws IOException {
    try {
      return Optional.of(lockFile.lock(0, Long.MAX_VALUE, true));
    } catch (OverlappingFileLockException thisProcessHasIt) {
      return Optional.empty();
    }
  }

  private static Optional<FileLock> alone(FileChannel lockFile) throws IOException {
    try {
      return Optional.ofNullable(lockFile.tryLock(0, Long.MAX_VALUE, false));
    } catch (OverlappingFileLockException thisProcessHasIt) {
      return Optional.empty();
    }
  }

  private static FolkmootException unwritable(Path path, IOException failed) {
    return new FolkmootException(
        NO_ROOM,
        "cannot write %s (%s): see that there is room and that the folder is yours"
            .formatted(path, failed.getMessage()),
        failed);
  }

  Path path() {
    return path;
  }

  /** Bytes that the disk has left. */
  long freeBytes() {
    try {
      return Files.getFileStore(path).getUsableSpace();
    } catch (IOException failed) {
      throw unwritable(path, failed);
    }
  }

  /**
   * Somebody is about to write. It is looked for each time: a store of this very process, which
   * shares no lock with this one, may have sealed the file meanwhile.
   */
  void breakSeal() {
    try {
      StoreSeal.remove(path);
    } catch (IOException failed) {
      throw unwritable(path, failed);
    }
  }

  /** Gives the share back, without a seal. */
  void release() {
    try {
      lockFile.close();
    } catch (IOException failed) {
      throw unwritable(path, failed);
    }
  }

  /** Gives the share back; if no other process has one, the file is sealed. */
  void close() {
    try {
      if (lock.isPresent()) {
        lock.get().release();
      }
      try (lockFile) {
        Optional<FileLock> alone = alone(lockFile);
        boolean inUse = Files.exists(path.resolveSibling(LedgerStore.FILE + "-wal"));
        if (alone.isPresent() && !StoreSeal.isThere(path) && !inUse) {
          StoreSeal.write(path, sealer);
        }
      }
    } catch (IOException failed) {
      throw unwritable(path, failed);
    }
  }
}
