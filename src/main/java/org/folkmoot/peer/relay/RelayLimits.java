package org.folkmoot.peer.relay;

import java.time.Duration;

/**
 * What a peer carries for others.
 *
 * @param circuits at once
 * @param perOpener of them, opened by one peer
 * @param perTarget of them, to one peer
 * @param bytesPerSecond of one circuit, in each direction
 * @param totalBytesPerSecond of all circuits
 * @param circuitBytes after so many a circuit ends; a new one may be opened
 * @param idle after so long without a byte a circuit ends
 */
public record RelayLimits(
    int circuits,
    int perOpener,
    int perTarget,
    long bytesPerSecond,
    long totalBytesPerSecond,
    long circuitBytes,
    Duration idle) {
  /**
   * 64 circuits hold 128 MiB at the very worst (a window each way), a few megabytes in use. A
   * session's hop sends 8 to 64 KB a token, so that 1 MB/s for each circuit is no hindrance, and 4
   * MB/s in all leave something of a home's line. 4 GiB are some hundred thousand tokens. Links say
   * something every few seconds: one that is silent for half a minute is dead.
   */
  public static final RelayLimits USUAL =
      new RelayLimits(64, 8, 16, 1_000_000, 4_000_000, 4L << 30, Duration.ofSeconds(30));
}
