package org.folkmoot.kernel;

import static org.folkmoot.base.FolkmootException.Code.ARITHMETIC;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import org.folkmoot.base.FolkmootException;

/** What is said where numbers are not numbers. */
final class Faults {
  private Faults() {}

  /** Something that was computed is NaN, infinite, or too large for where it is kept. */
  static FolkmootException computed(String what) {
    return new FolkmootException(
        ARITHMETIC,
        what
            + ": the model file is damaged or this machine computes wrongly; check the file with 'folkmoot show --verify'");
  }

  /** Something in a model file is NaN or infinite. */
  static FolkmootException stored(String what) {
    return new FolkmootException(
        BAD_FILE, what + " is not a finite number: the file is damaged, pull it again");
  }
}
