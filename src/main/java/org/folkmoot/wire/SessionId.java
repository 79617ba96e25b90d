package org.folkmoot.wire;

import java.util.HexFormat;

/**
 * Which generation: 128 bits that its client drew. Unpredictable, so nobody else can name it; and a
 * hop takes messages about it only from the peers that the client named.
 */
public record SessionId(long high, long low) {
  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(high);
  }
}
