package org.folkmoot.ledger.anchor;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.util.Optional;
import org.folkmoot.base.FolkmootException;

/** The embedded default: a community without a chain relies on its witnesses. */
public final class NoAnchor implements Anchor {
  /** It keeps nothing. */
  public NoAnchor() {}

  @Override
  public Mark record(Head head, Growth growth) {
    throw new FolkmootException(
        UNSUPPORTED, "this ledger has no anchor: name a chain's node with --rpc URL");
  }

  @Override
  public Optional<Mark> latest(String origin) {
    return Optional.empty();
  }

  @Override
  public Mark verify(Head head) {
    throw new FolkmootException(
        NOT_FOUND, "this ledger has no anchor: its witnesses' cosignatures are what holds it");
  }
}
