package org.folkmoot.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.folkmoot.base.Hash32;

/** SHA-256 (FIPS 180-4) as 64 small hexadecimal digits. */
final class Sha256 {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

  /** Big enough that reading is not the cost, small enough for a processor's cache. */
  private static final int BUFFER = 1 << 18;

  private Sha256() {}

  static MessageDigest digest() {
    return Hash32.newSha256();
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  static String ofText(String text) {
    MessageDigest digest = digest();
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    return hex(digest);
  }

  /** Hashes a file and reports how many bytes are done. */
  static String ofFile(Path file, LongConsumer progress) throws IOException {
    MessageDigest digest = digest();
    update(digest, file, progress);
    return hex(digest);
  }

  static void update(MessageDigest digest, Path file, LongConsumer progress) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long done = 0;
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
        done += n;
        progress.accept(done);
      }
    }
  }

  static boolean isHash(String text) {
    return HEX.matcher(text).matches();
  }
}
