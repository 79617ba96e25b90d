package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/** Standard output or error in UTF-8, which remembers why it could not be written. */
final class StandardStream extends PrintStream {
  private final Descriptor descriptor;

  StandardStream(FileDescriptor descriptor) {
    this(new Descriptor(descriptor));
  }

  private StandardStream(Descriptor descriptor) {
    super(descriptor, true, StandardCharsets.UTF_8);
    this.descriptor = descriptor;
  }

  /**
   * Checks that all that was written has arrived. A reader who has gone, as {@code head} does when
   * it has enough, is none of our business.
   *
   * @throws FolkmootException NO_ROOM if the disk is full or the like
   */
  static void requireWritten(PrintStream stream) {
    if (!stream.checkError() || !(stream instanceof StandardStream standard)) {
      return;
    }
    IOException failure = standard.descriptor.failure;
    String reason = failure == null ? "" : String.valueOf(failure.getMessage());
    if (failure != null && !reason.toLowerCase(Locale.ROOT).contains("pipe")) {
      throw new FolkmootException(
          NO_ROOM, "the output could not be written (" + reason + "): it is not whole", failure);
    }
  }

  private static final class Descriptor extends FileOutputStream {
    private volatile @Nullable IOException failure;

    Descriptor(FileDescriptor descriptor) {
      super(descriptor);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      try {
        super.write(bytes, from, length);
      } catch (IOException failed) {
        failure = failed;
        throw failed;
      }
    }
  }
}
