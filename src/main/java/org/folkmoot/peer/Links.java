package org.folkmoot.peer;

import static org.folkmoot.wire.Message.Reason.DUPLICATE;
import static org.folkmoot.wire.Message.Reason.MALFORMED;
import static org.folkmoot.wire.Message.Reason.SILENT;
import static org.folkmoot.wire.Message.Reason.STOPPING;
import static org.folkmoot.wire.Message.Reason.SWARM;
import static org.folkmoot.wire.Message.Reason.UNREACHABLE;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
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
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.folkmoot.wire.WireException;
import org.jspecify.annotations.Nullable;

/**
 * The links of a node: dials peers when there is something to say, introduces itself, keeps one
 * link for each peer, measures round trips, and notices when a peer is gone or silent.
 *
 * <p>A dialled link counts only once the other side's {@link Message.Hello} has come: before that,
 * it may be about to refuse us.
 */
public final class Links implements PeerNetwork, AutoCloseable {
  /** Messages that wait for a link to be made: a session's opening and its prompt in parts. */
  private static final int MAX_WAITING = 64;

  /** Peers whose addresses are remembered for those who only have a key. */
  private static final int MAX_KNOWN = 4096;

  /** How long a peer's own link waits for ours: as long as most dials take. */
  private static final long PARKING_NANOS = 1_000_000_000;

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

  private @Nullable PeerTransport transport(PeerAddress.Scheme scheme) {
    Supplier<Optional<PeerTransport>> maker = makers.remove(scheme);
    if (maker != null && !transports.containsKey(scheme)) {
      maker.get().ifPresent(this::add);
    }
    return transports.get(scheme);
  }

  /** Takes the links that others dial. */
  public PeerTransport.Acceptor acceptor() {
    return link -> {
      PeerLink peer = new PeerLink(link);
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

  /** Where we see a peer; empty without a link. */
  public Optional<PeerAddress> remoteAddress(PeerId peer) {
    return Optional.ofNullable(live.get(peer)).map(one -> one.link.remoteAddress());
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
    Dial dial = dialling(to);
    if (dial.waiting.size() < MAX_WAITING) {
      dial.waiting.add(message);
    } else {
      dial.fail();
    }
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
      dial = new Dial(peer);
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
    return link == null || link.roundTrip == 0
        ? OptionalLong.empty()
        : OptionalLong.of(link.roundTrip);
  }

  @Override
  public void watch(PeerId peer) {
    if (watched.merge(peer, 1, Integer::sum) == 1) {
      PeerLink link = live.get(peer);
      if (link != null) {
        link.ping();
      }
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

  private void tell(PeerId from, Message message) {
    for (Listener listener : listeners) {
      listener.received(from, message);
    }
  }

  private void tellLost(PeerId peer, Message.Reason reason) {
    for (Listener listener : listeners) {
      listener.lost(peer, reason);
    }
  }

  /** Says goodbye to all and closes the transports. */
  @Override
  public void close() {
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
    transports.values().forEach(PeerTransport::close);
  }

  /** The wish for a link to a peer: tries its addresses one after the other. */
  private final class Dial {
    private final PeerId peer;
    private final Deque<Message> waiting = new ArrayDeque<>();
    private final Deque<PeerAddress> untried = new ArrayDeque<>();

    /** The link that was made and not yet answered. */
    private @Nullable PeerLink made;

    /** The peer's own link to us, which waits for what becomes of ours. */
    private @Nullable PeerLink parked;

    /** The peer's own link to us, if that is the one to wait for. */
    private @Nullable PeerLink yieldedTo;

    private Loop.@Nullable Timer deadline;

    Dial(PeerId peer) {
      this.peer = peer;
    }

    void begin() {
      deadline = loop.after(settings.dialWithin().toNanos(), this::fail);
      yieldedTo = answered.get(peer);
      // Later, for a caller that is told of the failure before its call returns is easily confused.
      loop.execute(this::tryAll);
    }

    private void tryAll() {
      untried.clear();
      untried.addAll(addresses(peer));
      tryNext();
    }

    private boolean isOver() {
      return dials.get(peer) != this;
    }

    void tryNext() {
      if (isOver() || yieldedTo != null || made != null) {
        return;
      }
      PeerAddress address = untried.poll();
      if (address == null) {
        if (!giveWay()) {
          fail();
        }
        return;
      }
      PeerTransport transport = transport(address.scheme());
      if (transport == null) {
        tryNext();
        return;
      }
      transport.dial(
          address,
          peer,
          new PeerTransport.Dialled() {
            @Override
            public PeerTransport.Receiver connected(PeerTransport.Link link) {
              PeerLink ours = new PeerLink(link);
              loop.execute(() -> connectedBy(ours));
              return ours;
            }

            @Override
            public void failed(String why) {
              loop.execute(Dial.this::tryNext);
            }
          });
    }

    private void connectedBy(PeerLink link) {
      if (isOver() || yieldedTo != null || made != null) {
        link.end(DUPLICATE, "there is a link already");
        return;
      }
      made = link;
      if (parked != null) {
        parked.end(DUPLICATE, "there is a link already");
        parked = null;
      }
      link.introduce();
    }

    /** Lets the peer's own link wait for a moment for what becomes of ours. */
    void park(PeerLink link) {
      if (parked != null) {
        parked.end(DUPLICATE, "there is a newer link");
      }
      parked = link;
      loop.after(
          PARKING_NANOS,
          () -> {
            if (parked == link) {
              giveWay();
            }
          });
    }

    /** Takes the peer's own link, if there is one, in place of ours. */
    private boolean giveWay() {
      PeerLink other = parked;
      parked = null;
      if (other == null || other.over) {
        return false;
      }
      yieldedTo = other;
      other.answer();
      return true;
    }

    /** A link came to nothing. */
    void ended(PeerLink link, Message.Reason reason) {
      if (made == link) {
        made = null;
      } else if (yieldedTo == link) {
        yieldedTo = null;
      } else {
        return;
      }
      if (reason == DUPLICATE) {
        // The other side knows of a link that we do not have yet, or not any more.
        loop.after(PARKING_NANOS, this::tryAll);
      } else {
        tryNext();
      }
    }

    void fail() {
      if (over()) {
        tellLost(peer, UNREACHABLE);
      }
    }

    boolean over() {
      if (deadline != null) {
        deadline.cancel();
      }
      boolean wasOpen = dials.remove(peer, this);
      if (parked != null) {
        parked.end(DUPLICATE, "there is a link already");
      }
      return wasOpen;
    }
  }

  /** One link and what we know of it. */
  private final class PeerLink implements PeerTransport.Receiver {
    private final PeerTransport.Link link;
    private final PeerId peer;
    private boolean introduced;
    private Message.@Nullable Hello early;
    private boolean over;
    private long lastHeard;
    private long pingNonce;
    private long pingSent;
    private boolean pingOpen;
    private long roundTrip;
    private Loop.@Nullable Timer timer;

    PeerLink(PeerTransport.Link link) {
      this.link = link;
      this.peer = link.remote();
    }

    /** The first thing that happens to a link. */
    void introduce() {
      if (over) {
        return;
      }
      if (closed) {
        end(STOPPING, "the peer stops");
        return;
      }
      lastHeard = loop.nanoTime();
      timer =
          loop.after(
              settings.helloWithin().toNanos(),
              () -> {
                if (!introduced) {
                  end(SILENT, "no hello came");
                }
              });
      if (link.outgoing() || peer.compareTo(self) < 0) {
        answer();
      } else {
        decide();
      }
    }

    /**
     * Both sides may dial at the same time. Then the smaller key decides which link is kept, by not
     * answering on the other: nothing is ever sent on a link that is given up.
     */
    private void decide() {
      Dial dial = dials.get(peer);
      PeerLink other = live.get(peer);
      if (dial != null && dial.made != null) {
        end(DUPLICATE, "there is a link already");
      } else if (dial != null && dial.yieldedTo == null) {
        dial.park(this);
      } else if (other != null && other.link.outgoing()) {
        // The other side dialled before it heard of it; or it has lost it, which shows soon.
        other.ping();
        end(DUPLICATE, "there is a link already");
      } else {
        answer();
        if (dial != null) {
          dial.yieldedTo = this;
        }
      }
    }

    /** Introduces ourselves. To a link that the other side made this says that we take it. */
    void answer() {
      if (!link.outgoing()) {
        answered.put(peer, this);
      }
      PeerTransport transport = transports.get(link.remoteAddress().scheme());
      send(
          new Message.Hello(
              swarm,
              software,
              Optional.of(link.remoteAddress()),
              transport == null ? 0 : transport.listenPort(),
              loop.clockMillis()));
      if (early != null) {
        hello(early);
      }
    }

    void send(Message message) {
      if (!over && !link.send(MessageCodec.encode(message))) {
        loop.execute(() -> gone(UNREACHABLE));
      }
    }

    @Override
    public void frame(PeerTransport.Link from, byte[] frame) {
      Message message;
      try {
        message = MessageCodec.decode(frame);
      } catch (WireException bad) {
        loop.execute(() -> end(bad.reason(), String.valueOf(bad.getMessage())));
        return;
      }
      loop.execute(() -> received(message));
    }

    @Override
    public void closed(PeerTransport.Link from, String why) {
      loop.execute(() -> gone(UNREACHABLE));
    }

    private void received(Message message) {
      if (over) {
        return;
      }
      lastHeard = loop.nanoTime();
      switch (message) {
        case Message.Hello hello -> hello(hello);
        case Message.Goodbye goodbye -> {
          link.close("the other side said goodbye");
          gone(goodbye.reason());
        }
        case Message _ when !introduced -> end(MALFORMED, "no hello came first");
        case Message.Ping ping -> send(new Message.Pong(ping.nonce()));
        case Message.Pong pong -> pong(pong);
        case Message other -> tell(peer, other);
      }
    }

    private void hello(Message.Hello hello) {
      if (introduced) {
        end(MALFORMED, "two hellos");
        return;
      }
      if (!hello.swarm().equals(swarm)) {
        end(SWARM, "this peer belongs to another swarm: join with an invite of its members");
        return;
      }
      if (!link.outgoing() && answered.get(peer) != this) {
        early = hello;
        return;
      }
      introduced = true;
      answered.remove(peer, this);
      hello.observed().ifPresent(Links.this::observe);
      PeerLink before = live.put(peer, this);
      linked = null;
      if (before != null) {
        // Nobody who has a link makes another: what was under way on the old one is lost.
        before.finish(DUPLICATE, "there is a newer link");
        tellLost(peer, UNREACHABLE);
      }
      Dial dial = dials.get(peer);
      if (dial != null && dial.over()) {
        dial.waiting.forEach(this::send);
      }
      listeners.forEach(listener -> listener.connected(peer));
      ping();
    }

    private void pong(Message.Pong pong) {
      if (pingOpen && pong.nonce() == pingNonce) {
        pingOpen = false;
        long sample = Math.max(1, loop.nanoTime() - pingSent);
        // A queue only ever adds to a round trip, so a shorter sample counts at once.
        roundTrip = roundTrip == 0 ? sample : Math.min(sample, (7 * roundTrip + sample) / 8);
      }
    }

    void ping() {
      if (over || live.get(peer) != this) {
        return;
      }
      if (timer != null) {
        timer.cancel();
      }
      long now = loop.nanoTime();
      if (pingOpen && now - Math.max(lastHeard, pingSent) > settings.silentAfter().toNanos()) {
        end(SILENT, "nothing came for too long");
        return;
      }
      if (!pingOpen) {
        pingOpen = true;
        pingSent = now;
        send(new Message.Ping(++pingNonce));
      }
      boolean busy = watched.containsKey(peer);
      long next = (busy ? settings.pingEvery() : settings.idlePingEvery()).toNanos();
      timer = loop.after(Math.min(next, settings.silentAfter().toNanos()), this::ping);
    }

    void end(Message.Reason reason, String text) {
      if (finish(reason, text)) {
        forget(reason);
      }
    }

    private boolean finish(Message.Reason reason, String text) {
      if (over) {
        return false;
      }
      send(new Message.Goodbye(reason, text));
      over = true;
      if (timer != null) {
        timer.cancel();
      }
      link.close(text);
      return true;
    }

    private void gone(Message.Reason reason) {
      if (over) {
        return;
      }
      over = true;
      if (timer != null) {
        timer.cancel();
      }
      forget(reason);
    }

    private void forget(Message.Reason reason) {
      answered.remove(peer, this);
      if (live.remove(peer, this)) {
        linked = null;
        tellLost(peer, reason);
      } else if (!introduced) {
        Dial dial = dials.get(peer);
        if (dial != null) {
          dial.ended(this, reason);
        }
      }
    }
  }

  /** Most addresses that others see us at: two transports at a home that changes its address. */
  private static final int MAX_OBSERVED = 8;

  private void observe(PeerAddress address) {
    observed.addLast(address);
    if (observed.size() > MAX_OBSERVED) {
      observed.removeFirst();
    }
  }
}
