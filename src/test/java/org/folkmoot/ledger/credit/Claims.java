package org.folkmoot.ledger.credit;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;

/** Works that two peers say were done. */
public final class Claims {
  private static final Hash32 HASH = Hash32.sha256(new byte[] {1});

  /** The model of all works. */
  public static final ModelId MODEL = new ModelId(HASH);

  /** Its shape: that of SmolLM2 135M. */
  public static final ModelShape SHAPE = new ModelShape(576, 576, 192, 1536, 49152);

  /** What is computed of it. */
  public static final LayerRange RANGE = new LayerRange(false, 3, 13, false);

  private Claims() {}

  /** Layers of one session: so many positions by the server's word, and by the asker's. */
  public static CreditClaim of(
      Identity server, Identity asker, long session, int served, int acknowledged) {
    HopStatement statement =
        new HopStatement(
            new SessionId(session, 0),
            MODEL,
            List.of(),
            RANGE,
            served,
            HASH,
            HASH,
            HASH,
            Optional.empty(),
            Optional.empty());
    SignedStatement work =
        new SignedStatement(server.peerId(), statement, server.sign(statement.signedBytes()));
    return new CreditClaim(
        work,
        asker.peerId(),
        acknowledged,
        asker.sign(CreditClaim.signedBytes(work, asker.peerId(), acknowledged)));
  }
}
