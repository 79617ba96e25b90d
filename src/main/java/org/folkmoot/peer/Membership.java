package org.folkmoot.peer;

import static org.folkmoot.wire.Message.Reason.LIMIT;
import static org.folkmoot.wire.Message.Reason.MALFORMED;
import static org.folkmoot.wire.Message.Reason.SWARM;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Gossip;
import org.folkmoot.wire.Message.GossipDigest;
import org.folkmoot.wire.Message.GossipWant;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedAnnouncement;
import org.folkmoot.wire.SwarmId;
import org.folkmoot.wire.WireException;
import org.jspecify.annotations.Nullable;

/**
 * Who is in the swarm and what they serve, as far as this peer has heard. Each peer signs an
 * announcement about itself, renews it before it runs out, and hands it to the peers it has links
 * to; they pass on at once what is news (rumour mongering), and all compare what they have with one
 * of their neighbours every few seconds (anti-entropy; Demers et al. 1987).
 *
 * <p>What one peer spends does not grow with the swarm beyond the size of its directory: what is
 * kept, compared, passed on and checked is all bounded.
 *
 * <p>All calls on the network's loop.
 */
public final class Membership {
  /** How long an announcement holds without being renewed: two renewals. */
  public static final int TTL_SECONDS = 240;

  /** How wrong a peer's clock may be. */
  public static final long MAX_SKEW_MILLIS = 600_000;

  /** Peers that are kept: enough to choose from, in a swarm of any size. */
  public static final int MAX_PEERS = 512;

  /** How often a peer may say something new, after a little at once: every ten seconds. */
  static final double NEWS_PER_SECOND = 0.1;

  private static final int NEWS_AT_ONCE = 5;

  /** How often we compare with somebody. */
  private static final long EXCHANGE_NANOS = 10_000_000_000L;

  /** Dials take no longer: one that failed says nothing about what was heard while it went on. */
  private static final long DIAL_NANOS = 5_000_000_000L;

  /** One comparison in so many is with a peer to whom there is no link, lest islands form. */
  private static final int STRANGER_EVERY = 8;

  /** Who gets our own announcement from us: as many as make it known everywhere soon. */
  private static final int DIRECT = 16;

  /** To how many news is passed on: three reach almost everybody. */
  private static final int FANOUT = 3;

  /** News is what was said in the last half minute; the rest comes by comparing. */
  private static final long NEWS_MILLIS = 30_000;

  /** News that is passed on at once, and in a second from then on: 2 kB to three neighbours. */
  private static final int PASSED_AT_ONCE = 60;

  private static final double PASSED_PER_SECOND = 2;

  /** Told what happens, on the loop. */
  public interface Listener {
    /** The {@link #view} is another. */
    default void changed() {}

    /** A peer broke the rules: better to have no link to it for a while. */
    default void misbehaved(PeerId peer, Message.Reason reason) {}
  }

  /**
   * A peer of the swarm.
   *
   * @param connected whether there is a link to it
   * @param heardNanos when its announcement came, by the loop's clock
   */
  public record Member(Announcement announcement, boolean connected, long heardNanos) {
    /** Which peer. */
    public PeerId peer() {
      return announcement.peer();
    }
  }

  private final PeerNetwork network;
  private final Loop loop;
  private final PeerId self;
  private final SwarmId swarm;
  private final Verifier verifier;
  private final RandomGenerator random;
  private final Herald herald;
  private final Directory directory;
  private final Comparison comparison;
  private final Neighbours neighbours;
  private final NavigableSet<PeerId> links = new TreeSet<>();
  private final List<Listener> listeners = new ArrayList<>();
  private final TokenBucket newsPace;
  private boolean running;
  private Loop.Timer exchange = () -> {};
  private @Nullable List<Member> view;

  /** A membership that is not yet {@link #start started}. */
  public Membership(
      PeerNetwork network,
      SwarmId swarm,
      Signer signer,
      Verifier verifier,
      RandomGenerator random) {
    this.network = network;
    this.swarm = swarm;
    this.verifier = verifier;
    this.random = random;
    loop = network.loop();
    self = signer.peerId();
    herald = new Herald(loop, swarm, signer, random, this::publish);
    directory = new Directory(MAX_PEERS, random, links::contains);
    comparison = new Comparison(directory, self, random);
    neighbours = new Neighbours(loop::nanoTime);
    newsPace = new TokenBucket(PASSED_AT_ONCE, PASSED_PER_SECOND, loop.nanoTime());
  }

  /** Adds a listener. */
  public void listen(Listener listener) {
    listeners.add(listener);
  }

  /** Begins to announce and to listen. */
  public void start() {
    running = true;
    network.listen(
        new PeerNetwork.Listener() {
          @Override
          public void received(PeerId from, Message message) {
            if (running && !from.equals(self)) {
              Membership.this.received(from, message);
            }
          }

          @Override
          public void connected(PeerId peer) {
            if (running) {
              Membership.this.connected(peer);
            }
          }

          @Override
          public void lost(PeerId peer, Message.Reason reason) {
            if (running) {
              Membership.this.lost(peer);
            }
          }
        });
    herald.start();
    scheduleExchange();
    List.copyOf(network.connected()).forEach(this::connected);
  }

  /** Says what we serve from now on; told to others soon if it differs much. */
  public void offer(List<Offer> offers) {
    herald.offer(offers);
  }

  /** Says what the operator declares to do beyond computing: a policy by its hash. */
  public void declare(Optional<Hash32> policy) {
    herald.declare(policy);
  }

  /** Says where we can be reached from now on, best first. */
  public void addresses(List<PeerAddress> addresses) {
    herald.addresses(addresses);
  }

  /** Tells others that we are going, and falls silent. */
  public void leave() {
    if (running) {
      herald.leave();
      stop();
    }
  }

  /** Falls silent without a word. */
  public void stop() {
    running = false;
    herald.stop();
    exchange.cancel();
  }

  /**
   * The peers that are there as far as is known, without ourselves: heard of lately and not since
   * found to be out of reach.
   */
  public List<Member> view() {
    List<Member> members = view;
    if (members == null) {
      long now = loop.nanoTime();
      members = new ArrayList<>();
      for (Directory.Entry entry : directory.entries()) {
        if (!entry.lost() && entry.expiresNanos - now > 0) {
          boolean connected = links.contains(entry.announcement.peer());
          members.add(new Member(entry.announcement, connected, entry.heardNanos));
        }
      }
      members = List.copyOf(members);
      view = members;
    }
    return members;
  }

  /** Whether a peer is a member, or was lately. */
  public boolean knows(PeerId peer) {
    return directory.sequence(peer).isPresent();
  }

  /** What we say about ourselves; empty before the start. */
  public Optional<Announcement> own() {
    return herald.said();
  }

  private void publish(SignedAnnouncement own) {
    for (PeerId peer : some(DIRECT, self, self)) {
      network.send(peer, new Gossip(List.of(own)));
    }
  }

  // ---- what comes

  private void received(PeerId from, Message message) {
    switch (message) {
      case Gossip gossip when neighbours.listenedTo(from) -> take(from, gossip);
      case GossipDigest digest when neighbours.listenedTo(from) -> compare(from, digest);
      case GossipWant want when neighbours.listenedTo(from) -> give(from, want.peers());
      default -> {
        // Not about membership, or from one who is not listened to.
        return;
      }
    }
  }

  private void take(PeerId from, Gossip gossip) {
    boolean changed = false;
    for (SignedAnnouncement signed : gossip.announcements()) {
      try {
        changed |= take(from, signed);
      } catch (WireException fault) {
        neighbours.ignore(from);
        listeners.forEach(listener -> listener.misbehaved(from, fault.reason()));
        break;
      }
    }
    if (changed) {
      changed();
    }
    if (gossip.announcements().size() == Limits.MAX_GOSSIP
        && neighbours.listenedTo(from)
        && neighbours.again(from)) {
      network.send(from, comparison.digest(herald.sequence()));
    }
  }

  /**
   * Takes in an announcement; says whether that changes the view.
   *
   * @throws WireException if no honest peer would have sent it: all check what they pass on
   */
  private boolean take(PeerId from, SignedAnnouncement signed) throws WireException {
    if (!neighbours.mayTake(from)) {
      throw new WireException(LIMIT, "more announcements than an honest peer sends");
    }
    Announcement announcement = MessageCodec.announcement(signed.body());
    if (!announcement.swarm().equals(swarm)) {
      throw new WireException(SWARM, "an announcement of another swarm");
    }
    if (!worthChecking(announcement)) {
      return false;
    }
    byte[] message = SignedAnnouncement.signedBytes(signed.body());
    if (!verifier.verify(announcement.peer(), message, signed.signature())) {
      throw new WireException(MALFORMED, "an announcement whose signature does not hold");
    }
    if (announcement.peer().equals(self)) {
      herald.outdo(announcement.sequence());
      return false;
    }
    return hear(from, signed, announcement);
  }

  /** What is old, of the future or long past is not worth a signature check, nor is it a fault. */
  private boolean worthChecking(Announcement announcement) {
    OptionalLong known =
        announcement.peer().equals(self)
            ? OptionalLong.of(herald.sequence())
            : directory.sequence(announcement.peer());
    return (known.isEmpty() || announcement.sequence() > known.getAsLong())
        && announcement.sequence() <= loop.clockMillis() + MAX_SKEW_MILLIS
        && remainingMillis(announcement) > 0;
  }

  /** It holds from when it is first heard, but not beyond its own date, as clocks may differ. */
  private long remainingMillis(Announcement announcement) {
    long ttl = 1000L * Math.min(TTL_SECONDS, announcement.ttlSeconds());
    return Math.min(
        Math.max(1, ttl), announcement.sequence() + ttl + MAX_SKEW_MILLIS - loop.clockMillis());
  }

  /** Takes in an announcement that is newer and genuine. */
  private boolean hear(PeerId from, SignedAnnouncement signed, Announcement announcement) {
    PeerId peer = announcement.peer();
    Directory.Entry before = directory.get(peer);
    boolean unheard = directory.sequence(peer).isEmpty();
    long now = loop.nanoTime();
    TokenBucket pace =
        before == null ? new TokenBucket(NEWS_AT_ONCE, NEWS_PER_SECOND, now) : before.pace;
    if (!pace.take(1, now)) {
      return false;
    }
    if (announcement.ttlSeconds() == 0) {
      directory.bury(peer, announcement.sequence());
      passOn(from, signed, announcement);
      return before != null;
    }
    long behind = loop.clockMillis() - announcement.sequence();
    long skew = from.equals(peer) ? behind : before == null ? 0 : before.skewMillis;
    long expires = now + 1_000_000 * remainingMillis(announcement);
    Directory.Entry entry = new Directory.Entry(signed, announcement, now, expires, skew, pace);
    if (before != null && before.lost() && announcement.sequence() + skew < before.lostMillis) {
      // It was said before the peer was lost, and came the long way round.
      entry.lostMillis = before.lostMillis;
    }
    Optional<PeerId> out = directory.put(entry);
    if (out.isPresent() && out.get().equals(peer)) {
      return false;
    }
    if (!announcement.addresses().isEmpty()) {
      network.know(peer, announcement.addresses());
    }
    if (unheard
        || (before != null
            && Changes.material(before.announcement.offers(), announcement.offers()))) {
      passOn(from, signed, announcement);
    }
    return true;
  }

  private void passOn(PeerId from, SignedAnnouncement signed, Announcement announcement) {
    boolean news = loop.clockMillis() - announcement.sequence() < NEWS_MILLIS;
    if (news && newsPace.take(1, loop.nanoTime())) {
      for (PeerId peer : some(FANOUT, from, announcement.peer())) {
        network.send(peer, new Gossip(List.of(signed)));
      }
    }
  }

  /** Some of the peers to whom there is a link, but not these two. */
  private List<PeerId> some(int most, PeerId not, PeerId nor) {
    List<PeerId> linked = new ArrayList<>(links);
    linked.removeAll(List.of(not, nor));
    Collections.shuffle(linked, Random.from(random));
    return linked.subList(0, Math.min(most, linked.size()));
  }

  // ---- comparing

  private void scheduleExchange() {
    long next = (long) (EXCHANGE_NANOS * (0.75 + 0.5 * random.nextDouble()));
    exchange =
        loop.after(
            next,
            () -> {
              scheduleExchange();
              if (!directory.expire(loop.nanoTime()).isEmpty()) {
                changed();
              }
              exchange();
            });
  }

  private void exchange() {
    List<PeerId> partner = some(1, self, self);
    if (partner.isEmpty() || random.nextInt(STRANGER_EVERY) == 0) {
      partner = directory.any().filter(this::reachable).map(List::of).orElse(partner);
    }
    partner.forEach(this::beginComparing);
  }

  private boolean reachable(PeerId peer) {
    Directory.Entry entry = directory.get(peer);
    return entry != null && !entry.lost() && !entry.announcement.addresses().isEmpty();
  }

  private void beginComparing(PeerId peer) {
    neighbours.begin(peer);
    network.send(peer, comparison.digest(herald.sequence()));
  }

  private void compare(PeerId from, GossipDigest digest) {
    if (neighbours.mayCompare(from)) {
      give(from, comparison.theyLack(digest, herald.sequence()));
      List<PeerId> wanted = comparison.weLack(digest);
      if (!wanted.isEmpty()) {
        network.send(from, new GossipWant(wanted));
      }
    }
  }

  private void give(PeerId to, List<PeerId> peers) {
    List<SignedAnnouncement> given = new ArrayList<>();
    for (PeerId peer : peers) {
      Optional<SignedAnnouncement> signed =
          peer.equals(self)
              ? herald.signed()
              : Optional.ofNullable(directory.get(peer))
                  .filter(entry -> !entry.lost())
                  .map(entry -> entry.signed);
      if (signed.isPresent() && given.size() < Limits.MAX_GOSSIP && neighbours.mayGive(to)) {
        given.add(signed.get());
      }
    }
    if (!given.isEmpty()) {
      network.send(to, new Gossip(given));
    }
  }

  // ---- links

  private void connected(PeerId peer) {
    links.add(peer);
    Directory.Entry entry = directory.get(peer);
    if (entry != null) {
      entry.lostMillis = 0;
    }
    changed();
    herald.signed().ifPresent(own -> network.send(peer, new Gossip(List.of(own))));
    beginComparing(peer);
  }

  private void lost(PeerId peer) {
    boolean dialled = !links.remove(peer);
    Directory.Entry entry = directory.get(peer);
    boolean heardMeanwhile =
        dialled && entry != null && loop.nanoTime() - entry.heardNanos < DIAL_NANOS;
    if (entry != null && !heardMeanwhile) {
      entry.lostMillis = loop.clockMillis();
    }
    changed();
  }

  private void changed() {
    view = null;
    listeners.forEach(Listener::changed);
  }
}
