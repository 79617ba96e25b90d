package org.folkmoot.simulation;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.folkmoot.wire.PeerAddress;
import org.jspecify.annotations.Nullable;

/**
 * The network between all simulated machines: who listens where, how far apart two machines are,
 * and which cannot reach each other at present.
 */
final class SimNetwork {
  /**
   * How bytes travel from one machine to another. Links are reliable, as QUIC's and TCP's are: a
   * lost packet shows as delay.
   *
   * @param latencyNanos one way
   * @param jitterNanos at most so much is added, evenly distributed
   * @param bytesPerSecond at which a frame leaves
   * @param loss share of the frames that have to be sent again
   */
  record Path(long latencyNanos, long jitterNanos, double bytesPerSecond, double loss) {
    /** Time until a lost packet is sent again: the least that TCP waits (RFC 6298 as deployed). */
    private static final long RESEND_NANOS = 200_000_000;

    /** How long one frame takes, without its sending. */
    long draw(SplittableRandom random) {
      long time = latencyNanos + (jitterNanos == 0 ? 0 : random.nextLong(jitterNanos));
      while (loss > 0 && random.nextDouble() < loss) {
        time += RESEND_NANOS + 2 * latencyNanos;
      }
      return time;
    }
  }

  /** How far apart machines are. */
  interface Geography {
    /** The path from one machine to another. */
    Path between(SimTransport from, SimTransport to);
  }

  /** Within a room. */
  static final Path LAN = new Path(100_000, 50_000, 100e6, 0);

  /** How long a dial waits for an answer. */
  static final long DIAL_NANOS = 5_000_000_000L;

  private final Simulation simulation;
  private final SplittableRandom random;
  private final Map<String, SimTransport> listening = new HashMap<>();
  private final Set<SimLink> blocked = new LinkedHashSet<>();
  private final Map<SimTransport, Integer> islands = new HashMap<>();
  private Geography geography;
  private double extraLoss;
  private long bytes;

  SimNetwork(Simulation simulation, Geography geography) {
    this.simulation = simulation;
    this.random = simulation.random("network");
    this.geography = geography;
  }

  /** Machines in rooms all over the world: each draws a place, and light takes its time. */
  static Geography world(Simulation simulation, int places) {
    SplittableRandom random = simulation.random("places");
    double[][] at = new double[places][2];
    for (double[] place : at) {
      place[0] = random.nextDouble();
      place[1] = random.nextDouble();
    }
    Path[][] paths = new Path[places][places];
    for (int i = 0; i < places; i++) {
      for (int j = 0; j < places; j++) {
        double distance = Math.hypot(at[i][0] - at[j][0], at[i][1] - at[j][1]);
        // The far ends are 70 ms apart; home links carry 100 Mbit/s.
        paths[i][j] =
            distance == 0 ? LAN : new Path((long) (1e6 + distance * 50e6), 2_000_000, 12.5e6, 0);
      }
    }
    return (from, to) ->
        paths[Math.floorMod(from.number(), places)][Math.floorMod(to.number(), places)];
  }

  Simulation simulation() {
    return simulation;
  }

  SplittableRandom random() {
    return random;
  }

  Path path(SimTransport from, SimTransport to) {
    Path path = geography.between(from, to);
    return extraLoss == 0
        ? path
        : new Path(path.latencyNanos, path.jitterNanos, path.bytesPerSecond, path.loss + extraLoss);
  }

  /** Puts all machines elsewhere. */
  void geography(Geography other) {
    geography = other;
  }

  /** Loses so much more of all frames from now on. */
  void loss(double share) {
    extraLoss = share;
  }

  /** Counts a frame. */
  void carried(int size) {
    bytes += size;
  }

  /** Bytes of all frames so far. */
  long bytes() {
    return bytes;
  }

  void listen(SimTransport transport) {
    listening.put(key(transport.address()), transport);
  }

  @Nullable SimTransport at(PeerAddress address) {
    return listening.get(key(address));
  }

  private static String key(PeerAddress address) {
    return address.host() + ' ' + address.port();
  }

  /** Cuts some machines off from all that are not among them. */
  void separate(List<SimTransport> apart, int island) {
    for (SimTransport transport : apart) {
      islands.put(transport, island);
    }
    simulation.trace(null, "partition of " + apart.size());
  }

  /** Ends all partitions: what waited is sent again. */
  void heal() {
    islands.clear();
    simulation.trace(null, "heals");
    List<SimLink> waiting = List.copyOf(blocked);
    blocked.clear();
    waiting.forEach(SimLink::pump);
  }

  /** Whether nothing gets from one to the other at present. */
  boolean separated(SimTransport a, SimTransport b) {
    return !islands.isEmpty() && !islands.getOrDefault(a, 0).equals(islands.getOrDefault(b, 0));
  }

  /** Remembers a link's end whose frames wait for the end of a partition. */
  void block(SimLink end) {
    blocked.add(end);
  }
}
