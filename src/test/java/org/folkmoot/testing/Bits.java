package org.folkmoot.testing;

import static org.assertj.core.api.Assertions.fail;

import java.util.List;

/** Equality of floats as sem/1 means it: the same bits, so that -0 is not +0. */
public final class Bits {
  private Bits() {}

  /**
   * Demands the same bits. NaNs are alike: they are operating errors, and which of them an
   * operation gives is left open by IEEE-754.
   *
   * @param what which case this is, for the message
   */
  public static void assertSame(float[] actual, float[] expected, Object... what) {
    if (actual.length != expected.length) {
      fail("%s: %d floats, not %d", List.of(what), actual.length, expected.length);
    }
    for (int i = 0; i < actual.length; i++) {
      if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
        String ours = Float.toHexString(actual[i]);
        fail("%s: [%d] is %s, not %s", List.of(what), i, ours, Float.toHexString(expected[i]));
      }
    }
  }
}
