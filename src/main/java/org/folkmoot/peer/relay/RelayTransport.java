package org.folkmoot.peer.relay;

import static org.folkmoot.wire.Message.Reason.BUSY;
import static org.folkmoot.wire.Message.Reason.MALFORMED;
import static org.folkmoot.wire.Message.Reason.NOT_HERE;
import static org.folkmoot.wire.Message.Reason.STOPPING;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.TokenBucket;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.RelayClose;
import org.folkmoot.wire.Message.RelayCredit;
import org.folkmoot.wire.Message.RelayData;
import org.folkmoot.wire.Message.RelayOffer;
import org.folkmoot.wire.Message.RelayOpen;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * Links through a third peer, for peers that nobody can dial. The third carries bytes of which it
 * understands nothing: the ends prove their keys to each other as on a direct link. If a {@link
 * Shortcut} succeeds meanwhile, the dialler gets that link instead.
 */
public final class RelayTransport implements PeerTransport, PeerNetwork.Listener {
  /** Circuits of one's own, opened or accepted: each may hold a frame that is not whole. */
  private static final int MAX_CIRCUITS = 64;

  /** Time to prove a key: three round trips through the relay, and a dial to it before. */
  private static final long HANDSHAKE_NANOS = 8_000_000_000L;

  /** How long a circuit that stands waits for the shortcut: a packet sent again, and its answer. */
  private static final long SHORTCUT_NANOS = 1_200_000_000L;

  /** Knocks at addresses that a relay names: bounds what it can have us send to strangers. */
  private static final int KNOCKS_AT_ONCE = 8;

  private static final double KNOCKS_PER_SECOND = 0.5;

  /** A link that is closed has so long to send what it has. */
  private static final long CLOSING_NANOS = 1_000_000_000L;

  /** Frames that come while the dialler still hopes for the shortcut: a hello and some gossip. */
  private static final int MAX_EARLY = 16;

  private record Key(PeerId relay, long number) {}

  private final Links links;
  private final Loop loop;
  private final CircuitGuard guard;
  private final @Nullable Acceptor acceptor;
  private final RandomGenerator random;
  private final TokenBucket knocks;
  private final Map<Key, Circuit> circuits = new LinkedHashMap<>();
  private @Nullable Shortcut shortcut;
  private boolean closed;

  /**
   * A transport that works as soon as it {@link Links#listen listens}.
   *
   * @param acceptor takes links that others open; null to refuse them
   */
  public RelayTransport(
      Links links, CircuitGuard guard, @Nullable Acceptor acceptor, RandomGenerator random) {
    this.links = links;
    this.guard = guard;
    this.acceptor = acceptor;
    this.random = random;
    loop = links.loop();
    knocks = new TokenBucket(KNOCKS_AT_ONCE, KNOCKS_PER_SECOND, loop.nanoTime());
  }

  /** Tries to do without the relay from now on. */
  public void shortcut(Shortcut way) {
    shortcut = way;
  }

  @Override
  public PeerAddress.Scheme scheme() {
    return PeerAddress.Scheme.RELAY;
  }

  @Override
  public int listenPort() {
    return 0;
  }

  /** The address of whoever is reached through a peer. */
  public static PeerAddress through(PeerId relay) {
    return new PeerAddress(PeerAddress.Scheme.RELAY, relay.text(), 0);
  }

  /** The peer through which an address of this kind leads; empty if it is none. */
  public static Optional<PeerId> relay(PeerAddress address) {
    try {
      return address.scheme() == PeerAddress.Scheme.RELAY
          ? Optional.of(PeerId.parse(address.host()))
          : Optional.empty();
    } catch (FolkmootException noPeer) {
      return Optional.empty();
    }
  }

  @Override
  public void dial(PeerAddress address, PeerId expected, Dialled result) {
    loop.execute(() -> {
      Optional<PeerId> relay =
          relay(address)
              .filter(peer -> !peer.equals(expected) && !peer.equals(links.self()))
              .filter(peer -> circuits.size() < MAX_CIRCUITS && !closed);
      if (relay.isEmpty()) {
        result.failed(address + " leads nowhere, or this node has as many circuits as it may");
        return;
      }
      long number = CircuitIds.draw(random, links.self(), relay.get());
      Attempt attempt = new Attempt(expected, result);
      Circuit circuit = add(new Key(relay.get(), number), expected, attempt);
      links.send(relay.get(), new RelayOpen(number, expected));
      circuit.begin(guard.dial(expected, circuit));
    });
  }

  private Circuit add(Key key, PeerId other, @Nullable Attempt attempt) {
    Circuit circuit = new Circuit(key, other, attempt);
    circuits.put(key, circuit);
    return circuit;
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case RelayOffer offer -> offered(new Key(from, offer.circuit()), offer);
      case RelayData data -> on(from, data.circuit(), circuit -> circuit.arrived(data.bytes()));
      case RelayCredit credit ->
          on(from, credit.circuit(), circuit -> circuit.outflow.credit(credit.bytes()));
      case RelayClose end ->
          on(
              from,
              end.circuit(),
              circuit ->
                  circuit.over(
                      "the relay ended the circuit: "
                          + end.reason().name().toLowerCase(Locale.ROOT)));
      default -> {
        // Not about circuits.
      }
    }
  }

  private void on(PeerId relay, long number, Consumer<Circuit> action) {
    Circuit circuit = circuits.get(new Key(relay, number));
    if (circuit != null) {
      action.accept(circuit);
    }
  }

  private void offered(Key key, RelayOffer offer) {
    Circuit ours = circuits.get(key);
    if (ours != null) {
      ours.stands(offer.observed());
      return;
    }
    Optional<Message.Reason> refusal =
        !CircuitIds.isOf(key.number, key.relay, links.self())
            ? Optional.of(MALFORMED)
            : acceptor == null
                ? Optional.of(NOT_HERE)
                : circuits.size() >= MAX_CIRCUITS || closed ? Optional.of(BUSY) : Optional.empty();
    if (refusal.isPresent()) {
      links.send(key.relay, new RelayClose(key.number, refusal.get()));
      return;
    }
    Shortcut way = shortcut;
    if (way != null && knocks.take(1, loop.nanoTime())) {
      offer.observed().ifPresent(way::knock);
    }
    Circuit circuit = add(key, offer.from(), null);
    circuit.begin(guard.accept(circuit));
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    for (Circuit circuit : List.copyOf(circuits.values())) {
      if (circuit.key.relay.equals(peer)) {
        circuit.over("the link to the relay is lost");
      }
    }
  }

  /** Circuits that there are now. */
  public int circuits() {
    return circuits.size();
  }

  @Override
  public void close() {
    loop.execute(() -> {
      closed = true;
      List.copyOf(circuits.values()).forEach(circuit -> circuit.close("this node stops"));
    });
  }

  /** A dial that may end in a circuit or in the shortcut, whichever is there first. */
  private final class Attempt {
    private final PeerId expected;
    private final Dialled result;
    private final AtomicBoolean decided = new AtomicBoolean();

    /** Whether the shortcut is still being tried. On the loop only, as what follows. */
    private boolean trying;

    private @Nullable Circuit circuit;
    private String why = "";

    Attempt(PeerId expected, Dialled result) {
      this.expected = expected;
      this.result = result;
    }

    void tryShortcut(Shortcut way, PeerAddress observed) {
      trying = true;
      way.dial(
          observed,
          expected,
          new Dialled() {
            @Override
            public Receiver connected(Link link) {
              if (decided.compareAndSet(false, true)) {
                loop.execute(Attempt.this::dropCircuit);
                return result.connected(link);
              }
              link.close("there is a link already");
              return new Unwanted();
            }

            @Override
            public void failed(String reason) {
              loop.execute(Attempt.this::noShortcut);
            }
          });
    }

    private void dropCircuit() {
      if (circuit != null) {
        circuit.over("there is a direct link");
      }
    }

    private void noShortcut() {
      trying = false;
      if (circuit == null) {
        circuitFailed(why);
      } else {
        settle(circuit);
      }
    }

    /** The circuit stands: it is the link, unless the shortcut may still become it. */
    void circuitStands(Circuit one) {
      circuit = one;
      if (trying) {
        loop.after(SHORTCUT_NANOS, () -> settle(one));
      } else {
        settle(one);
      }
    }

    private void settle(Circuit one) {
      if (circuit == one && decided.compareAndSet(false, true)) {
        one.taken(result.connected(one));
      }
    }

    void circuitFailed(String reason) {
      why = reason;
      circuit = null;
      if (!trying && decided.compareAndSet(false, true)) {
        result.failed(reason);
      }
    }
  }

  /** One end of a circuit. */
  private final class Circuit implements Link, CircuitGuard.End {
    private final Key key;
    private final PeerId other;
    private final @Nullable Attempt attempt;
    private final Outflow outflow;
    private final Inflow inflow;
    private final ArrayDeque<byte[]> early = new ArrayDeque<>();
    private CircuitGuard.@Nullable Session session;
    private @Nullable Receiver receiver;
    private boolean proved;
    private boolean over;
    private boolean closing;
    private volatile boolean usable = true;
    private Loop.Timer deadline = () -> {};

    Circuit(Key key, PeerId other, @Nullable Attempt attempt) {
      this.key = key;
      this.other = other;
      this.attempt = attempt;
      outflow =
          new Outflow(
              bytes -> links.send(key.relay, new RelayData(key.number, bytes)), this::flushed);
      inflow = new Inflow(bytes -> links.send(key.relay, new RelayCredit(key.number, bytes)));
    }

    void begin(CircuitGuard.Session guarding) {
      session = guarding;
      deadline =
          loop.after(
              HANDSHAKE_NANOS,
              () -> {
                if (!proved) {
                  hangUp("the other end did not prove its key in time");
                }
              });
    }

    /** The relay has connected us. */
    void stands(Optional<PeerAddress> observed) {
      Shortcut way = shortcut;
      if (attempt != null && way != null && observed.isPresent() && !attempt.trying && !proved) {
        attempt.tryShortcut(way, observed.get());
      }
    }

    void arrived(byte[] bytes) {
      if (session != null && !over) {
        session.received(bytes);
        if (!over) {
          inflow.took(bytes.length);
        }
      }
    }

    // ---- what the guard says

    @Override
    public void transmit(byte[] bytes) {
      if (!outflow.add(bytes)) {
        hangUp("the other side takes frames more slowly than they come");
      }
    }

    @Override
    public void proved(PeerId peer) {
      proved = true;
      deadline.cancel();
      if (!peer.equals(other)) {
        hangUp("the relay has connected us with another peer than it says");
      } else if (attempt != null) {
        attempt.circuitStands(this);
      } else if (acceptor != null) {
        taken(acceptor.accepted(this));
      }
    }

    void taken(Receiver taker) {
      receiver = taker;
      for (byte[] frame = early.poll(); frame != null; frame = early.poll()) {
        taker.frame(this, frame);
      }
      if (over) {
        taker.closed(this, "the circuit is over");
      }
    }

    @Override
    public void frame(byte[] frame) {
      if (receiver != null && !closing) {
        receiver.frame(this, frame);
      } else if (receiver == null && early.size() < MAX_EARLY) {
        early.add(frame);
      } else if (receiver == null) {
        hangUp("the other end says more than hello before it is answered");
      }
    }

    @Override
    public void broken(String why) {
      hangUp(why);
    }

    // ---- the end

    private void flushed() {
      if (closing) {
        hangUp("closed");
      }
    }

    /** Ends the circuit and tells the relay. */
    private void hangUp(String why) {
      if (!over && links.connected().contains(key.relay)) {
        links.send(key.relay, new RelayClose(key.number, STOPPING));
      }
      over(why);
    }

    /** The circuit is no more. */
    void over(String why) {
      if (over) {
        return;
      }
      over = true;
      usable = false;
      deadline.cancel();
      circuits.remove(key, this);
      // Later, for it may be the session itself that brings the end.
      loop.execute(() -> {
        if (session != null) {
          session.close();
        }
      });
      if (receiver != null) {
        receiver.closed(this, why);
      } else if (attempt != null) {
        attempt.circuitFailed(why);
      }
    }

    // ---- the link

    @Override
    public PeerId remote() {
      return other;
    }

    @Override
    public PeerAddress remoteAddress() {
      return through(key.relay);
    }

    @Override
    public boolean outgoing() {
      return attempt != null;
    }

    @Override
    public boolean send(byte[] frame) {
      if (usable) {
        loop.execute(() -> {
          if (session != null && !over) {
            session.send(frame);
          }
        });
      }
      return usable;
    }

    @Override
    public void close(String why) {
      usable = false;
      loop.execute(() -> {
        if (over || closing) {
          return;
        }
        closing = true;
        if (outflow.isEmpty()) {
          hangUp(why);
        } else {
          loop.after(CLOSING_NANOS, () -> hangUp(why));
        }
      });
    }
  }
}
