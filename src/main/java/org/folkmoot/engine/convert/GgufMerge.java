package org.folkmoot.engine.convert;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.function.DoubleConsumer;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.gguf.GgufWriter;

/** A split model in one file: the same keys, but those about the parts, and the same tensors. */
public final class GgufMerge {
  private static final long BUFFER = 1 << 22;

  private GgufMerge() {}

  /**
   * Writes the file; what was there is replaced.
   *
   * @param progress told the share that is done, 0 to 1
   */
  public static void write(GgufFile file, Path to, DoubleConsumer progress) throws IOException {
    GgufWriter writer = new GgufWriter();
    for (String key : file.metadata().keys()) {
      if (!key.startsWith("split.") && !key.equals("general.alignment")) {
        writer.raw(key, file.rawValue(key));
      }
    }
    long total = file.tensors().values().stream().mapToLong(GgufTensor::bytes).sum();
    long[] done = new long[1];
    for (GgufTensor tensor : file.tensors().values()) {
      long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
      writer.tensor(
          tensor.name(),
          tensor.type(),
          shape,
          out -> {
            WritableByteChannel channel = Channels.newChannel(out);
            for (long at = 0; at < tensor.bytes(); at += BUFFER) {
              long length = Math.min(BUFFER, tensor.bytes() - at);
              channel.write(file.data(tensor).asSlice(at, length).asByteBuffer());
              done[0] += length;
              progress.accept((double) done[0] / Math.max(1, total));
            }
          });
    }
    writer.write(to);
  }
}
