package org.folkmoot.api;

import java.util.Optional;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.Witness;

/** A node's ledger as anybody may read it over HTTP, and its witness. */
public interface LedgerPages {
  /** The page at a path: a peer's id, a slash, and a path of the feed; empty if there is none. */
  Optional<FeedPages.Page> page(String path);

  /** Answers a request to cosign a log's checkpoint (C2SP tlog-witness). Any bytes may come. */
  Witness.Answer addCheckpoint(byte[] request);
}
