package org.folkmoot.serve;

import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.PeerId;

/** Who goes first when there is not room for all. On the node's loop only. */
public interface Standing {
  /** All alike: whoever asks when there is room gets it. */
  Standing NONE =
      new Standing() {
        @Override
        public long of(PeerId asker) {
          return 0;
        }

        @Override
        public void acknowledged(CreditClaim claim) {}
      };

  /** What an asker is owed, in any unit; who is owed more goes first. */
  long of(PeerId asker);

  /** An asker has acknowledged work of ours; both signatures hold. */
  void acknowledged(CreditClaim claim);
}
