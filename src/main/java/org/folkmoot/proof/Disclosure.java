package org.folkmoot.proof;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import org.folkmoot.base.CborMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Limits;

/**
 * What opens a receipt for a checker: the tokens and the salt of their hashes. It is as secret as
 * the conversation. Every byte of its encoding is bound by a hash in the receipt, so it needs no
 * signature; whoever asked can also make it from what they know, and so hold the receipt against
 * their own prompt and the answer that they saw.
 *
 * @param salt the session's
 * @param promptIds the prompt
 * @param outputIds the answer, the end token included
 * @param template the chat template, if it is to be looked at
 * @param systemPrompt the system prompt, if there is one and it is to be looked at
 */
public record Disclosure(
    Hash32 salt,
    int[] promptIds,
    int[] outputIds,
    Optional<String> template,
    Optional<String> systemPrompt) {
  /** Characters of a template or system prompt: the largest of known models have 15,000. */
  public static final int MAX_TEXT = 1 << 20;

  /** Bytes of a disclosure: 4 for each possible token, and two texts. */
  public static final int MAX_BYTES = 4 * Limits.MAX_POSITIONS + 2 * 4 * MAX_TEXT + 256;

  private static final int VERSION = 1;

  /** Checks the bounds and copies. */
  public Disclosure {
    promptIds = promptIds.clone();
    outputIds = outputIds.clone();
    if (promptIds.length < 1
        || outputIds.length < 1
        || (long) promptIds.length + outputIds.length > Limits.MAX_POSITIONS
        || template.map(String::length).orElse(0) > MAX_TEXT
        || systemPrompt.map(String::length).orElse(0) > MAX_TEXT) {
      throw new IllegalArgumentException("tokens or texts are out of bounds");
    }
  }

  @Override
  public int[] promptIds() {
    return promptIds.clone();
  }

  @Override
  public int[] outputIds() {
    return outputIds.clone();
  }

  /** Prompt and answer. */
  public int[] ids() {
    int[] all = Arrays.copyOf(promptIds, promptIds.length + outputIds.length);
    System.arraycopy(outputIds, 0, all, promptIds.length, outputIds.length);
    return all;
  }

  /** What a receipt says of these tokens. */
  public Commitment commitment() {
    return Commitment.to(salt, promptIds, outputIds);
  }

  /** Its bytes: canonical CBOR, as {@code docs/receipt.md} has it. */
  public byte[] encode() {
    CborMap map =
        CborMap.empty()
            .put(0, VERSION)
            .put(1, salt)
            .put(2, Commitment.bytes(promptIds))
            .put(3, Commitment.bytes(outputIds));
    template.ifPresent(text -> map.put(4, text));
    systemPrompt.ifPresent(text -> map.put(5, text));
    return map.encode();
  }

  /**
   * Reads a stranger's bytes.
   *
   * @throws FolkmootException BAD_FILE if they are no disclosure, or not its one encoding;
   *     UNSUPPORTED if they are one of another version
   */
  public static Disclosure decode(byte[] bytes) {
    try {
      CborMap map = CborMap.decode(bytes, MAX_BYTES);
      long version = map.number(0);
      if (version != VERSION) {
        throw new FolkmootException(
            UNSUPPORTED,
            "this disclosure is of version %d, and only version 1 can be checked here"
                .formatted(version));
      }
      Disclosure read =
          new Disclosure(
              map.hash(1),
              ids(map, 2),
              ids(map, 3),
              map.has(4) ? Optional.of(map.text(4, MAX_TEXT)) : Optional.empty(),
              map.has(5) ? Optional.of(map.text(5, MAX_TEXT)) : Optional.empty());
      CborMap.require(Arrays.equals(read.encode(), bytes), "it has another encoding, too");
      return read;
    } catch (FolkmootException fault) {
      if (fault.code() == UNSUPPORTED) {
        throw fault;
      }
      throw bad(fault);
    } catch (IllegalArgumentException impossible) {
      throw bad(impossible);
    }
  }

  private static FolkmootException bad(RuntimeException why) {
    return new FolkmootException(
        BAD_FILE, "this is no disclosure, or a damaged one: " + why.getMessage(), why);
  }

  private static int[] ids(CborMap map, int key) {
    byte[] bytes = map.bytes(key, 4, 4 * Limits.MAX_POSITIONS);
    CborMap.require(bytes.length % 4 == 0, "a token id has 4 bytes");
    int[] ids = new int[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(ids);
    return ids;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Disclosure that && Arrays.equals(encode(), that.encode());
  }

  @Override
  public int hashCode() {
    return salt.hashCode();
  }

  /** Keeps tokens and texts out of logs. */
  @Override
  public String toString() {
    return "disclosure of %d + %d tokens".formatted(promptIds.length, outputIds.length);
  }
}
