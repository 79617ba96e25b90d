package org.folkmoot.ledger.credit;

import java.util.Optional;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.WireException;

/** Works as entries of feeds: both sides write each, and both signatures go along. */
public final class CreditEntries {
  private CreditEntries() {}

  /**
   * A work that a feed tells of.
   *
   * @param claim both of whose signatures hold
   * @param megaflops by the writer's word
   */
  public record Told(CreditClaim claim, long megaflops) {
    /** How much it is, by the smaller of the writer's word and another measure. */
    Work work(long most) {
      return new Work(
          claim.id(), claim.work().hop(), claim.asker(), Math.max(0, Math.min(megaflops, most)));
    }
  }

  /** What one of both sides writes down. */
  public static Entry.Credit of(CreditClaim claim, long megaflops, long nowMillis) {
    return new Entry.Credit(
        nowMillis,
        claim.id(),
        claim.work().hop(),
        claim.asker(),
        megaflops,
        Optional.of(new Entry.Blob(claim.toBytes())));
  }

  /**
   * What an entry tells of, if it is about the work that it shows, its writer took part, and both
   * have signed.
   */
  public static Optional<Told> told(PeerId writer, Entry entry, Verifier verifier) {
    if (!(entry instanceof Entry.Credit credit) || credit.claim().isEmpty()) {
      return Optional.empty();
    }
    CreditClaim claim;
    try {
      claim = CreditClaim.parse(credit.claim().get().bytes());
    } catch (WireException none) {
      return Optional.empty();
    }
    boolean same =
        credit.receipt().equals(claim.id())
            && credit.server().equals(claim.work().hop())
            && credit.asker().equals(claim.asker());
    boolean ofWriter = writer.equals(credit.server()) || writer.equals(credit.asker());
    return same && ofWriter && isSigned(claim, verifier)
        ? Optional.of(new Told(claim, credit.megaflops()))
        : Optional.empty();
  }

  /** Whether two different peers have signed it. */
  static boolean isSigned(CreditClaim claim, Verifier verifier) {
    return !claim.asker().equals(claim.work().hop())
        && verifier.verify(
            claim.work().hop(), claim.work().statement().signedBytes(), claim.work().signature())
        && verifier.verify(claim.asker(), claim.signedBytes(), claim.signature());
  }
}
