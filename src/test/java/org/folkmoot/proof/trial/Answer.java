package org.folkmoot.proof.trial;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Receipt;

/**
 * What the asker has in the end.
 *
 * @param receipt as it came
 * @param known what the asker knows: own salt, own prompt, and the answer as it came
 * @param told digests that the hops told on the way
 */
record Answer(Receipt receipt, Disclosure known, List<byte[]> told) {
  static Disclosure known(Hash32 salt, int[] prompt, int[] output) {
    return new Disclosure(salt, prompt, output, Optional.empty(), Optional.empty());
  }
}
