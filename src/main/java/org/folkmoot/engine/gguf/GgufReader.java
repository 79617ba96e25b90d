package org.folkmoot.engine.gguf;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;

/**
 * Reads a model's bytes without mapping them, by the offsets of {@link GgufTensor}. The parts of a
 * split model count as if one lay behind the other. Safe for many threads.
 */
public final class GgufReader implements AutoCloseable {
  private final List<FileChannel> channels;
  private final List<Long> starts;

  private GgufReader(List<FileChannel> channels, List<Long> starts) {
    this.channels = List.copyOf(channels);
    this.starts = List.copyOf(starts);
  }

  /**
   * Opens the parts.
   *
   * @param starts where each part begins
   * @throws FolkmootException BAD_FILE if one cannot be read
   */
  static GgufReader open(List<Path> parts, List<Long> starts) {
    List<FileChannel> channels = new ArrayList<>();
    try {
      for (Path part : parts) {
        channels.add(FileChannel.open(part, StandardOpenOption.READ));
      }
      return new GgufReader(channels, starts);
    } catch (IOException failed) {
      for (FileChannel channel : channels) {
        try {
          channel.close();
        } catch (IOException alsoFailed) {
          failed.addSuppressed(alsoFailed);
        }
      }
      throw new FolkmootException(
          BAD_FILE,
          "%s: cannot be read: %s".formatted(parts.get(channels.size()), failed.getMessage()),
          failed);
    }
  }

  /** Reads some bytes, as {@link FileChannel#read(ByteBuffer, long)}: never of two parts. */
  public int read(ByteBuffer to, long at) throws IOException {
    int part = starts.size() - 1;
    while (starts.get(part) > at) {
      part--;
    }
    return channels.get(part).read(to, at - starts.get(part));
  }

  @Override
  public void close() throws IOException {
    for (FileChannel channel : channels) {
      channel.close();
    }
  }
}
