package org.folkmoot.simulation;

import java.nio.ByteBuffer;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/** One simulated process with its machine and its place in the network. */
final class SimHost {
  private final SimLoop loop;
  private final SimTransport transport;

  /**
   * A running process.
   *
   * @param number unlike those of all others; two processes of one number would be one peer
   */
  SimHost(SimNetwork network, int number, String name, long skewMillis, boolean reachable) {
    loop = new SimLoop(network.simulation(), number, name, skewMillis);
    transport = new SimTransport(network, loop, peer(number), address(number), reachable);
  }

  /** The identity of a number. */
  static PeerId peer(int number) {
    ByteBuffer key = ByteBuffer.allocate(Hash32.BYTES);
    for (int i = 0; i < 4; i++) {
      key.putLong(Simulation.mix(4L * number + i));
    }
    return new PeerId(Hash32.of(key.array()));
  }

  /** The address of a number. */
  static PeerAddress address(int number) {
    String host = "10.%d.%d.%d".formatted(number >> 16, (number >> 8) & 255, number & 255);
    return new PeerAddress(PeerAddress.Scheme.QUIC, host, 7410);
  }

  SimLoop loop() {
    return loop;
  }

  SimTransport transport() {
    return transport;
  }

  PeerId peer() {
    return transport.self();
  }

  PeerAddress address() {
    return transport.address();
  }

  boolean alive() {
    return loop.state() != SimLoop.State.DEAD;
  }

  /** Kills the process; silently with its machine, so that nobody is told. */
  void crash(boolean silently) {
    transport.crash(silently);
  }

  /** Breaks all its links; it can dial again. */
  void cut() {
    transport.links().forEach(SimLink::cut);
  }
}
