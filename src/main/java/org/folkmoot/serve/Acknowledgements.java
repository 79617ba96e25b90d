package org.folkmoot.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;

/** What was signed here and its askers may still acknowledge, once each. */
final class Acknowledgements {
  /** An asker acknowledges as soon as it has all signatures; later ones are lost. */
  private static final int MAX_OPEN = 1024;

  private record Open(PeerId asker, SignedStatement work) {}

  private final Verifier verifier;
  private final Map<SessionId, Open> open = new LinkedHashMap<>();

  Acknowledgements(Verifier verifier) {
    this.verifier = verifier;
  }

  /** We signed this for an asker. */
  void signed(PeerId asker, SignedStatement work) {
    SessionId session = work.statement().session();
    open.remove(session);
    open.put(session, new Open(asker, work));
    if (open.size() > MAX_OPEN) {
      open.remove(open.keySet().iterator().next());
    }
  }

  /** The claim that an acknowledgement makes, if it is one. */
  Optional<CreditClaim> take(PeerId from, Message.Acknowledge message) {
    Open about = open.get(message.session());
    if (about == null || !about.asker.equals(from)) {
      return Optional.empty();
    }
    CreditClaim claim = new CreditClaim(about.work, from, message.tokens(), message.signature());
    if (!verifier.verify(from, claim.signedBytes(), claim.signature())) {
      return Optional.empty();
    }
    open.remove(message.session());
    return Optional.of(claim);
  }
}
