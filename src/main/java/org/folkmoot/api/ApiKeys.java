package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;

/**
 * The keys that open the API, as SHA-256 hashes: the file that holds them opens nothing by itself.
 * Plain SHA-256 is enough for keys that are long and random, as the documentation says to make
 * them.
 */
public final class ApiKeys {
  /** A person's keys file has a handful of lines. */
  private static final int MAX_FILE_BYTES = 1 << 20;

  private static final Pattern LINE =
      Pattern.compile("(?<hash>[0-9a-fA-F]{64})\\s+(?<name>[A-Za-z0-9._@-]{1,64})");

  private record Key(byte[] hash, String name) {}

  private final List<Key> keys;

  private ApiKeys(List<Key> keys) {
    this.keys = List.copyOf(keys);
  }

  /**
   * Reads a file with a key per line: its SHA-256 in hexadecimal, white space, and the name of the
   * client. Empty lines and lines that begin with {@code #} don't count. Two keys may have one
   * name.
   *
   * @throws FolkmootException NOT_FOUND or BAD_FILE, with the line's number and never its content
   */
  public static ApiKeys read(Path file) {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new FolkmootException(BAD_FILE, "the keys file " + file + " is larger than 1 MiB");
      }
      return parse(Files.readAllLines(file), file);
    } catch (IOException e) {
      throw new FolkmootException(
          NOT_FOUND,
          "the keys file " + file + " cannot be read: check its path and permissions",
          e);
    }
  }

  private static ApiKeys parse(List<String> lines, Path file) {
    List<Key> keys = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        throw new FolkmootException(
            BAD_FILE,
            "line " + (i + 1) + " of " + file + " is not a SHA-256 in hexadecimal and a name");
      }
      keys.add(new Key(HexFormat.of().parseHex(matcher.group("hash")), matcher.group("name")));
    }
    if (keys.isEmpty()) {
      throw new FolkmootException(BAD_FILE, "the keys file " + file + " holds no key");
    }
    return new ApiKeys(keys);
  }

  /** The name of the client whose key this is. Takes the same time whatever is wrong with it. */
  public Optional<String> clientOf(String key) {
    byte[] hash = sha256(key);
    String found = null;
    for (Key known : keys) {
      if (MessageDigest.isEqual(known.hash(), hash)) {
        found = known.name();
      }
    }
    return Optional.ofNullable(found);
  }

  private static byte[] sha256(String text) {
    return Hash32.sha256(text.getBytes(StandardCharsets.UTF_8)).bytes();
  }
}
