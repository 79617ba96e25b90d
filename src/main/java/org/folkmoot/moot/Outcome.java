package org.folkmoot.moot;

/** What became of an entry that concerns a moot. Each has exactly one. */
public enum Outcome {
  /** It counts. */
  COUNTED("counts"),
  /** Too few witnesses have cosigned a checkpoint over it so far. */
  UNWITNESSED("not yet cosigned by enough members"),
  /** Its writer is no member, at least not yet. */
  NOT_A_MEMBER("its writer was no member"),
  /** The charter gives this to others. */
  NOT_ALLOWED("the charter does not let its writer do this"),
  /** It is about a proposal that is not in the record. */
  UNKNOWN_PROPOSAL("about a proposal that is not known here"),
  /** The vote had not opened; it is cast when it opens. */
  EARLY("early: it is cast when the vote opens"),
  /** It came, by its witnesses' clocks, after the deadline. */
  LATE("after the deadline"),
  /** The writer had no vote when weights were fixed. */
  NO_WEIGHT("its writer had no vote when weights were fixed"),
  /** The same vote again. */
  DUPLICATE("the same vote again"),
  /** Another vote than the writer's first: the first one is final. */
  CONFLICTING("another vote by the same member: the first one is final"),
  /** The member whom the writer has vote for it had voted before. */
  DELEGATE_VOTED("its writer's delegate had voted already"),
  /** Its writer has too many proposals open at a time. */
  TOO_MANY("its writer has too many proposals open"),
  /** What it wants has happened already, or cannot happen any more. */
  WITHOUT_EFFECT("without effect");

  private final String text;

  Outcome(String text) {
    this.text = text;
  }

  /** For people. */
  public String text() {
    return text;
  }
}
