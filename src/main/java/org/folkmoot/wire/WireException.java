package org.folkmoot.wire;

/** Bytes that are no message: the link that brought them cannot be trusted any more. */
public final class WireException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Message.Reason reason;

  /** A fault with a text for people. */
  public WireException(Message.Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** {@link Message.Reason#MALFORMED} or {@link Message.Reason#VERSION}. */
  public Message.Reason reason() {
    return reason;
  }
}
