package org.folkmoot.peer.discovery;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.jmdns.JmDNS;
import javax.jmdns.ServiceEvent;
import javax.jmdns.ServiceInfo;
import javax.jmdns.ServiceListener;
import javax.jmdns.impl.JmDNSImpl;
import org.folkmoot.peer.OpenNetwork;

/**
 * The local network by multicast DNS (RFC 6762) and service discovery over it (RFC 6763): nodes are
 * instances of {@code _folkmoot._tcp}.
 */
public final class MulticastDns implements OpenNetwork {
  private static final Logger LOG = System.getLogger(MulticastDns.class.getName());

  private static final String TYPE = "_folkmoot._tcp.local.";

  /** Networks at a time: cable, radio and two virtual ones. */
  private static final int MAX_INTERFACES = 4;

  /** Characters of an attribute's value; a record's text has up to 255 bytes each (RFC 6763, 6). */
  private static final int MAX_VALUE = 64;

  /**
   * Records that are kept of a network: an office has some thousand. The library keeps whatever it
   * hears for as long as that says, so where there are more somebody floods it.
   */
  private static final int MAX_RECORDS = 20_000;

  /** How often that is looked at: in between a fast network brings some ten megabytes. */
  private static final long LOOK_MILLIS = 1000;

  private static final long CLOSING_MILLIS = 1000;

  private final List<InetAddress> interfaces;
  private final ScheduledThreadPoolExecutor thread;

  // The thread only.
  private final Map<JmDNS, InetAddress> open = new HashMap<>();

  private MulticastDns(List<InetAddress> interfaces) {
    this.interfaces = interfaces;
    thread =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("folkmoot-lan").unstarted(task));
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** On the networks of one address of this machine, or of all if it is the wildcard. */
  public static MulticastDns at(InetAddress address) {
    return new MulticastDns(address.isAnyLocalAddress() ? ownAddresses() : List.of(address));
  }

  private static List<InetAddress> ownAddresses() {
    List<InetAddress> found = new ArrayList<>();
    try {
      for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
        if (each.isUp() && each.supportsMulticast() && !each.isLoopback()) {
          Collections.list(each.getInetAddresses()).stream()
              .filter(Inet4Address.class::isInstance)
              .findFirst()
              .ifPresent(found::add);
        }
      }
    } catch (SocketException noNetwork) {
      LOG.log(Level.DEBUG, "no local network to look at", noNetwork);
    }
    return found.subList(0, Math.min(MAX_INTERFACES, found.size()));
  }

  @Override
  public void begin(Optional<Notice> own, Consumer<Notice> heard) {
    thread.execute(() -> interfaces.forEach(each -> open(each, own, heard)));
    var _ =
        thread.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void open(InetAddress address, Optional<Notice> own, Consumer<Notice> heard) {
    try {
      // A name of our own: the machine's is nobody's business, and looking it up may take long.
      String host = "folkmoot-" + Integer.toHexString(own.hashCode() ^ address.hashCode());
      JmDNS dns = JmDNS.create(address, host);
      open.put(dns, address);
      dns.addServiceListener(TYPE, new Listener(heard));
      if (own.isPresent()) {
        Notice notice = own.get();
        dns.registerService(
            ServiceInfo.create(TYPE, notice.name(), notice.port(), 0, 0, notice.attributes()));
      }
    } catch (IOException | RuntimeException cannot) {
      // The port may be taken, multicast forbidden: there are other ways to find peers.
      LOG.log(Level.DEBUG, "no multicast DNS at " + address, cannot);
    }
  }

  private record Listener(Consumer<Notice> heard) implements ServiceListener {
    @Override
    public void serviceAdded(ServiceEvent event) {
      event.getDNS().requestServiceInfo(event.getType(), event.getName());
    }

    @Override
    public void serviceRemoved(ServiceEvent event) {
      // Whether it can be reached only a dial can tell.
    }

    @Override
    public void serviceResolved(ServiceEvent event) {
      ServiceInfo info = event.getInfo();
      if (info == null || info.getPort() < 1 || info.getPort() > 65535) {
        return;
      }
      List<InterfaceAddress> here = neighbourhood();
      List<String> hosts =
          Stream.of(info.getInetAddresses())
              .filter(address -> here.stream().anyMatch(own -> sameNetwork(own, address)))
              .map(InetAddress::getHostAddress)
              .toList();
      Map<String, String> attributes = new HashMap<>();
      for (String key : List.of("tag", "quic")) {
        String value = info.getPropertyString(key);
        if (value != null && value.length() <= MAX_VALUE) {
          attributes.put(key, value);
        }
      }
      heard.accept(new Notice(event.getName(), info.getPort(), attributes, hosts));
    }
  }

  private static List<InterfaceAddress> neighbourhood() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(each -> each.getInterfaceAddresses().stream())
          .toList();
    } catch (SocketException noNetwork) {
      return List.of();
    }
  }

  /** Whether an address is of the same network: nobody here speaks for machines elsewhere. */
  static boolean sameNetwork(InterfaceAddress own, InetAddress other) {
    byte[] here = own.getAddress().getAddress();
    byte[] there = other.getAddress();
    int bits = own.getNetworkPrefixLength();
    if (here.length != there.length || bits < 1) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      if (((here[bit / 8] ^ there[bit / 8]) & 0x80 >> bit % 8) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Gives a network up on which more is said than any real one has. */
  private void look() {
    for (JmDNS dns : List.copyOf(open.keySet())) {
      long records = ((JmDNSImpl) dns).getCache().values().stream().mapToLong(List::size).sum();
      if (records > MAX_RECORDS) {
        LOG.log(
            Level.WARNING,
            "somebody floods the local network at {0} with names: looking for peers there ends",
            open.remove(dns));
        close(dns);
      }
    }
  }

  private static void close(JmDNS dns) {
    try {
      dns.close();
    } catch (IOException | RuntimeException gone) {
      LOG.log(Level.DEBUG, "multicast DNS did not close in good order", gone);
    }
  }

  @Override
  public void close() {
    thread.execute(() -> open.keySet().forEach(MulticastDns::close));
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSING_MILLIS, TimeUnit.MILLISECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException interrupted) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
