package org.folkmoot.peer;

import static org.folkmoot.testing.VirtualTime.SECOND;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.testing.VirtualTime;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;

/** A swarm in one process and in virtual time, on links that carry messages after a delay. */
final class VirtualSwarm {
  static final SwarmId SWARM = new SwarmId(Hash32.of(new byte[32]));
  static final ModelId MODEL = new ModelId(Hash32.of(new byte[32]));
  static final int LAYERS = 32;

  /** How long a link that broke, or a dial to nobody, takes to be noticed. */
  private static final long NOTICED = SECOND;

  private static final long LATENCY = SECOND / 50;

  final VirtualTime time = new VirtualTime();
  final Random random;
  final List<Node> nodes = new ArrayList<>();
  private final Map<PeerAddress, Node> byAddress = new HashMap<>();

  /** Whether one can reach the other. */
  BiPredicate<Node, Node> reachable = (_, _) -> true;

  VirtualSwarm(long seed) {
    random = new Random(seed);
  }

  static Offer offer(int from, int to) {
    return new Offer(
        MODEL,
        "test:1b",
        LAYERS,
        1000,
        Hash32.of(new byte[32]),
        new LayerRange(from == 0, from, to, to == LAYERS),
        500,
        0,
        4096);
  }

  Node add() {
    return add(0);
  }

  Node add(long skewMillis) {
    int i = nodes.size();
    PeerAddress address =
        new PeerAddress(
            PeerAddress.Scheme.QUIC, "10.%d.%d.%d".formatted(i >> 16, i >> 8 & 255, i & 255), 7410);
    Node node = new Node(FakeKeys.id(random), address, time.loop(skewMillis), new PeerBook());
    nodes.add(node);
    byAddress.put(address, node);
    return node;
  }

  /** The same peer again, with nothing but its book. */
  Node restart(Node old) {
    Node node = new Node(old.id, old.address, old.loop, copy(old.book));
    nodes.set(nodes.indexOf(old), node);
    byAddress.put(node.address, node);
    return node;
  }

  private static PeerBook copy(PeerBook book) {
    PeerBook copy = new PeerBook();
    book.entries().forEach(copy::put);
    return copy;
  }

  /** Cuts the links between those who cannot reach each other. */
  void cut() {
    for (Node one : nodes) {
      for (Node other : List.copyOf(one.links.values())) {
        if (!reachable.test(one, other)) {
          one.unlink(other.id);
          other.unlink(one.id);
        }
      }
    }
  }

  List<Node> alive() {
    return nodes.stream().filter(node -> node.up).toList();
  }

  /** A peer with what this package gives it. */
  final class Node implements PeerNetwork {
    final PeerId id;
    final PeerAddress address;
    final Loop loop;
    final Membership membership;
    final Rendezvous rendezvous;
    final List<PeerId> misbehaved = new ArrayList<>();
    final PeerBook book;
    int dials;
    boolean up = true;
    long bytesSent;
    long messagesSent;
    private final List<Listener> listeners = new ArrayList<>();
    private final Map<PeerId, Node> links = new TreeMap<>();
    private final Map<PeerId, List<PeerAddress>> known = new HashMap<>();
    private final Map<PeerId, List<Message>> waiting = new LinkedHashMap<>();

    private Node(PeerId id, PeerAddress address, Loop loop, PeerBook book) {
      this.book = book;
      this.id = id;
      this.address = address;
      this.loop = loop;
      membership =
          new Membership(
              this, SWARM, FakeKeys.signer(id), FakeKeys.VERIFIER, new Random(random.nextLong()));
      membership.addresses(List.of(address));
      membership.listen(
          new Membership.Listener() {
            @Override
            public void misbehaved(PeerId peer, Message.Reason reason) {
              misbehaved.add(peer);
            }
          });
      rendezvous = new Rendezvous(this, membership, book, _ -> {}, new Random(random.nextLong()));
    }

    void start(List<Offer> offers, List<Node> contacts) {
      membership.offer(offers);
      membership.start();
      rendezvous.introduce(
          contacts.stream()
              .map(node -> new Message.Contact(node.id, List.of(node.address)))
              .toList());
      rendezvous.start();
    }

    /** Ends without a word. */
    void crash() {
      up = false;
      membership.stop();
      rendezvous.stop();
      Set<Node> others = new LinkedHashSet<>(links.values());
      links.clear();
      others.forEach(other -> time.after(NOTICED, () -> other.unlink(id)));
    }

    void unlink(PeerId peer) {
      if (links.remove(peer) != null && up) {
        tell(listener -> listener.lost(peer, Message.Reason.UNREACHABLE));
      }
    }

    Set<PeerId> seen() {
      Set<PeerId> peers = new TreeSet<>();
      membership.view().forEach(member -> peers.add(member.peer()));
      return peers;
    }

    void tell(Consumer<Listener> news) {
      List.copyOf(listeners).forEach(news);
    }

    @Override
    public PeerId self() {
      return id;
    }

    @Override
    public Loop loop() {
      return loop;
    }

    @Override
    public void listen(Listener listener) {
      listeners.add(listener);
    }

    @Override
    public void ignore(Listener listener) {
      listeners.remove(listener);
    }

    @Override
    public void watch(PeerId peer) {}

    @Override
    public void unwatch(PeerId peer) {}

    @Override
    public void hint(PeerId peer, List<PeerAddress> addresses) {
      known.putIfAbsent(peer, addresses);
    }

    @Override
    public void know(PeerId peer, List<PeerAddress> addresses) {
      known.put(peer, addresses);
    }

    @Override
    public void send(PeerId to, Message message) {
      if (!up) {
        return;
      }
      Node other = links.get(to);
      if (other == null) {
        waiting.computeIfAbsent(to, _ -> new ArrayList<>()).add(message);
        dial(to);
      } else {
        deliver(other, message);
      }
    }

    private void deliver(Node other, Message message) {
      bytesSent += MessageCodec.encode(message).length;
      messagesSent++;
      time.after(
          LATENCY,
          () -> {
            if (other.up && other.links.containsKey(id)) {
              other.tell(listener -> listener.received(id, message));
            }
          });
    }

    @Override
    public void connect(PeerId peer) {
      if (up && !links.containsKey(peer)) {
        waiting.computeIfAbsent(peer, _ -> new ArrayList<>());
        dial(peer);
      }
    }

    private void dial(PeerId peer) {
      dials++;
      Node other =
          known.getOrDefault(peer, List.of()).stream()
              .map(byAddress::get)
              .filter(node -> node != null && node.id.equals(peer))
              .findFirst()
              .orElse(null);
      time.after(
          2 * LATENCY,
          () -> {
            if (up && other != null && other.up && reachable.test(this, other)) {
              link(other);
            } else {
              time.after(NOTICED, () -> failed(peer));
            }
          });
    }

    private void failed(PeerId peer) {
      if (up && !links.containsKey(peer) && waiting.remove(peer) != null) {
        tell(listener -> listener.lost(peer, Message.Reason.UNREACHABLE));
      }
    }

    private void link(Node other) {
      if (links.putIfAbsent(other.id, other) == null) {
        other.links.put(id, this);
        tell(listener -> listener.connected(other.id));
        other.tell(listener -> listener.connected(id));
      }
      List<Message> queued = waiting.remove(other.id);
      if (queued != null) {
        queued.forEach(message -> deliver(other, message));
      }
      List<Message> theirs = other.waiting.remove(id);
      if (theirs != null) {
        theirs.forEach(message -> other.deliver(this, message));
      }
    }

    @Override
    public Set<PeerId> connected() {
      return links.keySet();
    }

    @Override
    public OptionalLong roundTripNanos(PeerId peer) {
      return links.containsKey(peer) ? OptionalLong.of(2 * LATENCY) : OptionalLong.empty();
    }
  }
}
