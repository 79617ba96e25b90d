package org.folkmoot.peer.relay;

import static org.folkmoot.wire.Message.Reason.BUSY;
import static org.folkmoot.wire.Message.Reason.LIMIT;
import static org.folkmoot.wire.Message.Reason.MALFORMED;
import static org.folkmoot.wire.Message.Reason.SILENT;
import static org.folkmoot.wire.Message.Reason.STOPPING;
import static org.folkmoot.wire.Message.Reason.UNREACHABLE;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.TokenBucket;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.RelayClose;
import org.folkmoot.wire.Message.RelayCredit;
import org.folkmoot.wire.Message.RelayData;
import org.folkmoot.wire.Message.RelayOffer;
import org.folkmoot.wire.Message.RelayOpen;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * Carries bytes between peers of the swarm that both have a direct link to this one. It holds
 * nothing back: what is under way is bounded by credit, and the pace is kept by passing on credit
 * no faster. On the loop only.
 */
public final class Relay implements PeerNetwork.Listener {
  /** Circuits that one peer may ask for: some at once, one a second from then on. */
  private static final int OPENS_AT_ONCE = 8;

  private static final double OPENS_PER_SECOND = 1;

  private static final int MAX_OPENERS = 1024;

  /** Credit that is passed on at a time, so that the pace is even. */
  private static final int MAX_PAID = Limits.RELAY_WINDOW / 4;

  /** How often idle circuits are looked for. */
  private static final long LOOK_NANOS = 5_000_000_000L;

  /** One end of a circuit: a peer, and the circuit's number on its link. */
  private record End(PeerId peer, long circuit) {}

  /** One direction of a circuit, towards an end. */
  private final class Way {
    private final End to;
    private final Pace pace;

    /** Bytes sent to it that it has not credited. */
    private int underWay;

    /** Bytes credited by the other end that it has not been told of. */
    private int owed;

    private Loop.Timer paying = () -> {};

    Way(End to) {
      this.to = to;
      pace = new Pace(limits.bytesPerSecond(), loop.nanoTime());
    }
  }

  private final class Circuit {
    private final Way toOpener;
    private final Way toTarget;
    private long carried;
    private long lastNanos = loop.nanoTime();

    Circuit(End opener, End target) {
      toOpener = new Way(opener);
      toTarget = new Way(target);
    }

    Way towards(End end) {
      return toOpener.to.equals(end) ? toOpener : toTarget;
    }

    Way awayFrom(End end) {
      return toOpener.to.equals(end) ? toTarget : toOpener;
    }
  }

  private final Links links;
  private final Loop loop;
  private final PeerId self;
  private final RelayLimits limits;
  private final RandomGenerator random;
  private final Pace total;
  private final Map<End, Circuit> circuits = new LinkedHashMap<>();
  private final Map<PeerId, TokenBucket> opens = new Bounded<>(MAX_OPENERS);
  private Loop.Timer look = () -> {};
  private boolean looking;

  /** A relay that works as soon as it {@link Links#listen listens}. */
  public Relay(Links links, RelayLimits limits, RandomGenerator random) {
    this.links = links;
    this.limits = limits;
    this.random = random;
    loop = links.loop();
    self = links.self();
    total = new Pace(limits.totalBytesPerSecond(), loop.nanoTime());
  }

  /** Circuits that there are now. */
  public int circuits() {
    return circuits.size() / 2;
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case RelayOpen open -> open(new End(from, open.circuit()), open.target());
      case RelayData data -> carry(new End(from, data.circuit()), data.bytes());
      case RelayCredit credit -> credit(new End(from, credit.circuit()), credit.bytes());
      case RelayClose end -> closedBy(new End(from, end.circuit()), end.reason());
      default -> {
        // Not about circuits.
      }
    }
  }

  private void open(End opener, PeerId target) {
    Optional<Message.Reason> refusal = refusal(opener, target);
    if (refusal.isPresent()) {
      links.send(opener.peer, new RelayClose(opener.circuit, refusal.get()));
      return;
    }
    End end = new End(target, CircuitIds.draw(random, self, target));
    Circuit circuit = new Circuit(opener, end);
    circuits.put(opener, circuit);
    circuits.put(end, circuit);
    links.send(target, new RelayOffer(end.circuit, opener.peer, observed(opener.peer)));
    links.send(opener.peer, new RelayOffer(opener.circuit, target, observed(target)));
    if (!looking) {
      looking = true;
      look();
    }
  }

  private Optional<Message.Reason> refusal(End opener, PeerId target) {
    if (!CircuitIds.isOf(opener.circuit, opener.peer, self)
        || circuits.containsKey(opener)
        || target.equals(opener.peer)
        || target.equals(self)) {
      return Optional.of(MALFORMED);
    }
    if (!direct(opener.peer) || !direct(target)) {
      return Optional.of(UNREACHABLE);
    }
    boolean soon =
        !opens
            .computeIfAbsent(
                opener.peer, _ -> new TokenBucket(OPENS_AT_ONCE, OPENS_PER_SECOND, loop.nanoTime()))
            .take(1, loop.nanoTime());
    int byOpener = 0;
    int toTarget = 0;
    for (Map.Entry<End, Circuit> each : circuits.entrySet()) {
      byOpener +=
          each.getValue().toOpener.to.equals(each.getKey())
                  && each.getKey().peer.equals(opener.peer)
              ? 1
              : 0;
      toTarget +=
          each.getValue().toTarget.to.equals(each.getKey()) && each.getKey().peer.equals(target)
              ? 1
              : 0;
    }
    boolean full =
        circuits() >= limits.circuits()
            || byOpener >= limits.perOpener()
            || toTarget >= limits.perTarget();
    return soon || full ? Optional.of(BUSY) : Optional.empty();
  }

  /** Whether a peer has a link to us that needs no relay: no circuit goes through two. */
  private boolean direct(PeerId peer) {
    return links
        .remoteAddress(peer)
        .filter(at -> at.scheme() != PeerAddress.Scheme.RELAY)
        .isPresent();
  }

  private Optional<PeerAddress> observed(PeerId peer) {
    return links.remoteAddress(peer).filter(at -> at.scheme() == PeerAddress.Scheme.QUIC);
  }

  private void carry(End from, byte[] bytes) {
    Circuit circuit = circuits.get(from);
    if (circuit == null) {
      return;
    }
    Way way = circuit.awayFrom(from);
    way.underWay += bytes.length;
    circuit.carried += bytes.length;
    circuit.lastNanos = loop.nanoTime();
    if (bytes.length == 0 || way.underWay > Limits.RELAY_WINDOW) {
      close(circuit, MALFORMED);
    } else if (circuit.carried > limits.circuitBytes()) {
      close(circuit, LIMIT);
    } else {
      links.send(way.to.peer, new RelayData(way.to.circuit, bytes));
    }
  }

  private void credit(End from, int bytes) {
    Circuit circuit = circuits.get(from);
    if (circuit == null) {
      return;
    }
    Way way = circuit.towards(from);
    Way back = circuit.awayFrom(from);
    if (bytes + back.owed > way.underWay) {
      close(circuit, MALFORMED);
      return;
    }
    boolean waiting = back.owed > 0;
    back.owed += bytes;
    if (!waiting) {
      pay(circuit, way, back);
    }
  }

  /** Tells an end what the other has taken, when the pace allows. */
  private void pay(Circuit circuit, Way taken, Way back) {
    int bytes = Math.min(back.owed, MAX_PAID);
    long now = loop.nanoTime();
    long wait = Math.max(taken.pace.book(bytes, now), total.book(bytes, now));
    Runnable payment =
        () -> {
          taken.underWay -= bytes;
          back.owed -= bytes;
          links.send(back.to.peer, new RelayCredit(back.to.circuit, bytes));
          if (back.owed > 0) {
            pay(circuit, taken, back);
          }
        };
    if (wait == 0) {
      payment.run();
    } else {
      back.paying = loop.after(wait, payment);
    }
  }

  private void closedBy(End from, Message.Reason reason) {
    Circuit circuit = circuits.get(from);
    if (circuit != null) {
      forget(circuit);
      End other = circuit.awayFrom(from).to;
      links.send(other.peer, new RelayClose(other.circuit, reason));
    }
  }

  private void close(Circuit circuit, Message.Reason reason) {
    forget(circuit);
    for (Way way : List.of(circuit.toOpener, circuit.toTarget)) {
      if (links.connected().contains(way.to.peer)) {
        links.send(way.to.peer, new RelayClose(way.to.circuit, reason));
      }
    }
  }

  private void forget(Circuit circuit) {
    for (Way way : List.of(circuit.toOpener, circuit.toTarget)) {
      way.paying.cancel();
      circuits.remove(way.to);
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    List.copyOf(circuits.entrySet()).stream()
        .filter(each -> each.getKey().peer.equals(peer))
        .forEach(each -> close(each.getValue(), UNREACHABLE));
  }

  private void look() {
    long idle = limits.idle().toNanos();
    long now = loop.nanoTime();
    List.copyOf(circuits.values()).stream()
        .filter(circuit -> now - circuit.lastNanos >= idle)
        .distinct()
        .forEach(circuit -> close(circuit, SILENT));
    looking = !circuits.isEmpty();
    if (looking) {
      look = loop.after(LOOK_NANOS, this::look);
    }
  }

  /** Ends all circuits. */
  public void close() {
    look.cancel();
    List.copyOf(circuits.values()).stream().distinct().forEach(circuit -> close(circuit, STOPPING));
  }
}
