package org.folkmoot.peer;

import static org.folkmoot.wire.Message.Reason.DUPLICATE;
import static org.folkmoot.wire.Message.Reason.STOPPING;
import static org.folkmoot.wire.Message.Reason.UNREACHABLE;

import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.jspecify.annotations.Nullable;

/**
 * The links of a node: dials peers when there is something to say, introduces itself, keeps one
 * link for each peer, measures round trips, and notices when a peer is gone or silent.
 *
 * <p>A dialled link counts only once the other side's {@link Message.Hello} has come: before that,
 * it may be about to refuse us.
 */
public final class Links implements PeerNetwork, AutoCloseable {
  /** Peers whose addresses are remembered for those who only have a key. */
  private static final int MAX_KNOWN = 4096;

  /** Most addresses that others see us at: two transports at a home that changes its address. */
  private static final int MAX_OBSERVED = 8;

  private final Loop loop;
  private final PeerId self;
  private final SwarmId swarm;
  private final String software;
  private final LinkSettings settings;
  private final Map<PeerAddress.Scheme, PeerTransport> transports =
      new EnumMap<>(PeerAddress.Scheme.class);
  private final Map<PeerAddress.Scheme, Supplier<Optional<PeerTransport>>> makers =
      new EnumMap<>(PeerAddress.Scheme.class);
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final Map<PeerId, PeerLink> live = new HashMap<>();

  /** A copy of its keys, made when somebody asks. */
  private @Nullable Set<PeerId> linked;

  private final Map<PeerId, Dial> dials = new HashMap<>();

  /** Links of others that we have taken and that are not introduced yet. */
  private final Map<PeerId, PeerLink> answered = new HashMap<>();

  private final Map<PeerId, Integer> watched = new HashMap<>();
  private final Map<PeerId, List<PeerAddress>> known = new Bounded<>(MAX_KNOWN);
  private final LinkedHashSet<PeerAddress> observed = new LinkedHashSet<>();
  private final Misfits misfits = new Misfits();
  private boolean closed;

  /**
   * Links without transports yet.
   *
   * @param software name and version, for people
   */
  public Links(Loop loop, PeerId self, SwarmId swarm, String software, LinkSettings settings) {
    this.loop = loop;
    this.self = self;
    this.swarm = swarm;
    this.software = software;
    this.settings = settings;
  }

  /** Adds a way to dial. */
  public void add(PeerTransport transport) {
    transports.put(transport.scheme(), transport);
  }

  /**
   * Adds a way to dial that is made when it is first needed: it may take a while, and most commands
   * never do.
   *
   * @param maker gives empty if this machine cannot have it
   */
  public void addLater(PeerAddress.Scheme scheme, Supplier<Optional<PeerTransport>> maker) {
    makers.put(scheme, maker);
  }

  /** How to dial addresses of a kind; null if this machine cannot. */
  @Nullable PeerTransport transport(PeerAddress.Scheme scheme) {
    Supplier<Optional<PeerTransport>> maker = makers.remove(scheme);
    if (maker != null && !transports.containsKey(scheme)) {
      maker.get().ifPresent(this::add);
    }
    return transports.get(scheme);
  }

  /** Takes the links that others dial. */
  public PeerTransport.Acceptor acceptor() {
    return link -> {
      PeerLink peer = new PeerLink(this, link);
      loop.execute(peer::introduce);
      return peer;
    };
  }

  @Override
  public PeerId self() {
    return self;
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
  public void know(PeerId peer, List<PeerAddress> addresses) {
    if (!addresses.isEmpty() && !peer.equals(self)) {
      known.put(peer, List.copyOf(addresses));
    }
  }

  @Override
  public void hint(PeerId peer, List<PeerAddress> addresses) {
    if (addresses(peer).isEmpty()) {
      know(peer, addresses);
    }
  }

  /** Where a peer may be found, as far as known. */
  public List<PeerAddress> addresses(PeerId peer) {
    return known.getOrDefault(peer, List.of());
  }

  /** Where others say that they see us, latest last. */
  public List<PeerAddress> observed() {
    return List.copyOf(observed);
  }

  /** What keeps us from peers that answer, a line for each, for a person; empty if all is well. */
  public List<String> misfits() {
    return misfits.lines();
  }

  /** Where we see a peer; empty without a link. */
  public Optional<PeerAddress> remoteAddress(PeerId peer) {
    return Optional.ofNullable(live.get(peer)).map(PeerLink::remoteAddress);
  }

  @Override
  public void send(PeerId to, Message message) {
    if (closed) {
      return;
    }
    if (to.equals(self)) {
      loop.execute(() -> tell(self, message));
      return;
    }
    PeerLink link = live.get(to);
    if (link != null) {
      link.send(message);
      return;
    }
    dialling(to).send(message);
  }

  @Override
  public void connect(PeerId peer) {
    if (!closed && !peer.equals(self) && !live.containsKey(peer)) {
      dialling(peer);
    }
  }

  private Dial dialling(PeerId peer) {
    Dial dial = dials.get(peer);
    if (dial == null) {
      dial = new Dial(this, peer);
      dials.put(peer, dial);
      dial.begin();
    }
    return dial;
  }

  @Override
  public Set<PeerId> connected() {
    Set<PeerId> now = linked;
    if (now == null) {
      now = Collections.unmodifiableSet(new LinkedHashSet<>(live.keySet()));
      linked = now;
    }
    return now;
  }

  @Override
  public OptionalLong roundTripNanos(PeerId peer) {
    if (peer.equals(self)) {
      return OptionalLong.of(0);
    }
    PeerLink link = live.get(peer);
    return link == null || link.roundTrip() == 0
        ? OptionalLong.empty()
        : OptionalLong.of(link.roundTrip());
  }

  @Override
  public void watch(PeerId peer) {
    boolean first = watched.merge(peer, 1, Integer::sum) == 1;
    PeerLink link = live.get(peer);
    Dial dial = dials.get(peer);
    if (link != null && first) {
      link.ping();
    } else if (dial != null) {
      dial.hasten();
    }
  }

  @Override
  public void unwatch(PeerId peer) {
    watched.computeIfPresent(peer, (_, count) -> count == 1 ? null : count - 1);
  }

  /** Ends the link to a peer that cannot be trusted. */
  public void drop(PeerId peer, Message.Reason reason, String text) {
    PeerLink link = live.get(peer);
    if (link != null) {
      link.end(reason, text);
    }
  }

  // ---- for dials and links

  LinkSettings settings() {
    return settings;
  }

  SwarmId swarm() {
    return swarm;
  }

  String software() {
    return software;
  }

  boolean isClosed() {
    return closed;
  }

  boolean isWatched(PeerId peer) {
    return watched.containsKey(peer);
  }

  /** At which port we listen, for the other side of a link; 0 if nowhere. */
  int listenPort(PeerAddress.Scheme scheme) {
    PeerTransport transport = transports.get(scheme);
    return transport == null ? 0 : transport.listenPort();
  }

  /** The dial under way to a peer. */
  @Nullable Dial dial(PeerId peer) {
    return dials.get(peer);
  }

  /** A dial is over. Gives whether it was under way. */
  boolean forget(Dial dial, PeerId peer) {
    return dials.remove(peer, dial);
  }

  /** The link to a peer. */
  @Nullable PeerLink live(PeerId peer) {
    return live.get(peer);
  }

  /** The peer's link to us that we have taken and that is not introduced yet. */
  @Nullable PeerLink answered(PeerId peer) {
    return answered.get(peer);
  }

  /** We have taken a link that its peer made. */
  void answered(PeerLink link) {
    answered.put(link.peer(), link);
  }

  /** Both sides of a link are introduced: it is the one to its peer from now on. */
  void established(PeerLink link) {
    PeerId peer = link.peer();
    answered.remove(peer, link);
    PeerLink before = live.put(peer, link);
    linked = null;
    if (before != null) {
      // Nobody who has a link makes another: what was under way on the old one is lost.
      before.finish(DUPLICATE, "there is a newer link");
      tellLost(peer, UNREACHABLE);
    }
    Dial dial = dials.get(peer);
    if (dial != null) {
      dial.succeed(link);
    }
    listeners.forEach(listener -> listener.connected(peer));
  }

  /** A peer of our swarm has said what time it has. */
  void met(PeerId peer, long clockMillis) {
    misfits.met(peer, clockMillis - loop.clockMillis());
  }

  /** A link is over. */
  void ended(PeerLink link, boolean introduced, Message.Reason reason) {
    PeerId peer = link.peer();
    if (link.outgoing()) {
      misfits.ended(peer, reason);
    }
    answered.remove(peer, link);
    if (live.remove(peer, link)) {
      linked = null;
      tellLost(peer, reason);
    } else if (!introduced) {
      Dial dial = dials.get(peer);
      if (dial != null) {
        dial.ended(link, reason);
      }
    }
  }

  /** Others say that they see us there. */
  void observe(PeerAddress address) {
    observed.addLast(address);
    if (observed.size() > MAX_OBSERVED) {
      observed.removeFirst();
    }
  }

  void tell(PeerId from, Message message) {
    for (Listener listener : listeners) {
      listener.received(from, message);
    }
  }

  void tellLost(PeerId peer, Message.Reason reason) {
    for (Listener listener : listeners) {
      listener.lost(peer, reason);
    }
  }

  /** Says goodbye to all. On the loop; twice is harmless. */
  public void leave() {
    if (closed) {
      return;
    }
    closed = true;
    for (PeerLink link : List.copyOf(live.values())) {
      link.end(STOPPING, "the peer stops");
    }
    for (Dial dial : List.copyOf(dials.values())) {
      dial.fail();
    }
  }

  /**
   * Closes the transports, which waits for their threads. After {@link #leave}, for all but those
   * who have no other threads.
   */
  @Override
  public void close() {
    leave();
    transports.values().forEach(PeerTransport::close);
  }
}
