package org.folkmoot.cli.swarm;

import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.proof.FraudProof;

/** What a node has to write down, as entries of the ledger. */
public final class NodeEntries {
  private NodeEntries() {}

  /** A proof that a peer computed wrongly; without its bytes if it is too long for an entry. */
  public static Entry proof(FraudProof proof, long nowMillis) {
    byte[] bytes = proof.toBytes();
    return new Entry.FraudProof(
        nowMillis,
        proof.statement().hop(),
        proof.statement().statement().model().sha256(),
        Hash32.sha256(bytes),
        bytes.length <= EntryCodec.MAX_PROOF
            ? Optional.of(new Entry.Blob(bytes))
            : Optional.empty());
  }
}
