package org.folkmoot.peer.transport;

import java.time.Duration;

/**
 * What strangers, and peers, may take of a transport.
 *
 * @param connect how long a dialled machine may take to answer at all
 * @param handshake how long the handshake may take from its first byte: bounds those who connect
 *     and say nothing, or little
 * @param frame how long a frame may take from its first byte to its last: bounds peers that send a
 *     byte now and then
 * @param closing how long a closed link may take to send what it has
 * @param strangers connections whose key is not proved yet
 * @param links connections that others made, their key proved; as many again may be dialled
 */
public record TransportLimits(
    Duration connect,
    Duration handshake,
    Duration frame,
    Duration closing,
    Share strangers,
    Share links) {
  /**
   * How many there may be at once.
   *
   * @param all together
   * @param perAddress from one IPv4 address, or from one /64 of IPv6, which is what one home gets
   * @param loopback from one address of this machine itself, where many peers may run
   */
  public record Share(int all, int perAddress, int loopback) {}

  /**
   * Connecting: 3 s is ten round trips around the earth, with lost packets sent again. Handshakes
   * take two round trips and some milliseconds of arithmetic: 5 s allow for machines that are busy.
   * The greatest frame in 30 s is 280 KB/s, the uplink of a slow home.
   *
   * <p>64 handshakes at once are 12 a second even if all of them stall, and take about 4 MiB; one
   * address may stall an eighth of them. 256 links are several times what a node keeps by itself,
   * and 16 per address leave room for an office behind one router. A test or demo runs 100 peers
   * and more on one machine.
   */
  public static final TransportLimits DEFAULT =
      new TransportLimits(
          Duration.ofSeconds(3),
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Duration.ofSeconds(1),
          new Share(64, 8, 32),
          new Share(256, 16, 128));
}
