package org.folkmoot.ledger.tile;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;

/** Up to 256 entries, each behind its length in two bytes (C2SP tlog-tiles). */
public final class EntryBundle {
  /** Bytes of the longest entry: what the two bytes count. */
  public static final int MAX_ENTRY = 0xffff;

  private EntryBundle() {}

  /** The bytes of a bundle. */
  public static byte[] encode(List<byte[]> entries) {
    if (entries.isEmpty() || entries.size() > Tile.WIDTH) {
      throw new IllegalArgumentException("a bundle of " + entries.size());
    }
    ByteArrayOutputStream bundle = new ByteArrayOutputStream();
    for (byte[] entry : entries) {
      if (entry.length > MAX_ENTRY) {
        throw new IllegalArgumentException("an entry of " + entry.length + " bytes");
      }
      bundle.write(entry.length >> 8);
      bundle.write(entry.length);
      bundle.writeBytes(entry);
    }
    return bundle.toByteArray();
  }

  /**
   * The entries of a bundle.
   *
   * @param count how many there must be
   * @throws FolkmootException BAD_FILE if the bytes are no such bundle
   */
  public static List<byte[]> decode(byte[] bundle, int count) {
    ByteBuffer in = ByteBuffer.wrap(bundle);
    List<byte[]> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      require(in.remaining() >= 2);
      int length = in.getShort() & 0xffff;
      require(in.remaining() >= length);
      byte[] entry = new byte[length];
      in.get(entry);
      entries.add(entry);
    }
    require(!in.hasRemaining());
    return entries;
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new FolkmootException(
          BAD_FILE, "a bundle of entries is cut short or too long; get an undamaged copy");
    }
  }
}
