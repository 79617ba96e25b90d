package org.folkmoot.route;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;

/**
 * Who serves which units of a model and how fast, for {@link Placement} to try moves on. Rates are
 * whole numbers, so that what is added and taken away again leaves no trace.
 */
final class Crowd {
  /** Rates are in thousandths of a token a second. */
  private static final double MILLI = 1000;

  /** Keeps sums of boasts from overflowing. */
  private static final long MOST_RATE = 1L << 40;

  /** A span as units. */
  record Window(int from, int to) {}

  /** A peer: its pace in milli-layers per second, and the weight that it can hold. */
  private record Placed(PeerId peer, long pace, long room, Window window) {}

  private final Units units;
  private final List<Placed> peers;
  private final long[] rates;

  private Crowd(Units units, List<Placed> peers, long[] rates) {
    this.units = units;
    this.peers = peers;
    this.rates = rates;
  }

  static Crowd of(SwarmView view, ModelSize size) {
    Units units = size.units();
    Estimates estimates = Estimates.of(view);
    Crowd crowd = new Crowd(units, new ArrayList<>(), new long[units.count()]);
    for (PeerOffer peer : view.peers()) {
      LayerRange range = peer.offer().range();
      Window window = new Window(units.from(range), units.to(range));
      if (!peer.measured().banned()
          && peer.offer().modelLayers() == size.layers()
          && window.to > window.from) {
        long pace = Math.min(MOST_RATE, Math.round(MILLI * estimates.layersPerSecond(peer)));
        // What others could hold is not known; they hold what they hold.
        long room = units.weight(window.from, window.to);
        crowd.peers.add(new Placed(peer.peer(), pace, room, window));
        crowd.add(crowd.peers.getLast(), 1);
      }
    }
    return crowd;
  }

  Crowd copy() {
    return new Crowd(units, new ArrayList<>(peers), rates.clone());
  }

  int size() {
    return peers.size();
  }

  int indexOf(PeerId peer) {
    for (int i = 0; i < peers.size(); i++) {
      if (peers.get(i).peer.equals(peer)) {
        return i;
      }
    }
    return -1;
  }

  Window window(int i) {
    return peers.get(i).window;
  }

  LayerRange range(Window window) {
    return units.range(window.from, window.to);
  }

  /** The weight that so many layers have. */
  long room(double layers) {
    return (long) Math.floor(Math.max(0, Math.min(layers, 1e6)) * Units.PER_LAYER);
  }

  long roomOf(int i) {
    return peers.get(i).room;
  }

  void setRoom(int i, long room) {
    Placed placed = peers.get(i);
    peers.set(i, new Placed(placed.peer, placed.pace, room, placed.window));
  }

  void place(int i, Window window) {
    Placed placed = peers.get(i);
    add(placed, -1);
    Placed moved = new Placed(placed.peer, placed.pace, placed.room, window);
    add(moved, 1);
    peers.set(i, moved);
  }

  void remove(int i) {
    add(peers.remove(i), -1);
  }

  private void add(Placed placed, int sign) {
    Window window = placed.window;
    int layers = Math.min(window.to, units.layers() + 1) - Math.max(window.from, 1);
    long rate = Math.max(1, placed.pace / Math.max(1, layers));
    for (int unit = window.from; unit < window.to; unit++) {
      rates[unit] += sign * rate;
    }
  }

  int covered() {
    return (int) Arrays.stream(rates).filter(rate -> rate > 0).count();
  }

  boolean complete() {
    return covered() == rates.length;
  }

  /** The rate of what is served worst. */
  long least() {
    return Arrays.stream(rates).min().orElse(0);
  }

  /** The window that is served worst of those that fit into a room. */
  Optional<Window> worst(long room) {
    Window best = null;
    long[] bestRates = {};
    for (int from = 0; from < units.count(); from++) {
      int to = reach(from, room);
      if (to > from) {
        long[] sorted = Arrays.copyOfRange(rates, from, to);
        Arrays.sort(sorted);
        if (best == null || worse(sorted, bestRates)) {
          best = new Window(from, to);
          bestRates = sorted;
        }
      }
    }
    return Optional.ofNullable(best);
  }

  /**
   * Windows at the ends are shorter, for the ends take room: they are compared as far as both go,
   * and the first of equals stays. So whoever comes to an empty model begins at its beginning.
   */
  private static boolean worse(long[] a, long[] b) {
    int both = Math.min(a.length, b.length);
    return Arrays.compare(a, 0, both, b, 0, both) < 0;
  }

  /**
   * How far a window from here can reach; not beyond its beginning if there can be none: without
   * the embedding before layer 0, without the head behind the last layer, or without any layer.
   */
  private int reach(int from, long room) {
    if (from == 1) {
      return from;
    }
    int to = from;
    while (to < units.count() && units.weight(from, to + 1) <= room) {
      to++;
    }
    if (to == units.count() - 1) {
      to--;
    }
    boolean layer = Math.min(to, units.layers() + 1) > Math.max(from, 1);
    return layer ? to : from;
  }

  /**
   * Where a peer would serve more, if its leaving uncovers nothing and the rates of all units,
   * compared from the least on, become greater by its move.
   */
  Optional<Window> improvement(int i) {
    Placed placed = peers.get(i);
    add(placed, -1);
    Optional<Window> target = least() == 0 ? Optional.empty() : worst(placed.room);
    add(placed, 1);
    if (target.isEmpty() || target.get().equals(placed.window)) {
      return Optional.empty();
    }
    long[] before = rates.clone();
    place(i, target.get());
    long[] after = rates.clone();
    place(i, placed.window);
    Arrays.sort(before);
    Arrays.sort(after);
    return target.filter(_ -> Arrays.compare(after, before) > 0);
  }

  /**
   * The same peers side by side in the order in which they stand, so that all is covered; those who
   * are not needed for it stay. Empty if they can hold too little.
   */
  Optional<Crowd> tiled() {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < peers.size(); i++) {
      order.add(i);
    }
    order.sort(
        Comparator.comparingInt((Integer i) -> window(i).from)
            .thenComparing(i -> peers.get(i).peer));
    Crowd tiled = copy();
    int at = 0;
    for (int i : order) {
      if (at == units.count()) {
        break;
      }
      int from = backFromEnd(at, roomOf(i));
      int to = reach(from, roomOf(i));
      if (to > at) {
        tiled.place(i, new Window(from, to));
        at = to;
      }
    }
    return tiled.complete() ? Optional.of(tiled) : Optional.empty();
  }

  /** A window from here on; earlier if it would have room left at the end. */
  private int backFromEnd(int from, long room) {
    int earliest = from;
    while (earliest > 0 && units.weight(earliest - 1, units.count()) <= room) {
      earliest--;
    }
    return earliest == 1 ? Math.min(from, 2) : earliest;
  }
}
