package org.folkmoot.ledger.credit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * Who would serve whom, and for how much: an edge from u to v is what v owes u or grants it. Work
 * of v for u is settled along paths from u to v; what no path covers is a new debt of u to v.
 *
 * <p>Whatever peers in a set tell of each other, the edges that leave the set do not grow by it:
 * settling moves along edges, and a debt is owed to who has worked. So a set of colluders is served
 * on credit for no more than it was granted from outside and has worked for outside.
 *
 * <p>For one thread. Paths are found by breadth, shortest first, peers in order: the same works in
 * the same order give the same graph everywhere.
 */
public final class CreditGraph {
  /**
   * Edges of one peer: beyond, the least that it owes is forgotten, and of those what is owed to
   * it.
   */
  public static final int MAX_EDGES_OF_A_PEER = 256;

  /** Peers that are known; further ones stay strangers. */
  public static final int MAX_PEERS = 8192;

  /** Edges, each counted in both directions: some ten megabytes. */
  public static final int MAX_EDGES = 1 << 17;

  /** Edges of a path: whoever knows nobody nearer is a stranger. */
  static final int MAX_PATH = 4;

  /** Paths of one settlement or question; what more would give is not worth the time. */
  static final int MAX_PATHS = 64;

  /** Between two peers, both sides together: no sum of a peer's edges overflows. */
  static final long MAX_CAPACITY = 1L << 40;

  private final Map<PeerId, TreeMap<PeerId, Long>> edges = new TreeMap<>();
  private int count;

  /** A graph of strangers. */
  public CreditGraph() {}

  /** What {@code to} owes or grants {@code from}. */
  public long capacity(PeerId from, PeerId to) {
    TreeMap<PeerId, Long> out = edges.get(from);
    return out == null ? 0 : out.getOrDefault(to, 0L);
  }

  /** Number of peers. */
  public int peers() {
    return edges.size();
  }

  /** The edges of a peer, whom it may ask for how much. */
  public Map<PeerId, Long> edges(PeerId from) {
    return Collections.unmodifiableMap(edges.getOrDefault(from, new TreeMap<>()));
  }

  /** Number of edges, each direction counted. */
  public int size() {
    return count;
  }

  /** Told of each edge, peers in order. */
  void each(EdgeVisitor visitor) {
    edges.forEach((from, out) -> out.forEach((to, amount) -> visitor.edge(from, to, amount)));
  }

  /** Takes an edge. */
  interface EdgeVisitor {
    /** What {@code to} owes or grants {@code from}. */
    void edge(PeerId from, PeerId to, long amount);
  }

  /** Puts back an edge that {@link #each} told of; whether there is room and sense in it. */
  boolean restore(PeerId from, PeerId to, long amount) {
    if (from.equals(to)
        || amount < 0
        || amount > MAX_CAPACITY - capacity(to, from)
        || !hasRoom(from, to)) {
      return false;
    }
    change(from, to, amount - capacity(from, to));
    return true;
  }

  /** Lets a peer be served on trust. */
  public void grant(PeerId from, PeerId by, long amount) {
    // As little as can be: trust takes the place of edges on which nothing is left, of no debt.
    makeRoom(by, from, 0, 1);
    makeRoom(from, by, 0, 1);
    put(from, by, amount);
  }

  /** Takes back what is left of trust. */
  void revoke(PeerId from, PeerId by, long amount) {
    long left = capacity(from, by);
    if (left > 0) {
      change(from, by, -Math.min(left, amount));
    }
  }

  /** Forgets all that is between two peers. */
  private void sever(PeerId one, PeerId other) {
    remove(one, other);
    remove(other, one);
  }

  private void remove(PeerId from, PeerId to) {
    TreeMap<PeerId, Long> out = edges.get(from);
    if (out != null && out.remove(to) != null) {
      count--;
      if (out.isEmpty()) {
        edges.remove(from);
      }
    }
  }

  private void add(PeerId from, PeerId to, long amount) {
    if (from.equals(to) || amount <= 0) {
      return;
    }
    makeRoom(to, from, amount, 0);
    makeRoom(from, to, 0, amount);
    put(from, to, amount);
  }

  private void put(PeerId from, PeerId to, long amount) {
    if (from.equals(to) || !hasRoom(from, to) || !hasRoom(to, from)) {
      return;
    }
    // Settling moves between the two sides, so it is their sum that is bounded.
    long room = MAX_CAPACITY - capacity(from, to) - capacity(to, from);
    change(from, to, Math.min(amount, room));
    // The other side of the edge has a place, too, so that it can be settled back.
    change(to, from, 0);
  }

  /** Where a peer's edges are full, drops the least of them if the new one is more. */
  private void makeRoom(PeerId peer, PeerId other, long owes, long owed) {
    TreeMap<PeerId, Long> out = edges.get(peer);
    if (out == null || out.size() < MAX_EDGES_OF_A_PEER || out.containsKey(other)) {
      return;
    }
    PeerId least = other;
    long leastOwes = owes;
    long leastOwed = owed;
    for (Map.Entry<PeerId, Long> edge : out.entrySet()) {
      long back = capacity(edge.getKey(), peer);
      if (back < leastOwes || (back == leastOwes && edge.getValue() < leastOwed)) {
        least = edge.getKey();
        leastOwes = back;
        leastOwed = edge.getValue();
      }
    }
    if (!least.equals(other)) {
      sever(peer, least);
    }
  }

  private boolean hasRoom(PeerId from, PeerId to) {
    TreeMap<PeerId, Long> out = edges.get(from);
    if (out != null && out.containsKey(to)) {
      return true;
    }
    return count < MAX_EDGES - 1
        && (out == null ? edges.size() < MAX_PEERS - 1 : out.size() < MAX_EDGES_OF_A_PEER);
  }

  /** The asker was served: settles what is owed, and notes the rest as a debt. */
  public void served(PeerId asker, PeerId server, long amount) {
    if (asker.equals(server) || amount <= 0) {
      return;
    }
    long most = Math.min(amount, MAX_CAPACITY);
    add(server, asker, most - push(asker, server, most, new ArrayList<>()));
  }

  /**
   * The greatest flow from an asker to a server, as far as short paths have it.
   *
   * @param most what is asked for: more is not looked for
   */
  public long flow(PeerId asker, PeerId server, long most) {
    if (asker.equals(server)) {
      return most;
    }
    List<Moved> moved = new ArrayList<>();
    long found = push(asker, server, most, moved);
    moved.reversed().forEach(one -> move(one.path.reversed(), one.amount));
    return found;
  }

  private record Moved(List<PeerId> path, long amount) {}

  private long push(PeerId asker, PeerId server, long most, List<Moved> moved) {
    long found = 0;
    while (found < most && moved.size() < MAX_PATHS) {
      List<PeerId> path = path(asker, server);
      if (path == null) {
        break;
      }
      long amount = Math.min(most - found, width(path));
      move(path, amount);
      moved.add(new Moved(path, amount));
      found += amount;
    }
    return found;
  }

  private long width(List<PeerId> path) {
    long width = Long.MAX_VALUE;
    for (int i = 1; i < path.size(); i++) {
      width = Math.min(width, capacity(path.get(i - 1), path.get(i)));
    }
    return width;
  }

  /** Moves along a path: what is used in one direction can be asked for in the other. */
  private void move(List<PeerId> path, long amount) {
    for (int i = 1; i < path.size(); i++) {
      change(path.get(i - 1), path.get(i), -amount);
      change(path.get(i), path.get(i - 1), amount);
    }
  }

  private void change(PeerId from, PeerId to, long by) {
    TreeMap<PeerId, Long> out = edges.computeIfAbsent(from, _ -> new TreeMap<>());
    int before = out.size();
    out.merge(to, by, Long::sum);
    count += out.size() - before;
  }

  /** The shortest path with room on all edges, both ends included. */
  private @Nullable List<PeerId> path(PeerId from, PeerId to) {
    Map<PeerId, PeerId> before = new HashMap<>();
    Deque<PeerId> border = new ArrayDeque<>(List.of(from));
    before.put(from, from);
    for (int length = 1; length <= MAX_PATH && !border.isEmpty(); length++) {
      for (int left = border.size(); left > 0; left--) {
        PeerId at = border.remove();
        for (Map.Entry<PeerId, Long> edge : edges.getOrDefault(at, new TreeMap<>()).entrySet()) {
          if (edge.getValue() > 0 && before.putIfAbsent(edge.getKey(), at) == null) {
            if (edge.getKey().equals(to)) {
              return trace(before, from, to);
            }
            border.add(edge.getKey());
          }
        }
      }
    }
    return null;
  }

  private static List<PeerId> trace(Map<PeerId, PeerId> before, PeerId from, PeerId to) {
    List<PeerId> path = new ArrayList<>(List.of(to));
    while (!path.getLast().equals(from)) {
      path.add(before.get(path.getLast()));
    }
    return path.reversed();
  }
}
