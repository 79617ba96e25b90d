package org.folkmoot.peer.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.InterfaceAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.folkmoot.peer.OpenNetwork.Notice;
import org.junit.jupiter.api.Test;

class MulticastDnsTest {
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  private static final int MDNS_PORT = 5353;

  /** Whether packets to the group come back on the loopback interface; some systems forbid it. */
  private static boolean multicastWorks() {
    try (MulticastSocket socket = new MulticastSocket(MDNS_PORT)) {
      NetworkInterface loopback = NetworkInterface.getByInetAddress(LOOPBACK);
      InetSocketAddress group = new InetSocketAddress("224.0.0.251", MDNS_PORT);
      socket.setNetworkInterface(loopback);
      socket.joinGroup(group, loopback);
      socket.setSoTimeout(2000);
      socket.send(new DatagramPacket(new byte[12], 12, group));
      socket.receive(new DatagramPacket(new byte[512], 512));
      return true;
    } catch (IOException none) {
      return false;
    }
  }

  @Test
  void twoNodesHearOfEachOther() throws InterruptedException {
    boolean works = multicastWorks();
    if (!works) {
      System.err.println("SKIPPED: no multicast on the loopback interface, mDNS is not tested");
    }
    assumeTrue(works);
    BlockingQueue<Notice> heardByFirst = new LinkedBlockingQueue<>();
    BlockingQueue<Notice> heardBySecond = new LinkedBlockingQueue<>();
    // Other programs' names are heard, too.
    String own = Long.toString(ProcessHandle.current().pid());
    Notice one = new Notice("one" + own, 7410, Map.of("tag", "abc", "quic", "1"), List.of());
    Notice two = new Notice("two" + own, 7420, Map.of("tag", "def", "quic", "0"), List.of());
    try (MulticastDns first = MulticastDns.at(LOOPBACK);
        MulticastDns second = MulticastDns.at(LOOPBACK)) {
      first.begin(Optional.of(one), heardByFirst::add);
      second.begin(Optional.of(two), heardBySecond::add);
      assertThat(of(two.name(), heardByFirst))
          .isEqualTo(new Notice(two.name(), 7420, two.attributes(), List.of("127.0.0.1")));
      assertThat(of(one.name(), heardBySecond))
          .isEqualTo(new Notice(one.name(), 7410, one.attributes(), List.of("127.0.0.1")));
    }
  }

  private static Notice of(String name, BlockingQueue<Notice> heard) throws InterruptedException {
    while (true) {
      Notice next = heard.poll(60, TimeUnit.SECONDS);
      assertThat(next).as("a notice of " + name).isNotNull();
      // An address may be heard before the rest is.
      if (next.name().equals(name) && !next.attributes().isEmpty()) {
        return next;
      }
    }
  }

  @Test
  void anAddressElsewhereIsNotOfTheLocalNetwork() throws IOException {
    InterfaceAddress loopback =
        NetworkInterface.getByInetAddress(LOOPBACK).getInterfaceAddresses().stream()
            .filter(each -> each.getAddress().equals(LOOPBACK))
            .findFirst()
            .orElseThrow();
    assertThat(MulticastDns.sameNetwork(loopback, InetAddress.ofLiteral("127.0.0.9"))).isTrue();
    assertThat(MulticastDns.sameNetwork(loopback, InetAddress.ofLiteral("192.0.2.9"))).isFalse();
    assertThat(MulticastDns.sameNetwork(loopback, InetAddress.ofLiteral("::1"))).isFalse();
  }
}
