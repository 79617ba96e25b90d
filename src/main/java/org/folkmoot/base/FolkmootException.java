package org.folkmoot.base;

import org.jspecify.annotations.Nullable;

/**
 * Something the world did wrong: a bad file, a wrong name, a full disk. The message is one line for
 * a person and says what to do next; it never carries a prompt or a secret. Broken invariants of
 * our own are not this type: they crash loudly as {@link IllegalStateException} or {@link
 * AssertionError}.
 */
public final class FolkmootException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kinds of fault that programs may tell apart. Names are stable: they reach JSON output. */
  public enum Code {
    /** A file's bytes are damaged, hostile or contradict themselves. */
    BAD_FILE,
    /** A file is well formed, but of a kind this version does not handle. */
    UNSUPPORTED,
    /** The caller asked for something that cannot be: a value out of range, a prompt too long. */
    BAD_REQUEST,
    /** A model, file or session of that name does not exist. */
    NOT_FOUND,
    /** The bytes are not those that were promised. */
    WRONG_HASH,
    /** No disk, no memory, or no slot is left. */
    NO_ROOM,
    /** A network source or address could not be used. */
    UNREACHABLE,
    /** Busy now; the same call may work later. */
    BUSY,
    /** A chain is another than the one that was meant. */
    WRONG_CHAIN,
    /** A chain could still take back what it says. */
    NOT_FINAL,
    /** The account cannot pay for what was asked. */
    NO_FUNDS,
    /** This machine computes wrongly: a self-test or an operation gave what sem/1 forbids. */
    ARITHMETIC
  }

  private final Code code;

  /** A fault with a message for a person. */
  public FolkmootException(Code code, String message) {
    this(code, message, null);
  }

  /** A fault with the technical cause kept for debugging. */
  public FolkmootException(Code code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** The kind of fault. */
  public Code code() {
    return code;
  }
}
