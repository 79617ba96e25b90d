package org.folkmoot.ledger.entry;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/**
 * What one entry calls another: a hash of its writer and its bytes. So nobody can pass off a copy
 * of a proposal in another feed as the proposal.
 */
public final class EntryId {
  private static final byte[] CONTEXT = "folkmoot entry/1\n".getBytes(StandardCharsets.US_ASCII);

  private EntryId() {}

  /** The id of an entry in a peer's feed. */
  public static Hash32 of(PeerId writer, byte[] entry) {
    MessageDigest sha256 = Hash32.newSha256();
    sha256.update(CONTEXT);
    sha256.update(writer.key().bytes());
    return Hash32.of(sha256.digest(entry));
  }
}
