package org.folkmoot.peer.relay;

import static org.folkmoot.wire.Message.Reason.BUSY;
import static org.folkmoot.wire.Message.Reason.MALFORMED;
import static org.folkmoot.wire.Message.Reason.NOT_HERE;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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

  /** Knocks at addresses that a relay names: bounds what it can have us send to strangers. */
  private static final int KNOCKS_AT_ONCE = 8;

  private static final double KNOCKS_PER_SECOND = 0.5;

  private final Links links;
  private final Loop loop;
  private final CircuitGuard guard;
  private final @Nullable Acceptor acceptor;
  private final RandomGenerator random;
  private final TokenBucket knocks;
  private final Map<Circuit.Key, Circuit> circuits = new LinkedHashMap<>();
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
      RelayDial dial = new RelayDial(loop, expected, result);
      Circuit circuit = add(new Circuit.Key(relay.get(), number), expected, dial);
      links.send(relay.get(), new RelayOpen(number, expected));
      circuit.begin(guard.dial(expected, circuit));
    });
  }

  private Circuit add(Circuit.Key key, PeerId other, @Nullable RelayDial dial) {
    Circuit circuit = new Circuit(links, key, other, dial, acceptor, this::gone);
    circuits.put(key, circuit);
    return circuit;
  }

  private void gone(Circuit circuit) {
    circuits.remove(circuit.key(), circuit);
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case RelayOffer offer -> offered(new Circuit.Key(from, offer.circuit()), offer);
      case RelayData data -> on(from, data.circuit(), circuit -> circuit.arrived(data.bytes()));
      case RelayCredit credit ->
          on(from, credit.circuit(), circuit -> circuit.credit(credit.bytes()));
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
    Circuit circuit = circuits.get(new Circuit.Key(relay, number));
    if (circuit != null) {
      action.accept(circuit);
    }
  }

  private void offered(Circuit.Key key, RelayOffer offer) {
    Circuit ours = circuits.get(key);
    if (ours != null) {
      ours.stands(shortcut, offer.observed());
      return;
    }
    Optional<Message.Reason> refusal =
        !CircuitIds.isOf(key.number(), key.relay(), links.self())
            ? Optional.of(MALFORMED)
            : acceptor == null
                ? Optional.of(NOT_HERE)
                : circuits.size() >= MAX_CIRCUITS || closed ? Optional.of(BUSY) : Optional.empty();
    if (refusal.isPresent()) {
      links.send(key.relay(), new RelayClose(key.number(), refusal.get()));
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
      if (circuit.key().relay().equals(peer)) {
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
}
