package org.folkmoot.moot;

import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;

/** Which moot an entry names. */
final class Names {
  private Names() {}

  static Optional<Hash32> moot(Entry entry) {
    return switch (entry) {
      case Entry.Member e -> Optional.of(e.moot());
      case Entry.Proposal e -> Optional.of(e.moot());
      case Entry.Vote e -> Optional.of(e.moot());
      case Entry.Delegation e -> Optional.of(e.moot());
      case Entry.Enactment e -> Optional.of(e.moot());
      case Entry.Veto e -> Optional.of(e.moot());
      case Entry.Charter _,
          Entry.Model _,
          Entry.Adapter _,
          Entry.Dataset _,
          Entry.Evaluation _,
          Entry.ReceiptRoot _,
          Entry.FraudProof _,
          Entry.TrainingRound _,
          Entry.Credit _,
          Entry.Unknown _ ->
          Optional.empty();
    };
  }
}
