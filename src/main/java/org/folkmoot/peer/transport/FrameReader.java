package org.folkmoot.peer.transport;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.function.Consumer;
import org.folkmoot.wire.Limits;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into frames: four bytes of length, little-endian, then that many bytes.
 * Memory is taken as bytes arrive: a length alone takes 64 KiB at most.
 */
final class FrameReader {
  /** Bytes before each frame. */
  static final int HEAD = 4;

  /** Taken at once for a frame that promises more. Most frames are smaller. */
  private static final int FIRST = 64 << 10;

  /** What came cannot be a frame. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    private Malformed(int length) {
      super("a frame of " + Integer.toUnsignedString(length) + " bytes, which none may have");
    }
  }

  private final byte[] head = new byte[HEAD];
  private int headFilled;
  private byte @Nullable [] frame;
  private int length;
  private int filled;
  private long completed;

  /**
   * Takes all that is there.
   *
   * @param out gets each frame as it is whole
   * @throws Malformed if a length is 0 or too great; nothing may be read thereafter
   */
  void read(ByteBuf in, Consumer<byte[]> out) throws Malformed {
    while (in.isReadable()) {
      byte[] current = frame;
      if (current == null) {
        readHead(in);
      } else {
        current = withRoom(current, in.readableBytes());
        int taken = Math.min(in.readableBytes(), current.length - filled);
        in.readBytes(current, filled, taken);
        filled += taken;
        frame = current;
        if (filled == length) {
          frame = null;
          headFilled = 0;
          completed++;
          out.accept(current);
        }
      }
    }
  }

  private void readHead(ByteBuf in) throws Malformed {
    int taken = Math.min(in.readableBytes(), HEAD - headFilled);
    in.readBytes(head, headFilled, taken);
    headFilled += taken;
    if (headFilled < HEAD) {
      return;
    }
    length =
        (head[0] & 0xff) | (head[1] & 0xff) << 8 | (head[2] & 0xff) << 16 | (head[3] & 0xff) << 24;
    if (length < 1 || length > Limits.MAX_FRAME) {
      throw new Malformed(length);
    }
    frame = new byte[Math.min(length, FIRST)];
    filled = 0;
  }

  private byte[] withRoom(byte[] current, int coming) {
    if (current.length == length || filled + coming <= current.length) {
      return current;
    }
    return Arrays.copyOf(current, Math.min(length, Math.max(2 * current.length, filled + coming)));
  }

  /** Whether a frame has begun and is not whole. */
  boolean midway() {
    return headFilled > 0;
  }

  /** Frames that were whole so far: tells one that is midway from a later one. */
  long completed() {
    return completed;
  }
}
