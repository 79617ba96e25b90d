package org.folkmoot.ledger.note;

import java.util.Arrays;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;

/**
 * What a log says of itself (C2SP tlog-checkpoint): so many entries, and a hash that commits to all
 * of them.
 *
 * @param origin which log
 * @param size its entries
 * @param root its Merkle tree's root
 * @param extensions further lines, whose meaning is the log's own affair
 */
public record Checkpoint(String origin, long size, Hash32 root, List<String> extensions) {
  /** Lines beyond the three that are needed; nothing here uses any. */
  private static final int MAX_EXTENSIONS = 16;

  /** Digits of the largest size. */
  private static final int MAX_DIGITS = 18;

  /** Checks and copies. */
  public Checkpoint {
    extensions = List.copyOf(extensions);
    if (origin.isEmpty() || origin.length() > NoteKey.MAX_NAME || origin.contains("\n")) {
      throw bad("its origin is no line");
    }
    if (size < 0 || extensions.size() > MAX_EXTENSIONS) {
      throw bad("it is out of bounds");
    }
    if (extensions.stream().anyMatch(line -> line.isEmpty() || line.contains("\n"))) {
      throw bad("an extension is no line");
    }
  }

  /** A checkpoint without extensions. */
  public Checkpoint(String origin, long size, Hash32 root) {
    this(origin, size, root, List.of());
  }

  private static FolkmootException bad(String why) {
    return new FolkmootException(
        FolkmootException.Code.BAD_FILE,
        "this is no checkpoint: " + why + "; get an undamaged copy");
  }

  /** The note's text. */
  public String text() {
    StringBuilder text = new StringBuilder();
    text.append(origin).append('\n').append(size).append('\n');
    text.append(Base64Text.encode(root.bytes())).append('\n');
    extensions.forEach(line -> text.append(line).append('\n'));
    return text.toString();
  }

  /**
   * The checkpoint of a note's text.
   *
   * @throws FolkmootException BAD_FILE if it is none
   */
  public static Checkpoint parse(String text) {
    if (!text.endsWith("\n")) {
      throw bad("it does not end with a newline");
    }
    String[] lines = text.substring(0, text.length() - 1).split("\n", -1);
    if (lines.length < 3 || lines.length > 3 + MAX_EXTENSIONS) {
      throw bad("it has the wrong number of lines");
    }
    byte[] root =
        Base64Text.decode(lines[2])
            .filter(bytes -> bytes.length == Hash32.BYTES)
            .orElseThrow(() -> bad("its root is no hash"));
    return new Checkpoint(
        lines[0], number(lines[1]), Hash32.of(root), Arrays.asList(lines).subList(3, lines.length));
  }

  /** A number without leading zeroes. */
  private static long number(String digits) {
    boolean plain =
        !digits.isEmpty()
            && digits.length() <= MAX_DIGITS
            && digits.chars().allMatch(c -> c >= '0' && c <= '9')
            && (digits.length() == 1 || digits.charAt(0) != '0');
    if (!plain) {
      throw bad("its size is no number");
    }
    return Long.parseLong(digits);
  }
}
