package org.folkmoot.peer.transport;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A router between two UDP ports of this machine that does as those at home do: it changes the
 * addresses in both directions, and lets in only who was sent something from inside before
 * (endpoint-dependent filtering, RFC 4787, 5). The outside sees the one inside at {@link
 * #outside()}; the inside sees who is outside at {@link #inside()}.
 */
final class TestRouter implements AutoCloseable {
  private final InetSocketAddress hidden;
  private final DatagramSocket outside;
  private final DatagramSocket inside;
  private final Set<SocketAddress> letIn = ConcurrentHashMap.newKeySet();
  private final SocketAddress stranger;

  /**
   * A router.
   *
   * @param hidden the port behind it
   * @param stranger who is outside
   */
  TestRouter(InetSocketAddress hidden, InetSocketAddress stranger) throws IOException {
    this.hidden = hidden;
    this.stranger = stranger;
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    outside = new DatagramSocket(any);
    inside = new DatagramSocket(any);
    Thread.ofVirtual().start(() -> carry(outside, true));
    Thread.ofVirtual().start(() -> carry(inside, false));
  }

  /** Where the hidden port is seen. */
  InetSocketAddress outside() {
    return (InetSocketAddress) outside.getLocalSocketAddress();
  }

  /** Where the hidden one sees the stranger. */
  InetSocketAddress inside() {
    return (InetSocketAddress) inside.getLocalSocketAddress();
  }

  private void carry(DatagramSocket from, boolean inward) {
    byte[] bytes = new byte[65_536];
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
        from.receive(packet);
        SocketAddress at = packet.getSocketAddress();
        if (inward && letIn.contains(at)) {
          inside.send(new DatagramPacket(bytes, packet.getLength(), hidden));
        } else if (!inward && at.equals(hidden)) {
          letIn.add(stranger);
          outside.send(new DatagramPacket(bytes, packet.getLength(), stranger));
        }
      }
    } catch (IOException closed) {
      // The end.
    }
  }

  @Override
  public void close() {
    outside.close();
    inside.close();
  }
}
