package org.folkmoot.store;

/** Who says that a model's bytes are the right ones. */
public enum HashOrigin {
  /** The catalogue of the project names this hash. */
  CATALOGUE,
  /**
   * Nobody promised a hash: the one that the first pull saw is kept, and anything else under that
   * name is refused until the name is removed.
   */
  FIRST_PULL,
  /** The file is the person's own: its hash says what it is, not that it is right. */
  OWN_FILE
}
