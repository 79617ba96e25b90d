package org.folkmoot.peer.transport;

import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Ticker;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.folkmoot.base.Bounded;
import org.folkmoot.peer.TokenBucket;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.jspecify.annotations.Nullable;

/**
 * Counts the connections that others made, so that no address takes all of them, and paces those of
 * each address, so that who begins and ends them again and again does not take all of our time.
 */
final class Gate {
  /**
   * Connections that one address begins without waiting: four times the links that it may have, for
   * an office whose peers all come back when a node has started again.
   */
  private static final int BURST = 64;

  /**
   * And in each second from then on. A handshake takes up to a millisecond of the thread that
   * carries links: less than a hundredth of it then goes to an address that does nothing else.
   */
  private static final int PER_SECOND = 8;

  /** How much more this machine's own addresses may, where a test or demo runs 100 peers. */
  private static final int LOOPBACK = 16;

  /** Addresses whose pace is remembered: those that came last. */
  private static final int MAX_PACES = 1024;

  /** Bytes of an IPv6 address that its holder did not choose. */
  private static final int IPV6_PREFIX = 8;

  private final Count strangers;
  private final Count links;
  private final Ticker ticker;
  private final Map<ByteBuffer, TokenBucket> paces = new Bounded<>(MAX_PACES);

  Gate(TransportLimits limits, Ticker ticker) {
    this.ticker = ticker;
    strangers = new Count(limits.strangers());
    links = new Count(limits.links());
  }

  /** Lets a stranger in, or not: null. */
  synchronized @Nullable Pass admit(InetAddress from) {
    ByteBuffer origin = origin(from);
    boolean local = from.isLoopbackAddress();
    if (!hasRoom(from) || !pace(origin, local).take(1, ticker.nanoTime())) {
      return null;
    }
    strangers.add(origin);
    return new Pass(origin, local);
  }

  /** Whether a stranger would be let in now. */
  synchronized boolean hasRoom(InetAddress from) {
    ByteBuffer origin = origin(from);
    boolean local = from.isLoopbackAddress();
    return links.hasRoom(origin, local)
        && strangers.hasRoom(origin, local)
        && pace(origin, local).nanosUntilOne(ticker.nanoTime()) == 0;
  }

  private TokenBucket pace(ByteBuffer origin, boolean local) {
    int times = local ? LOOPBACK : 1;
    return paces.computeIfAbsent(
        origin, _ -> new TokenBucket(times * BURST, times * PER_SECOND, ticker.nanoTime()));
  }

  /** Whether so few strangers are here that there is no need to suspect one. */
  synchronized boolean isQuiet() {
    return strangers.all < strangers.share.all() / 4;
  }

  private static ByteBuffer origin(InetAddress address) {
    byte[] bytes = address.getAddress();
    return ByteBuffer.wrap(
        address instanceof Inet6Address ? Arrays.copyOf(bytes, IPV6_PREFIX) : bytes);
  }

  /** One connection's place: first among the strangers, then among the links. */
  final class Pass {
    /** Where a connection carries it. */
    static final AttributeKey<Pass> KEY = AttributeKey.valueOf(Pass.class, "pass");

    private final ByteBuffer origin;
    private final boolean local;
    private @Nullable Count countedIn = strangers;

    private Pass(ByteBuffer origin, boolean local) {
      this.origin = origin;
      this.local = local;
    }

    /** The stranger has proved its key. False if there is no room for one more link. */
    boolean authenticated() {
      synchronized (Gate.this) {
        if (countedIn != strangers || !links.hasRoom(origin, local)) {
          return false;
        }
        strangers.remove(origin);
        links.add(origin);
        countedIn = links;
        return true;
      }
    }

    /** Whether its key is not proved yet. */
    boolean ofStranger() {
      synchronized (Gate.this) {
        return countedIn == strangers;
      }
    }

    /** The connection is over. Twice is harmless. */
    void release() {
      synchronized (Gate.this) {
        if (countedIn != null) {
          countedIn.remove(origin);
          countedIn = null;
        }
      }
    }
  }

  private static final class Count {
    private final Share share;
    private final Map<ByteBuffer, Integer> byOrigin = new HashMap<>();
    private int all;

    Count(Share share) {
      this.share = share;
    }

    boolean hasRoom(ByteBuffer origin, boolean local) {
      int most = local ? share.loopback() : share.perAddress();
      return all < share.all() && byOrigin.getOrDefault(origin, 0) < most;
    }

    void add(ByteBuffer origin) {
      byOrigin.merge(origin, 1, Integer::sum);
      all++;
    }

    void remove(ByteBuffer origin) {
      byOrigin.computeIfPresent(origin, (_, count) -> count == 1 ? null : count - 1);
      all--;
    }
  }
}
