package org.folkmoot.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.junit.jupiter.api.Test;

/** Whose acknowledgement of what counts. */
class AcknowledgementsTest {
  private static final Hash32 HASH = Hash32.sha256(new byte[] {1});
  private static final PeerId HOP = new PeerId(HASH);
  private static final PeerId ASKER = new PeerId(Hash32.sha256(new byte[] {2}));
  private static final PeerId OTHER = new PeerId(Hash32.sha256(new byte[] {3}));

  private final Acknowledgements open =
      new Acknowledgements((_, _, signature) -> signature[0] == 1);

  private static SignedStatement work(long session) {
    HopStatement statement =
        new HopStatement(
            new SessionId(session, 0),
            new ModelId(HASH),
            List.of(),
            new LayerRange(false, 3, 13, false),
            100,
            HASH,
            HASH,
            HASH,
            Optional.empty(),
            Optional.empty());
    return new SignedStatement(HOP, statement, new byte[64]);
  }

  private static Message.Acknowledge thanks(long session, boolean good) {
    byte[] signature = new byte[64];
    signature[0] = (byte) (good ? 1 : 0);
    return new Message.Acknowledge(new SessionId(session, 0), 90, signature);
  }

  @Test
  void theAskersOnceAndSigned() {
    open.signed(ASKER, work(7));
    assertThat(open.take(ASKER, thanks(8, true))).isEmpty();
    assertThat(open.take(OTHER, thanks(7, true))).isEmpty();
    assertThat(open.take(ASKER, thanks(7, false))).isEmpty();
    assertThat(open.take(ASKER, thanks(7, true)).orElseThrow().settled()).isEqualTo(90);
    assertThat(open.take(ASKER, thanks(7, true))).as("again").isEmpty();
  }

  @Test
  void oldOnesAreForgotten() {
    for (int session = 0; session < 3000; session++) {
      open.signed(ASKER, work(session));
    }
    assertThat(open.take(ASKER, thanks(0, true))).isEmpty();
    assertThat(open.take(ASKER, thanks(2999, true))).isPresent();
  }
}
